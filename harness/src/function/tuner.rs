//! The tuning of a function: its combinations, in a race.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use gingham_core::{Context, OpThreads};
use gingham_machine::Machine;

use super::FnOutcome;
use super::course::{FnCourse, Place, item_seconds};
use super::pools::Pools;
use super::space::{BACKEND, candidates};
use crate::clock::Clock;
use crate::combination::Combination;
use crate::executor::{self, BoxError, MAX_WORKERS};
use crate::progress::{Listener, Progress};
use crate::search::{Failure, Model, Rules, search};
use crate::space::{Candidate, Cpus, Selection};
use crate::workload::portion::Portion;
use crate::workload::{self, Workload};

/// The part of the budget that a sample of one thread may take: it comes in a dozen rounds of the confirmation.
const LONGEST_SAMPLE: f64 = 0.01;

/// Items of a sample for each CPU at least, where there are as many: with fewer, the one that ends last would decide.
const FEWEST_ITEMS: usize = 8;

/// Tunes functions.
#[derive(Debug, Clone)]
pub struct FnTuner {
    /// The part of the space to look at. Op threads that are left out are one; backends are not looked at, since a
    /// function has none.
    pub selection: Selection,
    /// How long it may take in all.
    pub budget: Duration,
    /// How long a trial may take to answer.
    pub deadline: Duration,
    /// Combinations within this share of the best are not told apart from it.
    pub tolerance: f64,
    /// Sets the order of rounds.
    pub seed: u64,
    /// Once true, the tuning ends with what is known so far.
    pub interrupt: Arc<AtomicBool>,
    /// Hears of its progress, between samples only.
    pub progress: Listener,
}

/// A function that cannot be tuned, or a result without a plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing to run.
    #[error("0 items; expected at least 1")]
    NoItems,
    /// A number of workers that no pool can have.
    #[error("{given} workers; expected 1 to {MAX_WORKERS}")]
    Workers {
        /// The number that was given.
        given: usize,
    },
    /// The selection leaves nothing to race.
    #[error("no combination of these can run the function: {reason}")]
    Empty {
        /// Why the first of them cannot.
        reason: String,
    },
    /// It is not a function that is registered.
    #[error(transparent)]
    Workload(#[from] workload::Error),
    /// The program does not serve its trials.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Uninitialised(#[from] crate::trial::Uninitialised),
    /// The results do not fit the machine.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Memory(#[from] workload::memory::TooLarge),
    /// The memory for them cannot be had.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Arena(#[from] crate::arena::Error),
    /// It was interrupted before there was anything to measure.
    #[error("interrupted before any combination was measured")]
    Interrupted,
    /// The budget is too short for one round.
    #[error("a budget of {given:.1} s is too short for one round; the smallest that would do is {needed:.0} s")]
    Budget {
        /// Seconds that were given.
        given: f64,
        /// Seconds that would do.
        needed: f64,
    },
    /// It does not run on one thread, so there is nothing to compare others with.
    #[error("the function does not run on one thread: {reason}")]
    Serial {
        /// Why not.
        reason: String,
    },
    /// There is no plan, since no combination ran to its end.
    #[error("no combination ran to its end; {reason}")]
    NothingRan {
        /// The first of them, and why it did not.
        reason: String,
    },
    /// The pool of the plan cannot be had.
    #[error(transparent)]
    Executor(#[from] executor::Error),
}

impl Default for FnTuner {
    /// All executors, workers and chunks, in at most a minute.
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            budget: Duration::from_secs(60),
            deadline: Duration::from_secs(30),
            tolerance: 0.02,
            seed: 0,
            interrupt: Arc::default(),
            progress: Listener::default(),
        }
    }
}

impl FnTuner {
    /// Races a closure in this process. It is called with indices below `items`, by several threads at once and many
    /// times over, and does the same each time; [`Context::op_threads`] is what it may use itself. One that never
    /// returns is waited for: only a task in a trial has a deadline.
    ///
    /// # Errors
    /// [`Error`], also where the closure fails or panics on one thread. A combination that it fails on is a row that
    /// says so.
    pub fn tune_fn<F>(&self, items: usize, f: F) -> Result<FnOutcome, Error>
    where
        F: Fn(&Context<'_>, usize) -> Result<(), BoxError> + Sync,
    {
        let clock = Clock::start();
        let cpus = Cpus::of(&Machine::probe());
        let candidates = candidates(items, cpus, &self.selection)?;
        self.race(&candidates, cpus.usable, Portion::whole(items), Pools::new(&f), &clock)
    }

    /// Races `candidates` in some place, where one run can have `largest` at most. Samples are of the part of it that
    /// one thread does in a hundredth of the budget.
    pub(super) fn race<P: Place>(
        &self,
        candidates: &[Candidate],
        cpus: usize,
        largest: Portion,
        place: P,
        clock: &Clock,
    ) -> Result<FnOutcome, Error> {
        let raced = self.raced(candidates, cpus, largest, place, clock);
        self.tell(Progress::Ended, clock);
        raced
    }

    fn tell(&self, progress: Progress<'_>, clock: &Clock) {
        self.progress.tell(progress, self.budget.as_secs_f64() - clock.elapsed_s());
    }

    fn raced<P: Place>(
        &self,
        candidates: &[Candidate],
        cpus: usize,
        largest: Portion,
        mut place: P,
        clock: &Clock,
    ) -> Result<FnOutcome, Error> {
        let budget_s = self.budget.as_secs_f64();
        let failed = |failure: Failure| Error::Serial { reason: failure.reason };
        let one_thread = Combination::serial(BACKEND, OpThreads::ONE);
        self.tell(Progress::Admitting { combination: &one_thread, left: candidates.len() }, clock);
        let mut serial = place.start(&one_thread).map_err(failed)?;
        let item_s = item_seconds(&mut place, &mut serial, 1, largest).map_err(failed)?;
        let count = (budget_s * LONGEST_SAMPLE / item_s.max(1e-12)) as usize;
        let portion = Portion { count: count.max(FEWEST_ITEMS * cpus).min(largest.count), ..largest };
        let rows = candidates.iter().filter(|candidate| candidate.skipped.is_none());
        let sample_s = item_s * portion.count as f64;
        let round_s: f64 = rows.map(|row| sample_s / row.combination.runnable().min(cpus) as f64).sum();
        let spent_s = clock.elapsed_s();
        if spent_s + round_s > budget_s {
            return Err(Error::Budget { given: budget_s, needed: (spent_s + 2.0 * round_s).ceil() });
        }
        place.learn(&mut serial, portion).map_err(failed)?;
        place.end(serial);

        let rules = Rules {
            seed: self.seed,
            tolerance: self.tolerance,
            budget_s,
            private: false,
            ..Rules::new(Model { tasks: portion.count, cpus, gain: cpus as f64, beyond_cache: 0, task_s: 0.0 })
        };
        let combinations = candidates.iter().map(|candidate| candidate.combination.clone()).collect();
        let mut course = FnCourse::new(place, combinations, portion, &self.interrupt, clock.clone());
        let found = search(candidates, &rules, &mut course, &mut |told| self.tell(told, clock));
        Ok(FnOutcome::new(largest.items, candidates, found, clock.elapsed_s()))
    }
}

#[cfg(target_os = "linux")]
impl crate::Tuner {
    /// Races a closure over the executors of this process, with this tuner's budget, tolerance, seed and selection, as
    /// [`FnTuner::tune_fn`] does; its workload and its backends are not looked at.
    ///
    /// # Errors
    /// [`Error`]
    pub fn tune_fn<F>(&self, items: usize, f: F) -> Result<FnOutcome, Error>
    where
        F: Fn(&Context<'_>, usize) -> Result<(), BoxError> + Sync,
    {
        self.functions().tune_fn(items, f)
    }

    /// Races a function of this tuner's registry in trials of its program, as [`FnTuner::tune_calls`] does.
    ///
    /// # Errors
    /// [`Error`]
    pub fn tune_calls(&self, calls: &Workload) -> Result<FnOutcome, Error> {
        self.functions().tune_calls(&self.registry, self.program.clone(), calls)
    }

    fn functions(&self) -> FnTuner {
        FnTuner {
            selection: self.selection.clone(),
            budget: self.budget,
            deadline: self.deadline,
            tolerance: self.tolerance,
            seed: self.seed,
            interrupt: Arc::clone(&self.interrupt),
            progress: Listener::default(),
        }
    }
}
