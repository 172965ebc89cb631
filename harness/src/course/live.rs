//! The course of a tuning: trials over one arena, which a driver starts, samples and ends, on the clock of a budget.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gingham_machine::available_memory;
use gingham_runtime::clock::Clock;
use gingham_runtime::combination::{Combination, ExecutorKind};
use gingham_runtime::quantity::bytes;

use crate::journal::Resumable;
use crate::reason::{Failure, FailureKind};
use crate::sample::Sample;
use crate::search::{Course, Process, Role, Started, Stopped};
use crate::trial::Program;
use crate::trial::driver::{Driver, Running, Start};

/// What the trials of a tuning keep to.
#[derive(Clone, Copy)]
pub(crate) struct Limits<'a> {
    /// The program that trials of our own combinations are.
    pub(crate) program: &'a Program,
    /// Runners of other programs.
    pub(crate) peers: &'a [Program],
    pub(crate) budget: Duration,
    /// How long a trial may take to answer.
    pub(crate) deadline: Duration,
    /// How often a task is run again after a worker process has died of it.
    pub(crate) retries: usize,
    /// Seconds that a task takes at least on one core.
    pub(crate) task_s: f64,
    /// Once true, the user wants no more.
    pub(crate) interrupt: &'a AtomicBool,
}

/// Trials over an arena.
pub(crate) struct Live<'a> {
    driver: Driver,
    limits: Limits<'a>,
    combinations: Vec<Combination>,
    running: HashMap<Process, Running>,
    clock: Clock,
}

impl<'a> Limits<'a> {
    /// What a trial of `combination` is started with.
    pub(crate) fn start(&self, combination: &Combination, private: bool, clock: &Clock) -> Start<'a> {
        // A trial that hangs may cost the time that is left; a trial of a peer, whose program is unknown, half of it.
        let left = self.budget.as_secs_f64() - clock.elapsed_s();
        let left = if combination.executor == ExecutorKind::Peer { left / 2.0 } else { left };
        Start {
            program: self.peers.iter().find(|peer| peer.is(combination)).unwrap_or(self.program),
            deadline: self.deadline.min(Duration::from_secs_f64(left.max(1.0))),
            private,
            retries: self.retries,
            task_s: self.task_s,
            budget_s: self.budget.as_secs_f64(),
        }
    }
}

impl<'a> Live<'a> {
    pub(crate) fn new(driver: Driver, limits: Limits<'a>, combinations: Vec<Combination>, clock: Clock) -> Self {
        Self { driver, limits, combinations, running: HashMap::new(), clock }
    }

    fn started(&mut self, process: Process) -> Result<(Running, Started), Failure> {
        let (copy, private) = (self.driver.held().batch_bytes(), process.role == Role::Private);
        if private && copy > available_memory() / 2 {
            let reason = format!("{} of private memory are not available", bytes(copy));
            return Err(Failure { retry: true, ..Failure::new(FailureKind::Refused, reason) });
        }
        let combination = &self.combinations[process.candidate];
        self.driver.start(combination, &self.limits.start(combination, private, &self.clock))
    }

    /// What `done` gives. A trial that was ended because the budget was over has not failed.
    fn told<R>(&self, done: Result<R, Failure>) -> Result<R, Failure> {
        let is_over = self.clock.elapsed() >= self.limits.budget;
        done.map_err(|failure| match failure.kind {
            FailureKind::Timeout if is_over => {
                Failure::new(FailureKind::Skipped, "the budget ended before it answered")
            }
            _ => failure,
        })
    }
}

impl Course for Live<'_> {
    fn probe(&mut self, candidate: usize) -> Option<f64> {
        let combination = &self.combinations[candidate];
        let start = self.limits.start(combination, false, &self.clock);
        self.driver.probe(combination, &start)
    }

    fn admit(&mut self, process: Process) -> Result<Started, Failure> {
        let admitted = self.started(process).map(|(running, started)| {
            self.running.insert(process, running);
            started
        });
        self.told(admitted)
    }

    fn sample(&mut self, process: Process, round: usize, tasks: usize) -> Result<Sample, Failure> {
        let running = self.running.get_mut(&process).expect("a search samples what it has admitted and not dismissed");
        let sample = running.sample(round, tasks);
        if sample.is_err() {
            self.running.remove(&process);
        }
        self.told(sample)
    }

    fn dismiss(&mut self, process: Process, judge: bool) -> Result<Stopped, Failure> {
        let running = self.running.remove(&process);
        let stopped = running.map_or_else(|| Ok(Stopped::default()), |running| self.driver.stop(running, judge));
        self.told(stopped)
    }

    fn elapsed_s(&self) -> f64 {
        self.clock.elapsed_s()
    }

    fn interrupted(&self) -> bool {
        self.limits.interrupt.load(Ordering::Relaxed)
    }
}

impl Resumable for Live<'_> {
    fn restart(&mut self, process: Process, before: &Started) -> Result<(), Failure> {
        let had = self.clock.elapsed();
        let restarted = self.started(process).map(|(mut running, _)| {
            // Its samples are of the same part of the batch as before the kill, however fast it is now.
            running.limit(before.most_tasks.unwrap_or(self.driver.held().tasks()));
            self.running.insert(process, running);
        });
        self.clock.set(had);
        restarted
    }
}
