//! What a search runs on: live trials, a recording of them, or a simulation. The search sends requests and decides; it
//! handles neither processes nor clocks itself.

use serde::{Deserialize, Serialize};

use crate::reason::Failure;
use crate::sample::Sample;

/// One of the processes that a candidate may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Process {
    /// Its place in the list of candidates.
    pub candidate: usize,
    /// Which of its processes.
    pub role: Role,
}

impl Process {
    /// The one that races.
    #[must_use]
    pub fn race(candidate: usize) -> Self {
        Self { candidate, role: Role::Race }
    }
}

/// Which of the processes of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The one that races.
    Race,
    /// A second one, the A/A control: how far two equals lie apart.
    #[serde(rename = "twin")]
    Control,
    /// The fresh one, whose figures are published.
    Confirmation,
    /// A fresh one whose operands lie in memory of its own.
    Private,
}

/// What is known of a process when it may be sampled.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Started {
    /// The version of the library that does the arithmetic.
    pub version: String,
    /// The kernels that it chose.
    pub kernels: String,
    /// Seconds of its first run, pools and caches cold.
    pub cold_s: f64,
    /// The largest error of its results, over its bound.
    pub error_ratio: f64,
    /// Tasks that it runs in a sample at most, where it is too slow for the whole batch.
    pub most_tasks: Option<usize>,
}

/// What is known of a process when it has ended.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stopped {
    /// The largest resident set it had.
    pub peak_rss_bytes: u64,
    /// CPU seconds of each of its threads.
    pub threads: Vec<f64>,
    /// The largest error of its results over its bound, judged after all that it has run.
    pub error_ratio: Option<f64>,
}

/// What a search runs on.
pub trait Course {
    /// Seconds that a task is expected to take on the candidate at this place, which runs on one thread: the seconds of
    /// a small task of the same kind, in a process of its own, times the ratio of the work. `None` where that is not
    /// known: the candidate is then judged by its own tasks alone.
    fn probe(&mut self, _candidate: usize) -> Option<f64> {
        None
    }

    /// Starts a process and verifies its results: from here on it can be sampled.
    fn admit(&mut self, process: Process) -> Result<Started, Failure>;

    /// Runs it once, on `tasks` tasks of the batch, repeated for as long as a sample must last.
    ///
    /// # Errors
    /// [`Failure`]; it is of no further use then.
    fn sample(&mut self, process: Process, round: usize, tasks: usize) -> Result<Sample, Failure>;

    /// Ends a process; with `judge`, its results are judged once more before.
    ///
    /// # Errors
    /// [`Failure`], where they are wrong now.
    fn dismiss(&mut self, process: Process, judge: bool) -> Result<Stopped, Failure>;

    /// Seconds of the budget that are gone. A course that is recorded reads its clock at the end of each request alone,
    /// so that a replay has the same readings.
    fn elapsed_s(&self) -> f64;

    /// Whether candidates may still be started, where the course knows: a recording without a clock knows which were
    /// started. `None` where the remaining time decides.
    fn may_start(&self) -> Option<bool> {
        None
    }

    /// Whether the user wants no more.
    fn interrupted(&self) -> bool {
        false
    }
}
