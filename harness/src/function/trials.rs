//! A registered function in trials of this program, its results in the arena that they share.

use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use gingham_core::Registry;
use gingham_machine::{Machine, available_memory};

use super::course::Place;
use super::space::{BACKEND, candidates};
use super::{Error, FnOutcome, FnTuner};
use crate::arena::{self, Arena};
use crate::clock::Clock;
use crate::combination::Combination;
use crate::environment::Environment;
use crate::outcome::Sample;
use crate::search::{Failure, PREPARATION_SHARE, Stopped, typed};
use crate::space::Cpus;
use crate::trial::protocol::{Hello, PROTOCOL};
use crate::trial::{Program, Trial};
use crate::workload::portion::Portion;
use crate::workload::{self, Call, Judge, Workload};

/// A trial may take so long to answer however short the budget is: that it is too short can be told only then.
const LEAST_DEADLINE: Duration = Duration::from_secs(1);

impl FnTuner {
    /// Races a function that `registry` holds, in trials: `program`, whose `main` begins with [`crate::trial::init`] and a
    /// registry that holds the function too. On all items that samples run, the results of every combination are
    /// compared, bit for bit, with those of a serial run.
    ///
    /// # Errors
    /// [`Error`], also where the function fails on one thread. A combination that fails, hangs or writes other results is
    /// a row that says so.
    pub fn tune_calls(&self, registry: &Registry, program: PathBuf, calls: &Workload) -> Result<FnOutcome, Error> {
        let clock = Clock::start();
        let program = Program::Own(program);
        program.check()?;
        let Call::Function(call) = calls.call() else { return Err(workload::Error::Nothing.into()) };
        registry.function(&call.name).map_err(workload::Error::from)?;
        let cpus = Cpus::of(&Machine::probe());
        let candidates = candidates(call.items, cpus, &self.selection)?;
        let held = calls.within(arena::DEFAULT_LIMIT);
        held.check_memory(available_memory())?;
        let arena = self.arena(&held, &clock)?;
        let trials = Trials {
            program,
            environment: Environment::new(registry, false),
            judge: held.judge(arena.placement(), arena.inputs(), self.seed).map_err(workload::Error::from)?,
            arena,
            deadline: self.deadline.min(self.budget.max(LEAST_DEADLINE)),
            learnt: 0,
            calls: held,
        };
        let largest = Portion { items: call.items, count: trials.calls.tasks() };
        self.race(&candidates, cpus.usable, largest, trials, &clock)
    }

    /// The arena of the results, if the budget leaves the time to make it.
    fn arena(&self, results: &Workload, clock: &Clock) -> Result<Arena, Error> {
        let given = self.budget.as_secs_f64();
        let limit_s = (given - clock.elapsed_s()) * PREPARATION_SHARE;
        let interrupted = || self.interrupt.load(Relaxed);
        match Arena::made_while(results, self.seed, &|needed_s| needed_s <= limit_s && !interrupted()) {
            Err(arena::Error::Stopped { .. }) if interrupted() => Err(Error::Interrupted),
            Err(arena::Error::Stopped { needed_s, .. }) => {
                Err(Error::Budget { given, needed: typed(needed_s / PREPARATION_SHARE) })
            }
            arena => Ok(arena?),
        }
    }
}

/// Trials of a function over an arena.
struct Trials {
    program: Program,
    environment: Environment,
    /// As many calls as the arena has room for the results of.
    calls: Workload,
    arena: Arena,
    judge: Box<dyn Judge>,
    deadline: Duration,
    /// Calls whose results a serial run has shown.
    learnt: usize,
}

impl Trials {
    /// Runs so many items once, and has their results in the arena.
    fn show(&mut self, trial: &mut Trial, count: usize) -> Result<(), Failure> {
        self.judge.poison(self.arena.outputs_mut(), count);
        trial.resume();
        trial.verify(0, count)?;
        trial.stop();
        Ok(())
    }
}

impl Place for Trials {
    type Running = Trial;

    fn start(&mut self, combination: &Combination) -> Result<Trial, Failure> {
        let hello = Hello {
            protocol: PROTOCOL,
            workload: self.calls.clone(),
            combination: combination.clone(),
            arenas: self.arena.locations(),
            tensors: self.arena.placement().tensors.clone(),
            private: false,
        };
        let (trial, _) = Trial::start(&self.program, hello, &self.environment, self.deadline)?;
        trial.stop();
        Ok(trial)
    }

    fn run(&mut self, trial: &mut Trial, warm: usize, portion: Portion, repeat: usize) -> Result<Sample, Failure> {
        Ok(trial.sample(warm, portion.count, repeat)?)
    }

    fn learn(&mut self, serial: &mut Trial, portion: Portion) -> Result<(), Failure> {
        self.show(serial, portion.count)?;
        self.judge.learn(self.arena.outputs(), portion.count);
        self.learnt = portion.count;
        Ok(())
    }

    fn judge(&mut self, trial: &mut Trial) -> Result<(), Failure> {
        self.show(trial, self.learnt)?;
        self.judge.check(BACKEND, self.arena.outputs(), self.learnt)?;
        Ok(())
    }

    fn end(&mut self, trial: Trial) -> Stopped {
        // How it ends is of no weight: what it measured stands.
        let (peak_rss_bytes, threads) = trial.quit().unwrap_or_default();
        Stopped { peak_rss_bytes, threads, error_ratio: None }
    }
}
