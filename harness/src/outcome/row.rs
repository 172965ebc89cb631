//! One combination, and what became of it.

use gingham_runtime::combination::Combination;
use gingham_runtime::workload::Workload;
use serde::{Deserialize, Serialize};

use crate::reason::{Cause, LeftKind};
use crate::sample::{Sample, Status};
use crate::search::Run;
use crate::space::Candidate;

/// One combination, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
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
    /// How its operands reach other processes; `None` within one process.
    pub transport: Option<String>,
    /// Its workers.
    pub workers: usize,
    /// Its chunk.
    pub chunk: usize,
    /// What became of it.
    pub status: Status,
    /// Why, if it is not `ok`.
    pub reason: Option<String>,
    /// Whether trying again could help, if it failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retry: bool,
    /// Why it was never started, if it was not.
    pub not_started: Option<Cause>,
    /// Whether a rule of the space, not the search, kept it from being started.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ruled_out: bool,
    /// The kernels that its library chose.
    pub kernels: Option<String>,
    /// What was measured, in order of rounds.
    pub samples: Vec<Sample>,
    /// Seconds of a task as expected from a small task, if a small task was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe_s: Option<f64>,
    /// Seconds of its first run, pools and caches cold.
    pub cold_s: Option<f64>,
    /// The largest resident set it had.
    pub peak_rss_bytes: Option<u64>,
    /// CPU seconds of each of its threads.
    pub threads: Vec<f64>,
    /// The ratio of its time to the winner's: the median over the rounds that both ran in, or, in fewer than five, the
    /// ratio of the shortest times; 1 for the winner.
    pub ratio_to_best: Option<f64>,
    /// The exact order-statistic interval of the median, at least 95 %; `None` for fewer than six rounds.
    pub ratio_ci95: Option<[f64; 2]>,
    /// The number of those rounds.
    #[serde(default)]
    pub shared_rounds: usize,
    /// Seconds of a batch: the winner's median, times `ratio_to_best`; `None` where it shares no round with the winner.
    pub median_s: Option<f64>,
    /// The interval of these, at least 95 %: of the winner's median for the winner, of the ratio for others.
    pub ci95_s: Option<[f64; 2]>,
    /// Whether its time or the winner's is scaled up by waves from samples of fewer tasks than the batch has.
    #[serde(default)]
    pub extrapolated: bool,
    /// The rate at that time.
    pub rate: Option<f64>,
    /// `GF/s` or `GB/s`
    pub rate_unit: String,
    /// The largest error of its results, over its bound.
    pub error_ratio: Option<f64>,
    /// Why it left the race before its end.
    pub eliminated: Option<String>,
    /// The kind of that reason; `None` in older files.
    pub left: Option<LeftKind>,
    /// The 95 % interval of its time over the leader's, less one, if it is proven slower.
    pub slower_by: Option<[f64; 2]>,
    /// Whether it was measured again in a fresh process, from which its figures then come.
    #[serde(default)]
    pub confirmed: bool,
}

impl Row {
    /// A row for `combination`, before anything is known about it.
    #[must_use]
    pub fn new(combination: Combination, workload: &Workload) -> Self {
        let candidate = Candidate { combination, skipped: None };
        Self { status: Status::Skipped, ..Self::of(0, Run::default(), &candidate, workload) }
    }

    /// Whether it stayed in the race to its end, with right results.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.status == Status::Ok && self.eliminated.is_none() && self.median_s.is_some()
    }
}
