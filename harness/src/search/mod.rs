//! The search for the fastest combination: one thread of each backend first, then heats in which the better third
//! stays, then a race that ends when the samples have decided, then fresh processes that confirm it.
//!
//! It runs on a [`Course`]: live trials, a recording, or a simulation; the same samples lead to the same decisions.
//!
//! The answer is a tie set: the leader and all that are not proven slower than it by more than the tolerance. Among
//! those of them that look within half the tolerance the pick is the one with the fewest threads, then the least memory
//! (to a power of two), then the fastest: where speed does not tell, the program that leaves more of the machine to
//! others is better.

mod baselines;
pub mod bounds;
mod budget;
mod confirm;
mod course;
mod field;
mod heats;
mod lost;
pub mod model;
mod order;
mod race;
pub mod sampling;

use serde::{Deserialize, Serialize};

pub use crate::reason::{Cause, Failure, FailureKind, Left, LeftKind, Stop, Unstarted, Warning, WarningKind};
pub use budget::Needed;
pub(crate) use budget::{PREPARATION_SHARE, typed};
pub use confirm::Confirmed;
pub use course::{Admission, Course, Entrant, Farewell, Role};
pub(crate) use lost::Lost;
pub use model::Model;
pub use order::Order;
pub use sampling::SAMPLE_S;

use crate::combination::Combination;
use crate::progress::Progress;
use crate::sample::{Rounds, Sample};
use crate::space::Candidate;
use field::Field;

/// How a search goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Heats and a race: the losers leave.
    #[default]
    Race,
    /// Every combination in [`EXHAUSTIVE_ROUNDS`] rounds, and nobody leaves: what a race is measured against.
    Exhaustive,
}

/// Rounds of an exhaustive search.
pub const EXHAUSTIVE_ROUNDS: usize = 12;

/// Slower than the leader by this factor in every round: no noise that leaves the other contestants alone
/// explains that.
pub const GROSS: f64 = 1.5;

/// What a search is to keep to.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Sets the order of rounds.
    pub seed: u64,
    /// Combinations within this share of the leader are not told apart from it.
    pub tolerance: f64,
    /// How it goes about it.
    pub strategy: Strategy,
    /// Seconds that it may take, counted as [`Course::elapsed_s`] does; infinite where samples are all there is.
    pub budget_s: f64,
    /// Rounds of the race at most; the last of [`bounds::LOOKS`] unless samples are scarce.
    pub most_rounds: usize,
    /// Whether the finalists are measured anew in fresh processes.
    pub confirm: bool,
    /// Whether the winner is measured on memory of its own as well.
    pub private: bool,
    /// What bounds the workload on this machine.
    pub model: Model,
}

impl Rules {
    /// A race without a limit of time, at a tolerance of 2 %.
    #[must_use]
    pub fn new(model: Model) -> Self {
        Self {
            seed: 0,
            tolerance: 0.02,
            strategy: Strategy::Race,
            budget_s: f64::INFINITY,
            most_rounds: bounds::LOOKS[bounds::LOOKS.len() - 1],
            confirm: true,
            private: true,
            model,
        }
    }
}

/// The part of the budget from which on a task, at the machine's ceiling, counts as long: starts, rounds and
/// contestants are then few enough to matter, and one look at a backend that is fifty times slower would cost a
/// hundredth of the budget.
const LONG: f64 = 1.0 / 5000.0;

impl Rules {
    /// Whether a single task takes a part of the budget that has to be planned with.
    #[must_use]
    pub fn tasks_are_long(&self) -> bool {
        self.model.task_s >= self.budget_s * LONG && self.model.task_s > 0.0
    }
}

/// What became of a candidate.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Run {
    /// Seconds of a task as [`Course::probe`] expects them, where it was asked.
    pub probe_s: Option<f64>,
    /// What is known since its start; `None` where it was not started, or did not come to be ready.
    pub admission: Option<Admission>,
    /// What is known since its end.
    pub farewell: Option<Farewell>,
    /// Its samples in the race, those of rounds that were set aside among them.
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

/// A second process of one candidate: how far two equals lie apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Twin {
    /// Whose.
    pub candidate: usize,
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
    /// Those that cannot be told from it, the fastest first.
    pub tied: Vec<usize>,
    /// A second process of one candidate.
    pub twin: Option<Twin>,
    /// The finalists in fresh processes.
    pub confirmed: Vec<Confirmed>,
    /// How many rounds were run.
    pub rounds: Rounds,
    /// Why the search stopped.
    pub stop: Stop,
    /// Seconds of a budget that would confirm the answer, where this one did not.
    pub advised_s: Option<f64>,
    /// What others had of the machine meanwhile, in words, where that was too much; a warning says so, too.
    pub disturbed: Option<String>,
    /// What the reader should know before trusting the figures.
    pub warnings: Vec<Warning>,
}

/// Runs a search over `candidates`; those that a rule skips are left alone.
pub fn search(
    candidates: &[Candidate],
    rules: &Rules,
    course: &mut dyn Course,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Found {
    let combinations: Vec<Combination> = candidates.iter().map(|c| c.combination.clone()).collect();
    let mut field = Field::new(&combinations, rules, course, progress);
    for (id, candidate) in candidates.iter().enumerate() {
        field.runs[id].skipped = candidate.skipped.clone().map(Unstarted::Rule);
    }
    let stop = match rules.strategy {
        Strategy::Race => {
            heats::run(&mut field);
            race::run(&mut field)
        }
        Strategy::Exhaustive => race::exhaust(&mut field),
    };
    race::conclude(&mut field, stop)
}

fn is_peer(combination: &Combination) -> bool {
    combination.executor == crate::combination::ExecutorKind::Peer
}
