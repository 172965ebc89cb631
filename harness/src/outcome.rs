//! The result of a tuning, as `--format json` prints it: fields may be added, never renamed or removed.

use std::collections::BTreeMap;

use gingham_machine::{Ceilings, Machine};
use serde::{Deserialize, Serialize};

use crate::combination::{Combination, ExecutorKind};
use crate::search::{Strategy, model};
use crate::stats;
use crate::workload::Workload;

/// The name of this form.
pub const SCHEMA: &str = "gingham.tune/1";

/// The result of a tuning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// [`SCHEMA`]
    pub schema: String,
    /// Where it was measured.
    pub machine: Site,
    /// The version of gingham and of each backend's library.
    pub versions: BTreeMap<String, String>,
    /// What was measured.
    pub workload: Workload,
    /// Tasks of the batch that the arena holds, where it holds fewer than the workload has; times are scaled up.
    pub arena_tasks: usize,
    /// Seconds that allocating, touching and filling the arena took.
    pub prefault_s: f64,
    /// Sets the inputs and the order of rounds.
    pub seed: u64,
    /// How the space was searched.
    #[serde(default)]
    pub strategy: Strategy,
    /// Combinations within this share of the leader are not told apart from it.
    pub tolerance: f64,
    /// Every combination, raced or not; the fastest first.
    pub trials: Vec<Row>,
    /// A second process of one combination: how far two equals lie apart.
    #[serde(default)]
    pub twin: Option<Twin>,
    /// How many rounds were run.
    pub rounds: Rounds,
    /// The pick: of those that cannot be told apart, the one with the fewest threads and the least memory.
    pub best: Option<Combination>,
    /// Those that cannot be told from the best.
    pub tied: Vec<Combination>,
    /// Figures of the finalists in fresh processes.
    pub confirmation: Option<Confirmation>,
    /// `one left`, `rounds`, `budget`, `interrupted`, or what else ended it.
    pub stopped_because: String,
    /// What the reader should know before trusting the figures: others had the machine, or equals lie apart.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Seconds that it was given.
    #[serde(default)]
    pub budget_s: Option<f64>,
    /// Seconds that would confirm the answer, where those that it was given did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advised_budget_s: Option<f64>,
    /// Seconds that were gone when the search began, and after each start, sample and end of a trial, in their order: what
    /// decisions on time rest on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clock_s: Vec<f64>,
    /// Seconds from start to end.
    pub elapsed_s: f64,
}

/// A second process of one combination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Twin {
    /// The combination.
    pub combination: Combination,
    /// What was measured, in order of rounds.
    pub samples: Vec<Sample>,
}

/// The finalists once more, in fresh processes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Confirmation {
    /// How many rounds were run.
    pub rounds: usize,
    /// The finalists and the baselines.
    pub trials: Vec<Confirmed>,
}

/// A combination in a fresh process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Confirmed {
    /// The combination.
    pub combination: Combination,
    /// Whether its operands lay in private memory, which may have huge pages, rather than in the arena, which has none.
    pub private: bool,
    /// Median seconds of a batch.
    pub median_s: f64,
    /// The exact order-statistic interval of that median, at least 95 %; none below six samples.
    pub ci95_s: Option<[f64; 2]>,
    /// What was measured, in order of rounds.
    pub samples: Vec<Sample>,
}

/// Where a tuning was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// The machine.
    #[serde(flatten)]
    pub machine: Machine,
    /// Variables that choose kernels: set in the caller's environment, and cleared for every trial.
    pub env_cleared: Vec<String>,
    /// What the machine can do at most.
    pub ceilings: Ceilings,
}

/// How many rounds were run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rounds {
    /// Rounds whose samples count.
    pub kept: usize,
    /// Rounds that were repeated because the machine was not ours.
    pub repeated: usize,
    /// Rounds that should have been repeated and were kept, because a quarter of all had been repeated already.
    #[serde(default)]
    pub spoilt: usize,
}

/// One combination, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its place in the list of candidates: the search takes equals in this order.
    #[serde(default)]
    pub id: usize,
    /// Its text form.
    pub combination: Combination,
    /// Its backend.
    pub backend: String,
    /// Its op threads.
    pub op_threads: usize,
    /// Its executor.
    pub executor: String,
    /// How its operands reach other processes; none within one process.
    pub transport: Option<String>,
    /// Its workers.
    pub workers: usize,
    /// Its chunk.
    pub chunk: usize,
    /// What became of it.
    pub status: Status,
    /// Why, where it is not `ok`.
    pub reason: Option<String>,
    /// Whether a rule of the space kept it from being started, rather than the search.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ruled_out: bool,
    /// The kernels that its library chose.
    pub kernels: Option<String>,
    /// What was measured, in order of rounds.
    pub samples: Vec<Sample>,
    /// Seconds of a task as a small one foretold them, where that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_s: Option<f64>,
    /// Seconds of its first run, pools and caches cold.
    pub cold_s: Option<f64>,
    /// The largest resident set it had.
    pub peak_rss_bytes: Option<u64>,
    /// CPU seconds of each of its threads.
    pub threads: Vec<f64>,
    /// Median seconds of a batch.
    pub median_s: Option<f64>,
    /// The exact order-statistic interval of that median, at least 95 %; none below six samples.
    pub ci95_s: Option<[f64; 2]>,
    /// The rate at that median.
    pub rate: Option<f64>,
    /// `GF/s` or `GB/s`
    pub rate_unit: String,
    /// The largest error of its results, over its bound.
    pub error_ratio: Option<f64>,
    /// Why it left the race before its end.
    pub eliminated: Option<String>,
    /// The 95 % interval of its time over the leader's, less one, where it is proven slower.
    #[serde(default)]
    pub slower_by: Option<[f64; 2]>,
    /// Whether its figures are of a fresh process rather than of the race.
    #[serde(default)]
    pub confirmed: bool,
}

/// What became of a combination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It ran and its results are right.
    Ok,
    /// It ended, crashed or failed.
    Failed,
    /// It did not answer in time.
    Timeout,
    /// Its results are wrong.
    Wrong,
    /// It is not to be had in its process.
    Refused,
    /// A rule of the space, or the budget, kept it from being started.
    Skipped,
}

impl Status {
    /// The word in files and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Timeout => "timeout",
            Self::Wrong => "wrong",
            Self::Refused => "refused",
            Self::Skipped => "skipped",
        }
    }
}

/// One timed run.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Sample {
    /// Its round, from 0.
    pub round: usize,
    /// Seconds on the clock.
    pub wall_s: f64,
    /// CPU seconds in the program, over all processes of the trial.
    #[serde(default)]
    pub user_s: f64,
    /// CPU seconds in the kernel.
    #[serde(default)]
    pub sys_s: f64,
    /// Page faults that needed no reading.
    #[serde(default)]
    pub minor_faults: u64,
    /// Times a thread waited.
    #[serde(default)]
    pub voluntary_switches: u64,
    /// Times a thread was made to wait.
    #[serde(default)]
    pub involuntary_switches: u64,
    /// CPU seconds that the host gave to other machines meanwhile.
    #[serde(default)]
    pub steal_s: f64,
    /// CPU seconds that other programs took of the CPUs that a trial may use, to the kernel's tick: may be a tick below
    /// zero.
    #[serde(default)]
    pub others_s: f64,
    /// Tasks that were run, all repetitions counted.
    pub tasks: usize,
    /// How many times over a part of the batch was run.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub repeat: usize,
    /// Whether its round was repeated: it does not count.
    #[serde(default, skip_serializing_if = "is_false")]
    pub set_aside: bool,
}

fn once() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_once(repeat: &usize) -> bool {
    *repeat == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Sample {
    /// Seconds on the clock, per task.
    #[must_use]
    pub fn seconds_per_task(&self) -> f64 {
        self.wall_s / self.tasks as f64
    }

    /// Tasks of the part of the batch that was run, at least one.
    #[must_use]
    pub fn batch(&self) -> usize {
        (self.tasks / self.repeat.max(1)).max(1)
    }
}

/// Median seconds of a whole batch and its interval, from samples of parts of it: those of the largest part alone, since a
/// small one says little of how the last wave ends.
#[must_use]
pub fn batch_seconds(
    combination: &Combination,
    workload: &Workload,
    samples: &[Sample],
) -> Option<(f64, Option<[f64; 2]>)> {
    let counted = || samples.iter().filter(|sample| !sample.set_aside);
    let largest = counted().map(Sample::batch).max()?;
    let batch = |sample: &Sample| {
        sample.wall_s / sample.repeat as f64 * model::scale(combination, sample.batch(), workload.tasks())
    };
    let batches: Vec<f64> = counted().filter(|sample| sample.batch() == largest).map(batch).collect();
    Some((stats::median(&batches), stats::median_interval(&batches)))
}

impl Row {
    /// A row for `combination`, before anything is known of it.
    #[must_use]
    pub fn new(combination: Combination, workload: &Workload) -> Self {
        Self {
            id: 0,
            backend: combination.backend.clone(),
            op_threads: combination.op_threads.get(),
            executor: combination.executor.to_string(),
            transport: None,
            workers: combination.workers,
            chunk: combination.chunk,
            combination,
            status: Status::Skipped,
            reason: None,
            ruled_out: false,
            kernels: None,
            samples: Vec::new(),
            probe_s: None,
            cold_s: None,
            peak_rss_bytes: None,
            threads: Vec::new(),
            median_s: None,
            ci95_s: None,
            rate: None,
            rate_unit: workload.rate_unit().into(),
            error_ratio: None,
            eliminated: None,
            slower_by: None,
            confirmed: false,
        }
    }

    /// Takes over what its figures are of: samples of the race, or of its confirmation.
    pub fn set_figures(&mut self, samples: &[Sample], workload: &Workload) {
        if let Some((median, interval)) = batch_seconds(&self.combination, workload, samples) {
            self.set_median(median, interval, workload);
        }
    }

    fn set_median(&mut self, median: f64, interval: Option<[f64; 2]>, workload: &Workload) {
        self.median_s = Some(median);
        self.ci95_s = interval;
        self.rate = (median > 0.0).then(|| workload.work(workload.tasks()) / median / 1e9);
    }

    /// Its time over that of `other` in each round that both ran in, of the rounds of the largest part of the batch.
    fn ratios(&self, other: &Self) -> Vec<f64> {
        let counted = |row: &Self| row.samples.iter().copied().filter(|s| !s.set_aside).collect::<Vec<_>>();
        let theirs = counted(other);
        let pairs: Vec<(Sample, Sample)> = counted(self)
            .into_iter()
            .filter_map(|own| Some((own, *theirs.iter().find(|their| their.round == own.round)?)))
            .collect();
        let largest = pairs.iter().map(|(own, _)| own.batch()).max();
        let whole = pairs.iter().filter(|(own, _)| Some(own.batch()) == largest);
        whole.map(|(own, their)| own.seconds_per_task() / their.seconds_per_task()).collect()
    }

    /// Whether it stayed in the race to its end, with right results.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.status == Status::Ok && self.eliminated.is_none() && self.median_s.is_some()
    }
}

impl Outcome {
    /// The row of the fastest combination.
    #[must_use]
    pub fn best_row(&self) -> Option<&Row> {
        self.trials.iter().find(|row| Some(&row.combination) == self.best.as_ref())
    }

    /// The fastest row with right results that `wanted` accepts: among those with confirmed figures or that stayed to
    /// the end, if any did, since one that left early has two samples, which may have been lucky.
    pub fn fastest(&self, wanted: impl Fn(&Row) -> bool) -> Option<&Row> {
        let measured = self.trials.iter().filter(|row| row.status == Status::Ok && row.median_s.is_some());
        let wanted = measured.filter(|row| wanted(row));
        let sure = |row: &Row| row.confirmed || row.finished();
        wanted.min_by(|a, b| sure(b).cmp(&sure(a)).then(by_median(a, b)))
    }

    /// The arrangements that the studies compare: one thread alone, all threads inside the operation, all workers
    /// outside it. `cpus` is the number of usable CPUs.
    #[must_use]
    pub fn arrangements(&self, cpus: usize) -> [(&'static str, Option<&Row>); 3] {
        let serial = ExecutorKind::Serial.name();
        [
            ("serial", self.fastest(|row| row.executor == serial && row.op_threads == 1)),
            ("all threads inside", self.fastest(|row| row.executor == serial && row.op_threads == cpus && cpus > 1)),
            ("all workers outside", self.fastest(|row| row.workers == cpus && row.op_threads == 1 && cpus > 1)),
        ]
    }
}

/// Gives the rows that were not confirmed figures that can stand beside the confirmed ones of row `best`: its median, times
/// how many times its time they took in the rounds that both ran in. What they took by themselves was taken at another
/// time of day, maybe of another part of the batch: a heat's medians have been seen a tenth below those of the winner.
pub(crate) fn anchor(trials: &mut [Row], best: usize, workload: &Workload) {
    let Some(best) = trials.get(best).filter(|row| row.confirmed).cloned() else { return };
    let Some(median) = best.median_s else { return };
    for row in trials.iter_mut().filter(|row| row.status == Status::Ok && !row.confirmed) {
        let ratios = row.ratios(&best);
        if !ratios.is_empty() {
            let interval = stats::median_interval(&ratios).map(|ends| ends.map(|ratio| ratio * median));
            row.set_median(stats::median(&ratios) * median, interval, workload);
        }
    }
}

/// Orders rows: those that are right before the others, those that stayed in before those that left, then by median.
pub(crate) fn by_standing(a: &Row, b: &Row) -> std::cmp::Ordering {
    let place = |row: &Row| (row.status != Status::Ok, !row.finished());
    place(a).cmp(&place(b)).then(by_median(a, b))
}

fn by_median(a: &Row, b: &Row) -> std::cmp::Ordering {
    a.median_s.unwrap_or(f64::INFINITY).total_cmp(&b.median_s.unwrap_or(f64::INFINITY))
}
