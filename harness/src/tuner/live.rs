//! The course of a tuning: trials over one arena, started, verified, woken for a sample, and ended.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gingham_machine::available_memory;

use super::Tuner;
use crate::arena::Arena;
use crate::clock::Clock;
use crate::combination::{Combination, ExecutorKind};
use crate::environment::Environment;
use crate::journal::Resumable;
use crate::quantity::bytes;
use crate::sample::Sample;
use crate::search::{Course, Failure, FailureKind, Process, Role, Started, Stopped, sampling};
use crate::trial::protocol::{Hello, PROTOCOL};
use crate::trial::{Death, Program, Ready, Trial};
use crate::waves;
use crate::workload::judge::Wrong;
use crate::workload::{Judge, Workload};

/// Sides of the matrices of a probe: 5 ms at 59 GF/s, and a rate that is within a third of that of large ones.
const PROBE_SIDE: usize = 512;

/// Timed runs of a probe, of which the shortest counts, and seconds after which no more are made: plain loops take 0.13 s
/// for one, and eleven of them took 1.5 of a budget of 9.
const PROBE_RUNS: usize = 10;
const PROBE_S: f64 = 0.1;

/// Trials over an arena.
pub(super) struct Live<'a> {
    tuner: &'a Tuner,
    cpus: usize,
    combinations: Vec<Combination>,
    environment: Environment,
    /// The part of the workload that the arena holds.
    held: Workload,
    arena: Arena,
    judge: Box<dyn Judge>,
    /// Seconds that a task takes on one core at least.
    task_s: f64,
    running: HashMap<Process, Running>,
    clock: Clock,
    elapsed_s: f64,
}

/// A trial, with what a sample of it consists of.
struct Running {
    trial: Trial,
    /// Tasks run before a sample, untimed: one for each worker.
    warm: usize,
    /// Tasks of a sample at most.
    most: usize,
    /// Seconds that a task took when it last ran.
    task_s: f64,
    started: Started,
}

impl<'a> Live<'a> {
    pub(super) fn new(
        tuner: &'a Tuner,
        cpus: usize,
        combinations: Vec<Combination>,
        environment: Environment,
        held: Workload,
        arena: Arena,
        judge: Box<dyn Judge>,
        task_s: f64,
        clock: Clock,
    ) -> Self {
        let (running, elapsed_s) = (HashMap::new(), clock.elapsed_s());
        Self { tuner, cpus, combinations, environment, held, arena, judge, task_s, running, clock, elapsed_s }
    }

    /// Starts a trial, runs it cold, and judges its results.
    fn start(&mut self, process: Process) -> Result<Running, Failure> {
        let copy = self.held.batch_bytes();
        if process.role == Role::Private && copy > available_memory() / 2 {
            let reason = format!("{} of private memory are not to be had", bytes(copy));
            return Err(Failure { retry: true, ..Failure::new(FailureKind::Refused, reason) });
        }
        let combination = self.combinations[process.candidate].clone();
        let held = self.held.tasks();
        let (warm, wave) = match combination.executor {
            // What a peer has for workers it does not say: all that can be at work at once are woken.
            ExecutorKind::Peer => (self.cpus.min(held), self.cpus.min(held)),
            _ => (combination.workers.min(held), waves::wave(&combination, held)),
        };
        let (mut trial, ready) = self.trial(&combination, &self.held, &self.arena, process.role == Role::Private)?;

        let budget_s = self.tuner.budget.as_secs_f64();
        let most = |task_s: f64| sampling::part(budget_s, task_s, wave, held);
        let (cold_s, first_s, judged) = if sampling::warms(self.task_s) {
            let cold_s = trial.run(0, wave, 1)?.wall_s;
            let judged = most(cold_s / wave as f64).min(4 * wave.max(self.cpus)).min(held);
            self.judge.poison(self.arena.outputs_mut(), judged);
            (cold_s, trial.verify(0, judged)?.wall_s, judged)
        } else {
            self.judge.poison(self.arena.outputs_mut(), wave);
            let cold_s = trial.verify(0, wave)?.wall_s;
            (cold_s, cold_s, wave)
        };
        let error_ratio = self.judge.check(&combination.backend, self.arena.outputs(), judged)?;
        trial.stop();
        let task_s = first_s / judged as f64;
        let most = most(task_s);
        let started = Started {
            version: ready.version,
            kernels: ready.kernels,
            cold_s,
            error_ratio,
            most_tasks: (most < held).then_some(most),
        };
        Ok(Running { trial, warm, most, task_s, started })
    }

    /// A runner of `combination`, ready to run tasks of `workload` over `arena`.
    fn trial(
        &self,
        combination: &Combination,
        workload: &Workload,
        arena: &Arena,
        private: bool,
    ) -> Result<(Trial, Ready), Death> {
        let hello = Hello {
            protocol: PROTOCOL,
            workload: workload.clone(),
            combination: combination.clone(),
            arenas: arena.locations(),
            tensors: arena.placement().tensors.clone(),
            private,
        };
        // A trial that hangs may cost what is left, not more; a peer, which nobody has verified, half of it.
        let left = self.tuner.budget.as_secs_f64() - self.clock.elapsed_s();
        let left = if combination.executor == ExecutorKind::Peer { left / 2.0 } else { left };
        let deadline = self.tuner.deadline.min(Duration::from_secs_f64(left.max(1.0)));
        Trial::start(&self.program(combination), hello, &self.environment, deadline)
    }

    /// Seconds that a whole task would take at the rate of a small one.
    fn probed(&self, candidate: usize) -> Option<f64> {
        let small = self.held.small(PROBE_SIDE);
        let arena = Arena::new(&small, self.tuner.seed).ok()?;
        let (mut trial, _) = self.trial(&self.combinations[candidate], &small, &arena, false).ok()?;
        trial.run(0, 1, 1).ok()?;
        let (mut shortest, mut spent_s) = (f64::INFINITY, 0.0);
        for _ in 0..PROBE_RUNS {
            let run_s = trial.run(0, 1, 1).ok()?.wall_s;
            shortest = run_s.min(shortest);
            spent_s += run_s;
            if spent_s > PROBE_S {
                break;
            }
        }
        // How it ends is of no weight.
        let _ = trial.quit();
        Some(shortest * self.held.work(1) / small.work(1))
    }

    fn program(&self, combination: &Combination) -> Program {
        let peer = self.tuner.named_peers().find(|(peer, _)| peer == combination);
        peer.map_or_else(|| Program::Own(self.tuner.program.clone()), |(_, program)| program.clone())
    }

    /// What `done` gives, once the clock has been read.
    fn at<R>(&mut self, done: R) -> R {
        self.elapsed_s = self.clock.elapsed_s();
        done
    }

    /// As [`Self::at`]. A trial that was ended because the budget was over has not failed.
    fn told<R>(&mut self, done: Result<R, Failure>) -> Result<R, Failure> {
        let done = self.at(done);
        let is_over = self.elapsed_s >= self.tuner.budget.as_secs_f64();
        done.map_err(|failure| match failure.kind {
            FailureKind::Timeout if is_over => {
                Failure::new(FailureKind::Skipped, "the budget ended before it answered")
            }
            _ => failure,
        })
    }

    fn sampled(&mut self, process: Process, round: usize, tasks: usize) -> Result<Sample, Failure> {
        let running = self.running.get_mut(&process).expect("a search samples whom it has admitted and not dismissed");
        let tasks = tasks.min(running.most);
        let repeat = sampling::repeats(running.task_s * tasks as f64);
        let warm = if sampling::warms(running.task_s * running.warm as f64) { running.warm } else { 0 };
        match running.trial.sample(warm, tasks, repeat) {
            Ok(sample) => {
                running.task_s = sample.seconds_per_task();
                Ok(Sample { round, ..sample })
            }
            Err(death) => {
                self.running.remove(&process);
                Err(death.into())
            }
        }
    }

    fn ended(&mut self, process: Process, judge: bool) -> Result<Stopped, Failure> {
        let Some(mut running) = self.running.remove(&process) else { return Ok(Stopped::default()) };
        let mut error_ratio = None;
        running.trial.resume();
        if judge {
            self.judge.poison(self.arena.outputs_mut(), running.most);
            running.trial.verify(0, running.most)?;
            let backend = &self.combinations[process.candidate].backend;
            error_ratio = Some(self.judge.check(backend, self.arena.outputs(), running.most)?);
        }
        // How it ends is of no weight: what it measured stands.
        let (peak_rss_bytes, threads) = running.trial.quit().unwrap_or_default();
        Ok(Stopped { peak_rss_bytes, threads, error_ratio })
    }
}

impl Course for Live<'_> {
    fn probe(&mut self, candidate: usize) -> Option<f64> {
        let probed = self.probed(candidate);
        self.at(probed)
    }

    fn admit(&mut self, process: Process) -> Result<Started, Failure> {
        let admitted = self.start(process).map(|running| {
            let started = running.started.clone();
            self.running.insert(process, running);
            started
        });
        self.told(admitted)
    }

    fn sample(&mut self, process: Process, round: usize, tasks: usize) -> Result<Sample, Failure> {
        let sample = self.sampled(process, round, tasks);
        self.told(sample)
    }

    fn dismiss(&mut self, process: Process, judge: bool) -> Result<Stopped, Failure> {
        let stopped = self.ended(process, judge);
        self.told(stopped)
    }

    fn elapsed_s(&self) -> f64 {
        self.elapsed_s
    }

    fn interrupted(&self) -> bool {
        self.tuner.interrupt.load(Ordering::Relaxed)
    }
}

impl Resumable for Live<'_> {
    fn restart(&mut self, process: Process, started: &Started) -> Result<(), Failure> {
        let before = self.clock.elapsed();
        let restarted = self.start(process).map(|running| {
            // Its samples are of the same part of the batch as those before, however fast it is today.
            let most = started.most_tasks.unwrap_or(self.held.tasks());
            self.running.insert(process, Running { most, ..running });
        });
        self.clock.set(before);
        restarted
    }
}

impl From<Death> for Failure {
    fn from(death: Death) -> Self {
        let kind = match death {
            Death::Refused(_) => FailureKind::Refused,
            Death::Timeout(_) => FailureKind::Timeout,
            Death::Failed(_) => FailureKind::Failed,
        };
        Self::new(kind, death.to_string())
    }
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        Self::new(FailureKind::Wrong, wrong.to_string())
    }
}
