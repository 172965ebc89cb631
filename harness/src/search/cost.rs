//! How long samples, rounds and the whole search are expected to take, from what the processes have shown so far.

use super::bounds::CONFIRMATION_ROUNDS;
use super::sampling::{self, SAMPLE_S};
use super::shares::GROUP_ROUNDS;
use super::state::State;
use super::{Process, confirm};
use crate::progress::Progress;

/// Seconds around a sample: the request, the wake-up, the reading of counters.
const AROUND_S: f64 = 0.004;

/// Rounds of a race, between the five of its first look and the thirty of its last.
const RACE_ROUNDS: f64 = 10.0;

/// The part of the finalists that runs in a round of the race, on average: the others have left.
const STILL_IN: f64 = 0.5;

impl State<'_> {
    /// Seconds that a sample of a process on `tasks` tasks is expected to take, with everything around it; 0 where
    /// nothing is known about the process. A fresh process is expected to take as long as the one that raced, and a
    /// long task as long as it took cold.
    pub(super) fn cost_s(&self, process: Process, tasks: usize) -> f64 {
        let raced = self.record().all(Process::race(process.candidate));
        let last = self.record().counted(process).last().or_else(|| raced.last());
        let started = self.run(process.candidate).started.as_ref();
        let workers = self.combinations[process.candidate].workers;
        let task_s = match (last, started) {
            (Some(sample), _) => sample.seconds_per_task(),
            (None, Some(cold)) if self.rules.tasks_are_long() => cold.cold_s / workers as f64,
            _ => return 0.0,
        };
        let most = started.and_then(|started| started.most_tasks);
        let whole = task_s * tasks.min(most.unwrap_or(tasks)) as f64;
        let warm = Some(task_s * workers as f64).filter(|&warm_s| sampling::warms(warm_s));
        whole.max(SAMPLE_S) + warm.unwrap_or_default() + AROUND_S
    }

    /// Seconds that a round on `tasks` tasks is expected to take.
    pub(super) fn round_s(&self, tasks: usize) -> f64 {
        self.awake().iter().map(|&process| self.cost_s(process, tasks)).sum()
    }

    /// Tells the user how much work is ahead, once one thread of each backend has run: `worth` candidates are worth
    /// starting, the best of which takes `least` times the leader's time with perfect speed-up, and `finalists` of them
    /// will race. No decision depends on it.
    pub(super) fn forecast(&mut self, least: f64, worth: usize, finalists: usize) {
        let Some(leader_s) = self.leader().and_then(|leader| self.record().quickest_s(leader)) else { return };
        let sample_s = (least * leader_s * self.rules.model.tasks as f64).max(SAMPLE_S) + AROUND_S;
        let starts_s = worth as f64 * (self.start_s() + GROUP_ROUNDS as f64 * sample_s);
        let race_s = RACE_ROUNDS * finalists as f64 * STILL_IN * sample_s;
        let confirmation_s = (CONFIRMATION_ROUNDS * confirm::MOST) as f64 * sample_s;
        let seconds = (self.elapsed_s() + starts_s + race_s + confirmation_s).min(self.rules.budget_s);
        let combinations = worth + self.racing().len();
        self.tell(Progress::Expecting { combinations, seconds });
    }
}
