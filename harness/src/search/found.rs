//! What a search returns: its samples, its processes, why each candidate left, and why it stopped.

use super::{Failure, Left, Process, Started, Stop, Stopped, Unstarted, Warning};
use crate::sample::{Rounds, Sample};

/// What became of a candidate.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Run {
    /// Seconds of a task as [`Course::probe`](super::Course::probe) expects them, where it was asked.
    pub probe_s: Option<f64>,
    /// What is known since its start; `None` where it was not started, or failed before it was ready.
    pub started: Option<Started>,
    /// What is known since its end.
    pub stopped: Option<Stopped>,
    /// Its samples in the race, including rounds that were set aside.
    pub samples: Vec<Sample>,
    /// Why it was not started.
    pub skipped: Option<Unstarted>,
    /// Why it gave no more samples.
    pub failure: Option<Failure>,
    /// Why it left the race before its end.
    pub left: Option<Left>,
    /// The 95 % interval of its time over the leader's, less one.
    pub slower_by: Option<[f64; 2]>,
}

/// A process beside those that race, and its samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// Whose, and for what.
    pub process: Process,
    /// Its samples.
    pub samples: Vec<Sample>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What became of each candidate, in their order.
    pub runs: Vec<Run>,
    /// The pick.
    pub best: Option<usize>,
    /// The candidates that the samples do not separate from the pick, the fastest first.
    pub tied: Vec<usize>,
    /// The A/A control: how far two equals lie apart.
    pub control: Option<Sampled>,
    /// The finalists in fresh processes.
    pub confirmed: Vec<Sampled>,
    /// How many rounds were run.
    pub rounds: Rounds,
    /// Why the search stopped.
    pub stop: Stop,
    /// Seconds of a budget that would confirm the answer, where this one did not.
    pub advised_s: Option<f64>,
    /// In words, how much of the machine other programs took meanwhile, where that was too much; a warning says so,
    /// too.
    pub disturbed: Option<String>,
    /// What the reader should know before trusting the figures.
    pub warnings: Vec<Warning>,
}
