//! The front for functions of a user's own: which executor, how many workers and which chunk run them fastest.
//!
//! A closure over items captures what it likes and cannot be sent to another process, so it is raced in this process,
//! on pools of threads that are started for it. A function that the program has registered by name
//! ([`Registry::with_function`](gingham_core::Registry::with_function)) is raced in trials like any workload.
//!
//! ```no_run
//! use gingham_harness::tuner::FnTuner;
//!
//! let work = |item: usize| (0..item * 1000).map(|x| (x as f64).sqrt()).sum::<f64>();
//! let tuned = FnTuner::default().tune_fn(400, |_cx, item| {
//!     std::hint::black_box(work(item));
//!     Ok(())
//! })?;
//! println!("{tuned}");
//! let mut sums = vec![0.0; 400];
//! tuned.plan(&gingham_core::Registry::new())?.call_each_mut(&mut sums, |_cx, item, sum| {
//!     *sum = work(item);
//!     Ok(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(target_os = "linux")]
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use gingham_core::{Context, OpThreads, Registry};
use gingham_machine::{Ceilings, Machine};
use gingham_runtime::clock::Clock;
use gingham_runtime::combination::{Combination, FUNCTIONS};
use gingham_runtime::executor::BoxError;
use gingham_runtime::rules::Cpus;
use gingham_runtime::workload::Workload;

use super::Error;
#[cfg(target_os = "linux")]
use super::Tuner;
use crate::course::pools::Pools;
use crate::defaults;
use crate::outcome::{Outcome, Setting, Site};
use crate::progress::{Listener, Progress};
use crate::search::{Model, Rules, sampling, search};
use crate::space::{Selection, candidates, narrowing};

/// Tunes functions.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FnTuner {
    /// The part of the space to look at. Op threads that are left out are one; backends are not looked at, since a
    /// function has none.
    pub selection: Selection,
    /// How long it may take in all.
    pub budget: Duration,
    /// How long a trial may take to answer.
    pub deadline: Duration,
    /// Combinations within this share of the best count as equal to it.
    pub tolerance: f64,
    /// Sets the order of rounds.
    pub seed: u64,
    /// Once true, the tuning ends with what is known so far.
    pub interrupt: Arc<AtomicBool>,
    /// Receives its progress, between samples only.
    pub progress: Listener,
}

impl Default for FnTuner {
    /// All executors, workers and chunks, in at most a minute.
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            budget: defaults::BUDGET,
            deadline: defaults::DEADLINE,
            tolerance: defaults::TOLERANCE,
            seed: defaults::SEED,
            interrupt: Arc::default(),
            progress: Listener::default(),
        }
    }
}

impl FnTuner {
    /// Races a closure in this process. It is called with indices below `items`, by several threads at once and many
    /// times, and must do the same each time; [`Context::op_threads`] is what it may use itself. A closure that never
    /// returns is waited for without end: only a function in a trial has a deadline.
    ///
    /// # Errors
    /// [`Error`], also where the closure fails or panics on one thread. A combination on which it fails becomes a row
    /// that says so.
    pub fn tune_fn<F>(&self, items: usize, f: F) -> Result<Outcome, Error>
    where
        F: Fn(&Context<'_>, usize) -> Result<(), BoxError> + Sync,
    {
        let clock = Clock::start();
        let raced = self.race(items, &f, &clock);
        self.tell(Progress::Ended, &clock);
        raced
    }

    /// Races the function that a workload calls, in trials: `program`, whose `main` begins with [`crate::trial::init`]
    /// and a registry that holds the function too. On all items that samples run, the results of every combination are
    /// compared, bit for bit, with those of a serial run. The same as [`Tuner::tune`] with these settings.
    ///
    /// # Errors
    /// [`Error`], also where the function fails on one thread. A combination that fails, hangs or writes other results
    /// becomes a row that says so.
    #[cfg(target_os = "linux")]
    pub fn tune_calls(&self, registry: &Registry, program: PathBuf, calls: &Workload) -> Result<Outcome, Error> {
        let tuner = Tuner {
            selection: self.selection.clone(),
            budget: self.budget,
            deadline: self.deadline,
            tolerance: self.tolerance,
            seed: self.seed,
            interrupt: Arc::clone(&self.interrupt),
            ..Tuner::new(registry.clone(), calls.clone(), program)
        };
        let raced = tuner.tune(&mut |told, left_s| self.progress.tell(told, left_s));
        self.progress.tell(Progress::Ended, 0.0);
        raced
    }

    fn tell(&self, progress: Progress<'_>, clock: &Clock) {
        self.progress.tell(progress, self.budget.as_secs_f64() - clock.elapsed_s());
    }

    fn race<F>(&self, items: usize, f: &F, clock: &Clock) -> Result<Outcome, Error>
    where
        F: Fn(&Context<'_>, usize) -> Result<(), BoxError> + Sync,
    {
        let (machine, budget_s) = (Machine::probe(), self.budget.as_secs_f64());
        let (workload, registry, cpus) = (Workload::closure(items)?, Registry::new(), Cpus::of(&machine));
        let candidates = candidates(&registry, &workload, cpus, &self.selection)?;
        let one_thread = Combination::serial(FUNCTIONS, OpThreads::ONE);
        self.tell(Progress::Admitting { combination: &one_thread, left: candidates.len() }, clock);
        let combinations = candidates.iter().map(|candidate| candidate.combination.clone()).collect();
        let mut pools = Pools::new(f, items, combinations, &self.interrupt, clock.clone());
        let item_s = pools.item_s(&one_thread)?;
        let part = sampling::items([budget_s, clock.elapsed_s()], item_s, cpus.usable, items, &candidates)
            .map_err(|needed| Error::Budget { given: budget_s, needed, workload: workload.clone() })?;
        pools.limit(part);
        let site = Site { machine, env_cleared: Vec::new(), ceilings: Ceilings::default() };
        let model = Model::new(&workload.with_fewer_tasks(part), &site.machine, &site.ceilings);
        let rules = Rules { seed: self.seed, tolerance: self.tolerance, budget_s, private: false, ..Rules::new(model) };
        let found = search(&candidates, &rules, &mut pools, &mut |told| self.tell(told, clock));
        let setting = Setting {
            site,
            versions: std::collections::BTreeMap::new(),
            arena_tasks: part,
            prefault_s: 0.0,
            narrowed_by: narrowing(&self.selection, &registry, &workload, cpus),
            workload,
        };
        Ok(Outcome::new(found, &candidates, &rules, setting, vec![clock.elapsed_s()]))
    }
}
