//! The course of a closure: pools of this process.
//!
//! All pools of a race stay alive and sleep. A thread that finds nothing to do spins for some microseconds at most, and
//! these end within the untimed items before a sample. In a round every candidate runs the same items, spread over all
//! of them, because times per item can be compared only if the items are the same.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use gingham_core::Context;
use gingham_machine::Neighbours;
use gingham_machine::counters::Usage;
use gingham_runtime::clock::Clock;
use gingham_runtime::combination::Combination;
use gingham_runtime::engine::Engine;
use gingham_runtime::executor::{BoxError, TaskErrors};
use gingham_runtime::workload::Portion;

use crate::reading::Reading;
use crate::reason::{Failure, FailureKind};
use crate::sample::Sample;
use crate::search::{Course, Process, Started, Stopped, sampling};

/// Pools of this process that run a closure.
pub(crate) struct Pools<'a, F> {
    f: &'a F,
    /// Items of a sample at most, of all.
    most: Portion,
    combinations: Vec<Combination>,
    running: HashMap<Process, Running>,
    interrupt: &'a AtomicBool,
    neighbours: Neighbours,
    clock: Clock,
}

struct Running {
    engine: Engine,
    /// Seconds that an item took when it last ran.
    item_s: f64,
}

impl<'a, F: Fn(&Context<'_>, usize) -> Result<(), BoxError> + Sync> Pools<'a, F> {
    /// `clock` began with the budget.
    pub(crate) fn new(
        f: &'a F,
        items: usize,
        combinations: Vec<Combination>,
        interrupt: &'a AtomicBool,
        clock: Clock,
    ) -> Self {
        let (most, neighbours) = (Portion::whole(items), Neighbours::of_this_thread());
        Self { f, most, combinations, running: HashMap::new(), interrupt, neighbours, clock }
    }

    /// Seconds that an item takes on a fresh pool.
    ///
    /// # Errors
    /// [`Failure`], where an item fails.
    pub(crate) fn item_s(&self, combination: &Combination) -> Result<f64, Failure> {
        self.item_s_on(&ready(combination)?, 1)
    }

    /// Runs at most `items` items in a sample from here on.
    pub(crate) fn limit(&mut self, items: usize) {
        self.most.count = items;
    }

    /// Seconds that an item takes on `engine`, of which `count` items are run first.
    fn item_s_on(&self, engine: &Engine, count: usize) -> Result<f64, Failure> {
        sampling::seconds_each(count, self.most.count, |count| Ok(self.run(engine, 0, count, 1)?.wall_s))
    }

    /// Runs `warm` items untimed, then `count`, `repeat` times over.
    fn run(&self, engine: &Engine, warm: usize, count: usize, repeat: usize) -> Result<Sample, Failure> {
        let failed = |errors: TaskErrors| Failure::new(FailureKind::Failed, errors.to_string());
        let part = |count| Portion { count, ..self.most }.call_each(engine, self.f).map_err(failed);
        if warm > 0 {
            part(warm)?;
        }
        let before = Reading::before(Usage::of_self(), &self.neighbours);
        let start = Instant::now();
        (0..repeat).try_for_each(|_| part(count))?;
        let wall_s = start.elapsed().as_secs_f64();
        Ok(before.after(Usage::of_self, &self.neighbours, wall_s, [count, repeat]))
    }

    fn warm(&self, engine: &Engine) -> usize {
        engine.workers().min(self.most.count)
    }
}

fn ready(combination: &Combination) -> Result<Engine, Failure> {
    if combination.executor.transport().is_some() {
        let reason = "other processes do not have the closures of this one; register it by name instead";
        return Err(Failure::new(FailureKind::Refused, reason));
    }
    Engine::for_functions(combination).map_err(|error| Failure::new(FailureKind::Refused, error.to_string()))
}

impl<F: Fn(&Context<'_>, usize) -> Result<(), BoxError> + Sync> Course for Pools<'_, F> {
    fn admit(&mut self, process: Process) -> Result<Started, Failure> {
        let engine = ready(&self.combinations[process.candidate])?;
        let warm = self.warm(&engine);
        let cold_s = self.run(&engine, 0, warm, 1)?.wall_s;
        let item_s = self.item_s_on(&engine, warm)?;
        self.running.insert(process, Running { engine, item_s });
        Ok(Started { version: env!("CARGO_PKG_VERSION").into(), cold_s, ..Started::default() })
    }

    fn sample(&mut self, process: Process, round: usize, items: usize) -> Result<Sample, Failure> {
        let mut running =
            self.running.remove(&process).expect("a search samples what it has admitted and not dismissed");
        let count = items.min(self.most.count);
        let repeat = sampling::repeats(running.item_s * count as f64);
        let sample = self.run(&running.engine, self.warm(&running.engine), count, repeat)?;
        running.item_s = sample.seconds_per_task();
        self.running.insert(process, running);
        Ok(Sample { round, ..sample })
    }

    /// What a closure computes is its own: that it has returned is all that can be checked.
    fn dismiss(&mut self, process: Process, _judge: bool) -> Result<Stopped, Failure> {
        self.running.remove(&process);
        Ok(Stopped::default())
    }

    fn elapsed_s(&self) -> f64 {
        self.clock.elapsed_s()
    }

    fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }
}
