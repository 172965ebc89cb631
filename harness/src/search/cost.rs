//! How long samples and rounds are expected to take, from what the processes have shown so far.

use super::Process;
use super::sampling::{self, SAMPLE_S};
use super::state::State;

/// Seconds around a sample: the request, the wake-up, the reading of counters.
pub(super) const AROUND_S: f64 = 0.004;

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
}
