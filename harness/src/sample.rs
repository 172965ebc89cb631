//! What is measured: one timed run, the number of rounds, what became of a combination, and the time of a batch from
//! several runs.

use gingham_runtime::combination::Combination;
use gingham_runtime::waves;
use gingham_runtime::workload::Workload;
use serde::{Deserialize, Serialize};

use crate::stats;

/// One timed run.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
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
    /// How often the kernel made a thread wait.
    #[serde(default)]
    pub involuntary_switches: u64,
    /// CPU seconds that the host gave to other machines meanwhile.
    #[serde(default)]
    pub steal_s: f64,
    /// CPU seconds that other programs took of the CPUs that a trial may use. The kernel counts in ticks, so this may
    /// be a tick below zero.
    #[serde(default)]
    pub others_s: f64,
    /// Tasks that were run, all repetitions counted.
    pub tasks: usize,
    /// How many times a part of the batch was run.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub repeat: usize,
    /// Whether its round was repeated, so that it does not count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub set_aside: bool,
}

fn once() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_once(repeat: &usize) -> bool {
    *repeat == 1
}

impl Sample {
    /// A sample of round `round`: `tasks` tasks, run once in `wall_s` seconds. What else is known of it is zero.
    #[must_use]
    pub fn new(round: usize, wall_s: f64, tasks: usize) -> Self {
        Self { round, wall_s, tasks, repeat: 1, ..Self::default() }
    }

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

    /// Seconds that the whole batch of `workload` takes, from the part that was run: scaled by waves, or by the number
    /// of tasks where tasks differ and the part is spread over all of them.
    #[must_use]
    pub fn batch_s(&self, combination: &Combination, workload: &Workload) -> f64 {
        let (part, whole) = (self.batch(), workload.tasks());
        let scale = match workload.tasks_are_alike() {
            true => waves::scale(combination, part, whole),
            false => whole as f64 / part as f64,
        };
        self.wall_s / self.repeat as f64 * scale
    }
}

/// How many rounds were run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rounds {
    /// Rounds whose samples count.
    pub kept: usize,
    /// Rounds that were repeated because other programs used the machine.
    pub repeated: usize,
    /// Rounds that should have been repeated but were kept, because a quarter of all had been repeated already.
    #[serde(default)]
    pub spoilt: usize,
}

/// What became of a combination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// It ran and its results are right.
    Ok,
    /// It ended, crashed or failed.
    Failed,
    /// It did not answer in time.
    Timeout,
    /// Its results are wrong.
    Wrong,
    /// It cannot run in its process, or on this machine.
    Refused,
    /// A rule of the space, or the budget, kept it from being started.
    Skipped,
}

/// Median seconds of a whole batch and its interval, from samples of parts of it. Only the samples of the largest part
/// count, since a small part says little about how the last wave ends.
#[must_use]
pub fn batch_seconds(
    combination: &Combination,
    workload: &Workload,
    samples: &[Sample],
) -> Option<(f64, Option<[f64; 2]>)> {
    let counted = || samples.iter().filter(|sample| !sample.set_aside);
    let largest = counted().map(Sample::batch).max()?;
    let batches = counted().filter(|sample| sample.batch() == largest);
    let batches: Vec<f64> = batches.map(|sample| sample.batch_s(combination, workload)).collect();
    Some((stats::median(&batches), stats::median_interval(&batches)))
}
