//! The course of a tuning: trials over one arena, started, verified, woken for a sample, and ended.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gingham_core::Scalar;
use gingham_machine::available_memory;

use super::Tuner;
use crate::arena::Arena;
use crate::combination::{Combination, ExecutorKind};
use crate::environment::Environment;
use crate::outcome::{Sample, Status};
use crate::search::{Admission, Course, Entrant, Farewell, Fault, Role, SHORTEST_SAMPLE_S};
use crate::trial::protocol::{Hello, PROTOCOL};
use crate::trial::{Death, Program, Trial};
use crate::verify::{Judge, Wrong};

/// The part of the budget that a sample may take. A very slow combination, such as the reference on large matrices, runs as
/// many tasks as fit into that; its batch is extrapolated from them.
const LONGEST_SAMPLE: f64 = 1.0 / 30.0;

/// Trials over an arena.
pub(super) struct Live<'a, T> {
    tuner: &'a Tuner,
    cpus: usize,
    combinations: Vec<Combination>,
    environment: Environment,
    arena: Arena,
    judge: Judge,
    running: HashMap<Entrant, Running>,
    start: Instant,
    elapsed_s: f64,
    element: std::marker::PhantomData<T>,
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
    admission: Admission,
}

impl<'a, T: Scalar> Live<'a, T> {
    pub(super) fn new(
        tuner: &'a Tuner,
        cpus: usize,
        combinations: Vec<Combination>,
        environment: Environment,
        arena: Arena,
        judge: Judge,
        start: Instant,
    ) -> Self {
        let (running, element) = (HashMap::new(), std::marker::PhantomData);
        let elapsed_s = start.elapsed().as_secs_f64();
        Self { tuner, cpus, combinations, environment, arena, judge, running, start, elapsed_s, element }
    }

    /// Seconds that allocating, touching and filling the arena took.
    pub(super) fn prefault_s(&self) -> f64 {
        self.arena.prefault_s()
    }

    /// Tasks that the arena holds.
    pub(super) fn tasks(&self) -> usize {
        self.judge.workload().tasks()
    }

    /// Starts a trial, runs it cold, and judges its results.
    fn start(&mut self, who: Entrant) -> Result<Running, Fault> {
        let copy = self.judge.workload().batch_bytes();
        if who.role == Role::Private && copy > available_memory() / 2 {
            let reason = format!("{} MiB of private memory are not to be had", copy >> 20);
            return Err(Fault { status: Status::Refused, reason });
        }
        let combination = self.combinations[who.candidate].clone();
        let held = self.tasks();
        let warm = match combination.executor {
            ExecutorKind::Serial => 1,
            // What a peer has for workers it does not say: all that can be at work at once are woken.
            ExecutorKind::Peer => self.cpus.min(held),
            _ => combination.workers.min(held),
        };
        let hello = Hello {
            protocol: PROTOCOL,
            workload: self.judge.workload().clone(),
            combination: combination.clone(),
            arenas: self.arena.locations(),
            tensors: self.arena.placement().tensors.clone(),
            private: who.role == Role::Private,
            calls: None,
        };
        // A trial that hangs may cost what is left, not more.
        let left = self.tuner.budget.as_secs_f64() - self.start.elapsed().as_secs_f64();
        let deadline = self.tuner.deadline.min(Duration::from_secs_f64(left.max(1.0)));
        let program = self.program(&combination);
        let (mut trial, ready) = Trial::start(&program, hello, &self.environment, deadline)?;

        let cold = trial.run(0, warm, 1)?;
        let longest = (self.tuner.budget.as_secs_f64() * LONGEST_SAMPLE).max(0.5);
        let most = |task_s: f64| ((longest / task_s.max(1e-12)) as usize).clamp(warm, held);
        let judged = most(cold.wall_s / warm as f64).min(4 * warm.max(self.cpus)).min(held);
        self.arena.poison::<T>(judged);
        let first = trial.verify(0, judged)?;
        let error_ratio = self.judge.check::<T>(&combination.backend, self.arena.outputs(), judged)?;
        trial.stop();
        let task_s = first.wall_s / judged as f64;
        let most = most(task_s);
        let admission = Admission {
            version: ready.version,
            kernels: ready.kernels,
            cold_s: cold.wall_s,
            error_ratio,
            most_tasks: (most < held).then_some(most),
        };
        Ok(Running { trial, warm, most, task_s, admission })
    }

    fn program(&self, combination: &Combination) -> Program {
        let peer = self.tuner.named_peers().find(|(peer, _)| peer == combination);
        peer.map_or_else(|| Program::Own(self.tuner.program.clone()), |(_, program)| program.clone())
    }

    /// What `done` gives, once the clock has been read.
    fn at<R>(&mut self, done: R) -> R {
        self.elapsed_s = self.start.elapsed().as_secs_f64();
        done
    }

    fn sampled(&mut self, who: Entrant, round: usize, tasks: usize) -> Result<Sample, Fault> {
        if !self.running.contains_key(&who) {
            // The tuning goes on from a journal that knows this entrant.
            let running = self.start(who)?;
            self.running.insert(who, running);
        }
        let running = self.running.get_mut(&who).expect("just started");
        let tasks = tasks.min(running.most);
        // A tenth longer than the shortest, so that a quicker run than the last is not too short.
        let repeat = (1.1 * SHORTEST_SAMPLE_S / (running.task_s * tasks as f64).max(1e-9)).ceil().clamp(1.0, 1e6);
        let repeat = if running.task_s * tasks as f64 >= SHORTEST_SAMPLE_S { 1 } else { repeat as usize };
        match running.trial.sample(running.warm, tasks, repeat) {
            Ok(sample) => {
                running.task_s = sample.seconds_per_task();
                Ok(Sample { round, ..sample })
            }
            Err(death) => {
                self.running.remove(&who);
                Err(death.into())
            }
        }
    }

    fn ended(&mut self, who: Entrant, judge: bool) -> Result<Farewell, Fault> {
        let Some(mut running) = self.running.remove(&who) else { return Ok(Farewell::default()) };
        let mut error_ratio = None;
        running.trial.resume();
        if judge {
            self.arena.poison::<T>(running.most);
            running.trial.verify(0, running.most)?;
            let backend = &self.combinations[who.candidate].backend;
            error_ratio = Some(self.judge.check::<T>(backend, self.arena.outputs(), running.most)?);
        }
        // How it ends is of no weight: what it measured stands.
        let (peak_rss_bytes, threads) = running.trial.quit().unwrap_or_default();
        Ok(Farewell { peak_rss_bytes, threads, error_ratio })
    }
}

impl<T: Scalar> Course for Live<'_, T> {
    fn admit(&mut self, who: Entrant) -> Result<Admission, Fault> {
        let admitted = self.start(who).map(|running| {
            let admission = running.admission.clone();
            self.running.insert(who, running);
            admission
        });
        self.at(admitted)
    }

    fn sample(&mut self, who: Entrant, round: usize, tasks: usize) -> Result<Sample, Fault> {
        let sample = self.sampled(who, round, tasks);
        self.at(sample)
    }

    fn dismiss(&mut self, who: Entrant, judge: bool) -> Result<Farewell, Fault> {
        let farewell = self.ended(who, judge);
        self.at(farewell)
    }

    fn elapsed_s(&self) -> f64 {
        self.elapsed_s
    }

    fn interrupted(&self) -> bool {
        self.tuner.interrupt.load(Ordering::Relaxed)
    }
}

impl From<Death> for Fault {
    fn from(death: Death) -> Self {
        let status = match death {
            Death::Refused(_) => Status::Refused,
            Death::Timeout(_) => Status::Timeout,
            Death::Failed(_) => Status::Failed,
        };
        Self { status, reason: death.to_string() }
    }
}

impl From<Wrong> for Fault {
    fn from(wrong: Wrong) -> Self {
        Self { status: Status::Wrong, reason: wrong.to_string() }
    }
}
