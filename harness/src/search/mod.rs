//! The search for the fastest combination: one thread of each backend first, then successive halving, then a race that
//! ends when the samples have decided, then fresh processes that confirm it. `README.md` beside this file says why each
//! phase is there, and where each constant comes from: beside a constant stands only what it is.
//!
//! It runs on a [`Course`]: live trials, a recording, or a simulation; the same samples lead to the same decisions.

mod baselines;
pub mod bounds;
mod budget;
mod conclude;
mod confirm;
mod cost;
mod course;
mod disturbance;
mod exhaustive;
mod found;
mod gross;
mod halving;
mod looks;
mod lost;
pub mod model;
mod order;
mod race;
mod ranking;
mod record;
pub mod sampling;
mod shares;
mod state;

use serde::{Deserialize, Serialize};

pub use crate::reason::{Cause, Failure, FailureKind, Left, LeftKind, Stop, Unstarted, Warning, WarningKind};
pub use budget::Needed;
pub(crate) use budget::PREPARATION_SHARE;
pub use course::{Course, Process, Role, Started, Stopped};
pub use exhaustive::EXHAUSTIVE_ROUNDS;
pub use found::{Found, Run, Sampled};
pub(crate) use lost::Lost;
pub use model::Model;
pub use order::Order;
pub use sampling::SAMPLE_S;

use crate::defaults;
use crate::progress::Progress;
use crate::space::Candidate;
use conclude::conclude;
use gingham_runtime::combination::Combination;
use halving::Halving;
use state::State;

/// How a search proceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Successive halving and a race: the losers leave.
    #[default]
    Race,
    /// Every combination runs in [`EXHAUSTIVE_ROUNDS`] rounds and none leaves: races are judged against such runs.
    Exhaustive,
}

/// A task counts as long if it takes at least this part of the budget at the machine's ceiling: only few starts, rounds
/// and candidates fit then.
const LONG: f64 = 1.0 / 5000.0;

/// The rules that a search keeps.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Rules {
    /// Sets the order of rounds.
    pub seed: u64,
    /// Combinations within this share of the leader count as equal to it.
    pub tolerance: f64,
    /// How it proceeds.
    pub strategy: Strategy,
    /// Seconds that it may take, counted as [`Course::elapsed_s`] does; infinite where only the samples end it.
    pub budget_s: f64,
    /// Whether the finalists are measured anew in fresh processes.
    pub confirm: bool,
    /// Whether the winner is also measured on memory of its own.
    pub private: bool,
    /// What bounds the workload on this machine.
    pub model: Model,
}

impl Rules {
    /// A race without a limit of time, with the [defaults].
    #[must_use]
    pub fn new(model: Model) -> Self {
        Self {
            seed: defaults::SEED,
            tolerance: defaults::TOLERANCE,
            strategy: Strategy::Race,
            budget_s: f64::INFINITY,
            confirm: true,
            private: true,
            model,
        }
    }

    /// Whether a single task takes so much of the budget that every run must be planned.
    #[must_use]
    pub fn tasks_are_long(&self) -> bool {
        self.model.task_s >= self.budget_s * LONG && self.model.task_s > 0.0
    }
}

/// Runs a search over `candidates`; those that a rule skips are left alone.
pub fn search(
    candidates: &[Candidate],
    rules: &Rules,
    course: &mut dyn Course,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Found {
    let combinations: Vec<Combination> = candidates.iter().map(|c| c.combination.clone()).collect();
    let mut state = State::new(&combinations, rules, course, progress);
    for (id, candidate) in candidates.iter().enumerate() {
        if let Some(rule) = &candidate.skipped {
            state.skip(id, Unstarted::Rule(rule.clone()));
        }
    }
    let (stop, looks) = match rules.strategy {
        Strategy::Race => {
            Halving::new(&mut state).run();
            race::run(&mut state)
        }
        Strategy::Exhaustive => exhaustive::run(&mut state),
    };
    conclude(state, stop, looks)
}

fn is_peer(combination: &Combination) -> bool {
    combination.executor == gingham_runtime::combination::ExecutorKind::Peer
}
