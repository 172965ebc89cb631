//! The result of a tuning, as `--format json` prints it: fields may be added, never renamed or removed.

use std::collections::BTreeMap;

use gingham_machine::{Ceilings, Machine};
use serde::{Deserialize, Serialize};

use crate::combination::{Combination, ExecutorKind};
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
    /// Every combination, raced or not; the fastest first.
    pub trials: Vec<Row>,
    /// How many rounds were run.
    pub rounds: Rounds,
    /// The fastest.
    pub best: Option<Combination>,
    /// Those that cannot be told from the best.
    pub tied: Vec<Combination>,
    /// Figures of the finalists in fresh processes.
    pub confirmation: Option<serde_json::Value>,
    /// `rounds`, `budget` or `one left`.
    pub stopped_because: String,
    /// Seconds from start to end.
    pub elapsed_s: f64,
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
}

/// One combination, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
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
    /// The kernels that its library chose.
    pub kernels: Option<String>,
    /// What was measured, in order of rounds.
    pub samples: Vec<Sample>,
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
    /// CPU seconds in the program.
    pub user_s: f64,
    /// CPU seconds in the kernel.
    pub sys_s: f64,
    /// Page faults that needed no reading.
    pub minor_faults: u64,
    /// Times a thread waited.
    pub voluntary_switches: u64,
    /// Times a thread was made to wait.
    pub involuntary_switches: u64,
    /// CPU seconds that the host gave to other machines meanwhile.
    pub steal_s: f64,
    /// Tasks that were run, all repetitions counted.
    pub tasks: usize,
}

impl Sample {
    /// Seconds on the clock, per task.
    #[must_use]
    pub fn seconds_per_task(&self) -> f64 {
        self.wall_s / self.tasks as f64
    }
}

impl Row {
    /// A row for `combination`, before anything is known of it.
    #[must_use]
    pub fn new(combination: Combination, workload: &Workload) -> Self {
        Self {
            backend: combination.backend.clone(),
            op_threads: combination.op_threads.get(),
            executor: combination.executor.to_string(),
            transport: None,
            workers: combination.workers,
            chunk: combination.chunk,
            combination,
            status: Status::Skipped,
            reason: None,
            kernels: None,
            samples: Vec::new(),
            cold_s: None,
            peak_rss_bytes: None,
            threads: Vec::new(),
            median_s: None,
            ci95_s: None,
            rate: None,
            rate_unit: workload.rate_unit().into(),
            error_ratio: None,
            eliminated: None,
        }
    }

    /// Takes samples over, and derives from them what is derived.
    pub fn set_samples(&mut self, samples: Vec<Sample>, workload: &Workload) {
        let batch: Vec<f64> = samples.iter().map(|s| s.seconds_per_task() * workload.tasks() as f64).collect();
        self.samples = samples;
        if batch.is_empty() {
            return;
        }
        let median = stats::median(&batch);
        self.median_s = Some(median);
        self.ci95_s = stats::median_interval(&batch);
        self.rate = (median > 0.0).then(|| workload.work(workload.tasks()) / median / 1e9);
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

    /// The fastest row with right results that `wanted` accepts: among those that stayed to the end, if any did, since
    /// one that left early has two samples, which may have been lucky.
    pub fn fastest(&self, wanted: impl Fn(&Row) -> bool) -> Option<&Row> {
        let measured = self.trials.iter().filter(|row| row.status == Status::Ok && row.median_s.is_some());
        let wanted = measured.filter(|row| wanted(row));
        wanted.min_by(|a, b| b.finished().cmp(&a.finished()).then(by_median(a, b)))
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

/// Orders rows by median, rows without one last.
pub(crate) fn by_median(a: &Row, b: &Row) -> std::cmp::Ordering {
    a.median_s.unwrap_or(f64::INFINITY).total_cmp(&b.median_s.unwrap_or(f64::INFINITY))
}
