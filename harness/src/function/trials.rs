//! A registered task in trials of this program, its results in the arena that they share.

use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use gingham_core::Registry;
use gingham_machine::{Machine, available_memory};

use super::course::Place;
use super::portion::Portion;
use super::space::candidates;
use super::{Calls, Error, FnOutcome, FnTuner};
use crate::arena::{self, Arena};
use crate::clock::Clock;
use crate::combination::Combination;
use crate::environment::Environment;
use crate::operands;
use crate::outcome::{Sample, Status};
use crate::search::{Farewell, Fault, PREPARATION_SHARE, typed};
use crate::space::Cpus;
use crate::trial::protocol::{Hello, PROTOCOL};
use crate::trial::{Program, Trial};
use crate::workload::Workload;

/// A trial may take so long to answer however short the budget is: that it is too short can be told only then.
const LEAST_DEADLINE: Duration = Duration::from_secs(1);

impl FnTuner {
    /// Races a task that `registry` holds, in trials: `program`, whose `main` begins with [`crate::trial::init`] and a
    /// registry that holds the task too. On all items that samples run, the results of every combination are compared,
    /// bit for bit, with those of a serial run.
    ///
    /// # Errors
    /// [`Error`], also where the task fails on one thread. A combination that fails, hangs or writes other results is a
    /// row that says so.
    pub fn tune_task(&self, registry: &Registry, program: PathBuf, calls: &Calls) -> Result<FnOutcome, Error> {
        let clock = Clock::start();
        let program = Program::Own(program);
        program.check()?;
        registry.task(calls.task())?;
        let cpus = Cpus::of(&Machine::probe());
        let candidates = candidates(calls.items(), cpus, &self.selection)?;
        let results = calls.results()?;
        let held = operands::within(&results, arena::DEFAULT_LIMIT);
        operands::check_memory(&held, available_memory())?;
        let trials = Trials {
            program,
            environment: Environment::new(registry, false),
            arena: self.arena(&held, &clock)?,
            results: held,
            calls: calls.clone(),
            deadline: self.deadline.min(self.budget.max(LEAST_DEADLINE)),
            learnt: Vec::new(),
        };
        let largest = Portion { items: calls.items(), count: trials.results.tasks() };
        self.race(&candidates, cpus.usable, largest, trials, &clock)
    }

    /// The arena of the results, if the budget leaves the time to make it.
    fn arena(&self, results: &Workload, clock: &Clock) -> Result<Arena, Error> {
        let given = self.budget.as_secs_f64();
        let limit_s = (given - clock.elapsed_s()) * PREPARATION_SHARE;
        let interrupted = || self.interrupt.load(Relaxed);
        match Arena::made_while::<f64>(results, self.seed, &|needed_s| needed_s <= limit_s && !interrupted()) {
            Err(arena::Error::Stopped { .. }) if interrupted() => Err(Error::Interrupted),
            Err(arena::Error::Stopped { needed_s, .. }) => {
                Err(Error::Budget { given, needed: typed(needed_s / PREPARATION_SHARE) })
            }
            arena => Ok(arena?),
        }
    }
}

/// Trials of a task over an arena.
struct Trials {
    program: Program,
    environment: Environment,
    arena: Arena,
    /// The outputs of this workload lie where the results do.
    results: Workload,
    calls: Calls,
    deadline: Duration,
    /// Results of a serial run, a list an item of the portion that it ran.
    learnt: Vec<Vec<f64>>,
}

impl Trials {
    /// Runs so many items once, and has their results in the arena.
    fn show(&mut self, trial: &mut Trial, count: usize) -> Result<(), Fault> {
        self.arena.poison::<f64>(count);
        trial.resume();
        trial.verify(0, count)?;
        trial.stop();
        Ok(())
    }

    /// The results at a place of the arena.
    fn written(&self, place: usize) -> Vec<f64> {
        let [tensor] = &self.arena.placement().tensors[..] else { return Vec::new() };
        let results = tensor.view(place, self.arena.outputs::<f64>());
        results.map(|results| results.iter().copied().collect()).unwrap_or_default()
    }
}

impl Place for Trials {
    type Running = Trial;

    fn start(&mut self, combination: &Combination) -> Result<Trial, Fault> {
        let hello = Hello {
            protocol: PROTOCOL,
            workload: self.results.clone(),
            combination: combination.clone(),
            arenas: self.arena.locations(),
            tensors: self.arena.placement().tensors.clone(),
            private: false,
            calls: Some(self.calls.clone()),
        };
        let (trial, _) = Trial::start(&self.program, hello, &self.environment, self.deadline)?;
        trial.stop();
        Ok(trial)
    }

    fn run(&mut self, trial: &mut Trial, warm: usize, portion: Portion, repeat: usize) -> Result<Sample, Fault> {
        Ok(trial.sample(warm, portion.count, repeat)?)
    }

    fn learn(&mut self, serial: &mut Trial, portion: Portion) -> Result<(), Fault> {
        self.show(serial, portion.count)?;
        self.learnt = (0..portion.count).map(|place| self.written(place)).collect();
        Ok(())
    }

    fn judge(&mut self, trial: &mut Trial) -> Result<(), Fault> {
        self.show(trial, self.learnt.len())?;
        let portion = Portion { items: self.calls.items(), count: self.learnt.len() };
        for (place, learnt) in self.learnt.iter().enumerate() {
            let written = self.written(place);
            let differs = |(a, b): &(&f64, &f64)| a.to_bits() != b.to_bits();
            if let Some((at, (is, should))) = written.iter().zip(learnt).enumerate().find(|(_, pair)| differs(pair)) {
                let item = portion.item(place);
                let reason = format!("item {item}: result {at} is {is:e}; a serial run writes {should:e}");
                return Err(Fault { status: Status::Wrong, reason });
            }
        }
        Ok(())
    }

    fn end(&mut self, trial: Trial) -> Farewell {
        // How it ends is of no weight: what it measured stands.
        let (peak_rss_bytes, threads) = trial.quit().unwrap_or_default();
        Farewell { peak_rss_bytes, threads, error_ratio: None }
    }
}
