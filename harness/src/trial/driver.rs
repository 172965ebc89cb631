//! The parent's side of all trials of one tuning. Each trial is started over the same operands, poisoned, run cold and
//! verified, then sampled with as many tasks and repeats as a sample needs, judged once more, and ended.
//!
//! A tuning and the check of a saved answer use it with limits of their own.

use std::time::Duration;

use gingham_runtime::arena::Arena;
use gingham_runtime::combination::{Combination, ExecutorKind};
use gingham_runtime::environment::Environment;
use gingham_runtime::waves;
use gingham_runtime::workload::judge::Wrong;
use gingham_runtime::workload::{Judge, Maker, Source, Workload};

use super::protocol::Hello;
use super::{Program, Ready, Trial};
use crate::reason::{Failure, FailureKind};
use crate::sample::Sample;
use crate::search::{Started, Stopped, sampling};

/// Sides of the matrices of a probe: 5 ms at 59 GF/s, and a rate within a third of the rate of large products.
const PROBE_SIDE: usize = 512;

/// Timed runs of a probe, of which the shortest counts, and the seconds after which it starts no further run: plain
/// loops take 0.13 s a run, and eleven runs took 1.5 s of a budget of 9 s.
const PROBE_RUNS: usize = 10;
const PROBE_S: f64 = 0.1;

/// What all trials of a tuning share.
pub(crate) struct Driver {
    environment: Environment,
    /// The tasks that the arena holds.
    held: Workload,
    arena: Arena,
    judge: Judge,
    maker: Maker,
    seed: u64,
    /// Usable CPUs.
    cpus: usize,
}

/// What a trial is started with, beside its combination.
pub(crate) struct Start<'a> {
    /// The program that is the runner.
    pub(crate) program: &'a Program,
    /// How long the parent waits for each of its answers.
    pub(crate) deadline: Duration,
    /// Whether it computes on private copies of the operands.
    pub(crate) private: bool,
    /// How often a task is run again after a worker process has died of it.
    pub(crate) retries: usize,
    /// Seconds that a task is expected to take at least, 0 where that is not known: long tasks are timed in their first
    /// run.
    pub(crate) task_s: f64,
    /// Seconds of the budget, of which a sample may take a part.
    pub(crate) budget_s: f64,
}

/// A trial that is ready to be sampled, stopped between its samples.
pub(crate) struct Running {
    trial: Trial,
    backend: String,
    /// Tasks run before a sample, untimed: one for each worker.
    warm: usize,
    /// Tasks of a sample at most.
    most: usize,
    /// Seconds that a task took when it last ran.
    task_s: f64,
}

impl Driver {
    /// Computes the expected results of `held`, whose operands lie in `arena`; the inputs, and which results are
    /// compared, come from `seed`.
    ///
    /// # Errors
    /// An error, where the arena is not the workload's.
    pub(crate) fn new(
        environment: Environment,
        maker: Maker,
        held: Workload,
        arena: Arena,
        seed: u64,
        cpus: usize,
    ) -> Result<Self, gingham_runtime::workload::placement::Error> {
        let judge = match held.source() {
            Source::Parent => held.judge(arena.placement(), arena.inputs(), seed)?,
            _ => held.judge_of_made(&maker, seed)?,
        };
        Ok(Self { environment, held, arena, judge, maker, seed, cpus })
    }

    /// The tasks that trials run.
    pub(crate) fn held(&self) -> &Workload {
        &self.held
    }

    /// Starts a trial, runs it cold, and judges its results.
    pub(crate) fn start(
        &mut self,
        combination: &Combination,
        start: &Start<'_>,
    ) -> Result<(Running, Started), Failure> {
        let held = self.held.tasks();
        let (warm, wave) = match combination.executor {
            // A peer does not say how many workers it has, so as many tasks run as there can be workers.
            ExecutorKind::Peer => (self.cpus.min(held), self.cpus.min(held)),
            _ => (combination.workers.min(held), waves::wave(combination, held)),
        };
        // Of tasks that differ, every sample runs the same ones: all.
        let alike = self.held.tasks_are_alike();
        let most = |task_s| if alike { sampling::part(start.budget_s, task_s, wave, held) } else { held };
        let hello = Hello::new(&self.held, combination, &self.arena).privately(start.private).retrying(start.retries);
        let (mut trial, Ready { version, kernels }) =
            Trial::start(start.program, hello, &self.environment, start.deadline)?;
        let cold_s = sampling::warms(start.task_s).then(|| trial.run(0, wave, 1)).transpose()?;
        // Of tasks that are alike a few waves stand for all, or one wave where it is timed in its first run.
        let judged = match cold_s {
            _ if !alike => held,
            Some(cold_s) => most(cold_s / wave as f64).min(4 * wave.max(self.cpus)),
            None => wave,
        };
        self.judge.poison(self.arena.outputs_mut(), judged);
        let first_s = trial.verify(0, judged)?;
        let error_ratio = self.judge.check(&combination.backend, self.arena.outputs(), judged)?;
        trial.stop();
        let task_s = first_s / judged as f64;
        let most = most(task_s);
        let most_tasks = (most < held).then_some(most);
        let started = Started { version, kernels, cold_s: cold_s.unwrap_or(first_s), error_ratio, most_tasks };
        Ok((Running { trial, backend: combination.backend.clone(), warm, most, task_s }, started))
    }

    /// Ends a trial; where `judge` says so, its results are judged once more, after all that it has run.
    ///
    /// # Errors
    /// [`Failure`], where they are wrong now.
    pub(crate) fn stop(&mut self, mut running: Running, judge: bool) -> Result<Stopped, Failure> {
        let mut error_ratio = None;
        running.trial.resume();
        if judge {
            self.judge.poison(self.arena.outputs_mut(), running.most);
            running.trial.verify(0, running.most)?;
            error_ratio = Some(self.judge.check(&running.backend, self.arena.outputs(), running.most)?);
        }
        // How the trial ends does not matter: its measurements stand.
        let (peak_rss_bytes, threads) = running.trial.quit().unwrap_or_default();
        Ok(Stopped { peak_rss_bytes, threads, error_ratio })
    }

    /// Seconds that a whole task would take on one thread, at the rate of a small one.
    pub(crate) fn probe(&self, combination: &Combination, start: &Start<'_>) -> Option<f64> {
        let small = self.held.small(PROBE_SIDE);
        let arena = Arena::new(&self.maker, &small, self.seed).ok()?;
        let hello = Hello::new(&small, combination, &arena);
        let (mut trial, _) = Trial::start(start.program, hello, &self.environment, start.deadline).ok()?;
        trial.run(0, 1, 1).ok()?;
        let (mut shortest, mut spent_s) = (f64::INFINITY, 0.0);
        for _ in 0..PROBE_RUNS {
            let run_s = trial.run(0, 1, 1).ok()?;
            shortest = run_s.min(shortest);
            spent_s += run_s;
            if spent_s > PROBE_S {
                break;
            }
        }
        // How the trial ends does not matter.
        let _ = trial.quit();
        Some(shortest * self.held.work(1) / small.work(1))
    }

    /// Takes the results of a trial on one thread as the right ones, where nothing else defines them. `choose` gives
    /// the number of tasks from the seconds that a task takes; from here on, trials run only these tasks.
    ///
    /// # Errors
    /// [`Failure`], where it does not run, and the errors of `choose`.
    pub(crate) fn learn<E: From<Failure>>(
        &mut self,
        combination: &Combination,
        start: &Start<'_>,
        choose: impl FnOnce(f64) -> Result<usize, E>,
    ) -> Result<(), E> {
        let hello = Hello::new(&self.held, combination, &self.arena);
        let (mut trial, _) = Trial::start(start.program, hello, &self.environment, start.deadline)?;
        let task_s = sampling::seconds_each(1, self.held.tasks(), |count| trial.run(0, count, 1))?;
        let tasks = choose(task_s)?;
        self.judge.poison(self.arena.outputs_mut(), tasks);
        trial.verify(0, tasks)?;
        self.judge.learn(self.arena.outputs(), tasks);
        self.held = self.held.with_fewer_tasks(tasks);
        // How the trial ends does not matter.
        let _ = trial.quit();
        Ok(())
    }
}

impl Running {
    /// A sample of `tasks` tasks, or of as many as a sample may have, repeated until it lasts as long as a sample must.
    pub(crate) fn sample(&mut self, round: usize, tasks: usize) -> Result<Sample, Failure> {
        let tasks = tasks.min(self.most);
        let repeat = sampling::repeats(self.task_s * tasks as f64);
        let warm = if sampling::warms(self.task_s * self.warm as f64) { self.warm } else { 0 };
        let sample = self.trial.sample(warm, tasks, repeat)?;
        self.task_s = sample.seconds_per_task();
        Ok(Sample { round, ..sample })
    }

    /// Limits samples to `most` tasks from here on, however fast they are.
    pub(crate) fn limit(&mut self, most: usize) {
        self.most = most;
    }
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        Self::new(FailureKind::Wrong, wrong.to_string())
    }
}
