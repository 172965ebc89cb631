//! The result of a tuning, as `--format json` prints it: fields may be added, never renamed or removed.
//!
//! Only measurements and decisions are stored; [`Outcome::derive`] computes every figure from them.

mod coverage;
mod derived;
mod found;
mod row;

use std::collections::BTreeMap;

use gingham_core::Registry;
use gingham_machine::{Ceilings, Machine};
use gingham_runtime::combination::Combination;
use gingham_runtime::plan::{self, Plan};
use gingham_runtime::profile::Narrowing;
use gingham_runtime::session::Session;
use gingham_runtime::workload::{Call, Workload};
use serde::{Deserialize, Serialize};

use crate::reason::{Stop, Warning, WarningKind};
use crate::search::Strategy;

pub use crate::sample::{Rounds, Sample, Status, batch_seconds};
pub use coverage::{Coverage, NeverStarted};
pub(crate) use derived::Ratio;
pub use found::Setting;
pub use row::Row;

/// The name of this form.
pub const SCHEMA: &str = "gingham.tune/1";

/// The result of a tuning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outcome {
    /// [`SCHEMA`]
    pub schema: String,
    /// Where it was measured.
    pub machine: Site,
    /// The version of gingham and of each backend's library.
    pub versions: BTreeMap<String, String>,
    /// What was measured.
    pub workload: Workload,
    /// Tasks of the batch that the arena holds; times are scaled up if these are fewer than the workload has.
    pub arena_tasks: usize,
    /// Seconds that allocating, touching and filling the arena took.
    pub prefault_s: f64,
    /// Sets the inputs and the order of rounds.
    pub seed: u64,
    /// How the space was searched.
    #[serde(default)]
    pub strategy: Strategy,
    /// The flags that left out combinations, each with what it kept.
    #[serde(default, skip_serializing_if = "Narrowing::is_none")]
    pub narrowed_by: Narrowing,
    /// Combinations within this share of the leader are not told apart from it.
    pub tolerance: f64,
    /// Every combination, raced or not: the winner first, then those tied with it, then the others, each group in the
    /// order of the ratios to the winner.
    pub trials: Vec<Row>,
    /// A second process of one combination, the A/A control: how far two equals lie apart.
    #[serde(rename = "twin")]
    pub control: Option<Control>,
    /// How many rounds were run.
    pub rounds: Rounds,
    /// The pick: of those that look alike, the one with the fewest threads and the least memory.
    pub best: Option<Combination>,
    /// Those that the samples do not separate from the best.
    pub tied: Vec<Combination>,
    /// How many combinations were never started, by kind and reason; combinations that a rule of the space excludes do
    /// not count.
    #[serde(default)]
    pub never_started: Vec<NeverStarted>,
    /// Figures of the finalists in fresh processes.
    pub confirmation: Option<Confirmation>,
    /// Why the search stopped, as the text of a [`Stop`].
    pub stopped_because: String,
    /// The same as a tag; older files do not have it, and [`Outcome::stop`] gives it for all.
    pub stopped: Option<Stop>,
    /// In words, how much of the machine other programs took meanwhile, if they took too much; a warning says so too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disturbed: Option<String>,
    /// What the reader should know before trusting the figures: other programs used the machine, or equals lie apart.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The kind of each of the warnings; empty in older files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warning_kinds: Vec<WarningKind>,
    /// Seconds that it was given.
    pub budget_s: Option<f64>,
    /// Seconds of a budget that would confirm the answer, if this one did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advised_budget_s: Option<f64>,
    /// Seconds that were gone when the search began, and after each start, sample and end of a trial, in order:
    /// decisions about time follow from these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clock_s: Vec<f64>,
    /// Seconds from start to end.
    pub elapsed_s: f64,
}

/// The A/A control: a second process of one combination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Control {
    /// The combination.
    pub combination: Combination,
    /// What was measured, in order of rounds.
    pub samples: Vec<Sample>,
}

/// The finalists once more, in fresh processes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Confirmation {
    /// How many rounds were run.
    pub rounds: usize,
    /// The finalists and the baselines.
    pub trials: Vec<Confirmed>,
}

/// A combination in a fresh process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Confirmed {
    /// The combination.
    pub combination: Combination,
    /// Whether its operands lay in private memory, which may have huge pages; the arena has none.
    pub private: bool,
    /// Median seconds of a batch.
    pub median_s: f64,
    /// The exact order-statistic interval of that median, at least 95 %; `None` for fewer than six samples.
    pub ci95_s: Option<[f64; 2]>,
    /// What was measured, in order of rounds.
    pub samples: Vec<Sample>,
}

/// Where a tuning was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Site {
    /// The machine.
    #[serde(flatten)]
    pub machine: Machine,
    /// Variables that choose kernels: set in the caller's environment, cleared for every trial.
    pub env_cleared: Vec<String>,
    /// What the machine can do at most.
    pub ceilings: Ceilings,
}

impl Site {
    /// The machine, the variables that were cleared, and the ceilings.
    #[must_use]
    pub fn new(machine: Machine, env_cleared: Vec<String>, ceilings: Ceilings) -> Self {
        Self { machine, env_cleared, ceilings }
    }
}

impl Outcome {
    /// The pick made ready, with the backends of `registry`.
    ///
    /// # Errors
    /// [`plan::Error::NothingRan`], with the reason of the first row that has one, where no combination ran to its end;
    /// otherwise as [`Session::apply`].
    pub fn plan(&self, registry: &Registry) -> Result<Plan, plan::Error> {
        let Some(best) = &self.best else {
            let told =
                self.trials.iter().find_map(|row| Some(format!("{}: {}", row.combination, row.reason.as_ref()?)));
            return Err(plan::Error::NothingRan(told.unwrap_or_else(|| self.stopped_because.clone())));
        };
        match self.workload.call() {
            Call::Op { .. } => Session::without_profile(registry.clone()).apply(best),
            Call::Function(_) => Plan::for_functions(best),
        }
    }

    /// Why the search stopped; `None` for a reason that this version does not know.
    #[must_use]
    pub fn stop(&self) -> Option<Stop> {
        self.stopped.or_else(|| self.stopped_because.parse().ok())
    }

    /// Adds a warning.
    pub fn warn(&mut self, warning: &Warning) {
        self.warnings.push(warning.to_string());
        self.warning_kinds.push(warning.into());
    }

    /// The row of the fastest combination.
    #[must_use]
    pub fn best_row(&self) -> Option<&Row> {
        self.trials.iter().find(|row| Some(&row.combination) == self.best.as_ref())
    }

    /// The fastest row of a combination on one thread; `None` if none has figures.
    #[must_use]
    pub fn serial_row(&self) -> Option<&Row> {
        self.fastest(|row| row.combination.runnable() == 1)
    }

    /// The fastest row with right results that `wanted` accepts: the winner if it is one of these, else a row with
    /// confirmed figures or one that stayed to the end, if there is any. A row that left early has only a few samples,
    /// which may have been lucky.
    pub fn fastest(&self, wanted: impl Fn(&Row) -> bool) -> Option<&Row> {
        let measured = self.trials.iter().filter(|row| row.status == Status::Ok && row.median_s.is_some());
        let wanted = measured.filter(|row| wanted(row));
        let is_winner = |row: &Row| self.best.as_ref() == Some(&row.combination);
        let sure = |row: &Row| (is_winner(row), row.confirmed || row.finished());
        let time = |row: &Row| row.median_s.unwrap_or(f64::INFINITY);
        wanted.min_by(|a, b| sure(b).cmp(&sure(a)).then(time(a).total_cmp(&time(b))))
    }
}
