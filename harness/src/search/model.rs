//! The ideal time of a combination, from the time of one thread of its backend: waves of tasks over workers, within the
//! machine's ceilings.
//!
//! It orders the candidates, and rules out those that could not win even without overheads. It is not a forecast: it
//! assumes perfect scaling.

use gingham_machine::{Ceilings, Machine};
use gingham_runtime::combination::Combination;
use gingham_runtime::waves::makespan;
use gingham_runtime::workload::{Bound, Workload};

/// What bounds a workload on a machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Model {
    /// Tasks of the batch.
    pub tasks: usize,
    /// Usable CPUs.
    pub cpus: usize,
    /// How many times one core's ceiling all cores together reach, in the resource that bounds the operation: about
    /// `cpus` for multiply-adds, less for memory traffic.
    pub gain: f64,
    /// Tasks whose operands take twice the last-level cache, if the batch is larger than that cache; else 0.
    pub beyond_cache: usize,
    /// Seconds that a task takes on one core at the ceiling of what bounds it: no backend is faster on one thread. 0
    /// where the caches bound it, which have no measured ceiling.
    pub task_s: f64,
}

impl Model {
    /// What bounds `workload`, the batch that the arena holds, on `machine`.
    #[must_use]
    pub fn new(workload: &Workload, machine: &Machine, ceilings: &Ceilings) -> Self {
        let (tasks, cpus) = (workload.tasks(), machine.usable_cpus);
        let (one, all, cache) = (&ceilings.per_core, &ceilings.all_cores, machine.last_level_bytes());
        let cached = workload.is_cached(machine);
        // What one core gives, and all of them together.
        let rates = match workload.bound() {
            Bound::MultiplyAdd => workload.ceiling(machine, one).map(|one| (one, cpus as f64 * one)),
            Bound::Read | Bound::Write | Bound::Copy | Bound::Unknown => {
                workload.ceiling(machine, one).zip(workload.ceiling(machine, all))
            }
        };
        let task_s = rates.map(|(one, _)| workload.work(1) / one).filter(|task_s| task_s.is_finite()).unwrap_or(0.0);
        if cached {
            return Self { tasks, cpus, gain: cpus as f64, beyond_cache: 0, task_s };
        }
        let gain = rates.map_or(cpus as f64, |(one, all)| all / one);
        let beyond_cache = (2 * cache).div_ceil(workload.task_bytes().max(1)).min(tasks as u64) as usize;
        Self { tasks, cpus, gain, beyond_cache, task_s }
    }

    /// Seconds of the batch at best; `one` is what a task takes on one thread of the same backend.
    #[must_use]
    pub fn seconds(&self, combination: &Combination, one: f64) -> f64 {
        let threads = combination.op_threads.get();
        let workers = combination.workers.min(self.tasks).max(1);
        let busy = workers * threads;
        // All tasks that run at once share the machine; a task cannot use more of it than its threads can.
        let together = self.speed(busy) / workers as f64;
        let alone = self.speed(threads);
        let rows = makespan(self.tasks, combination.workers, combination.chunk);
        let full = self.tasks / workers;
        // In the last wave fewer tasks share the machine, and each is at most as fast as it would be alone.
        full.min(rows) as f64 * one / together + rows.saturating_sub(full) as f64 * one / alone
    }

    /// How many threads' worth of work `threads` threads do.
    fn speed(&self, threads: usize) -> f64 {
        (threads.min(self.cpus) as f64).min(self.gain.max(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn combination(text: &str) -> Combination {
        text.parse().unwrap()
    }

    fn model(tasks: usize, gain: f64) -> Model {
        Model { tasks, cpus: 4, gain, beyond_cache: 0, task_s: 0.0 }
    }

    #[test]
    fn ideal_gains() {
        let batch = |text| model(64, 4.0).seconds(&combination(text), 1.0);
        assert_eq!(batch("x:1+serial"), 64.0);
        assert_eq!(batch("x:4+serial"), 16.0);
        assert_eq!(batch("x:1+threads:4"), 16.0);
        assert_eq!(batch("x:2+threads:4"), 16.0, "more threads than CPUs gain nothing");
        assert_eq!(batch("x:8+serial"), 16.0);
    }

    #[test]
    fn memory_gains_less() {
        assert_eq!(model(64, 1.6).seconds(&combination("x:1+threads:4"), 1.0), 40.0);
        assert_eq!(model(64, 0.9).seconds(&combination("x:1+threads:4"), 1.0), 64.0, "never less than one thread");
    }

    #[test]
    fn waves() {
        let batch = |text, tasks| model(tasks, 4.0).seconds(&combination(text), 1.0);
        assert_eq!(batch("x:1+threads:4", 5), 2.0);
        assert_eq!(batch("x:1+threads:4:1", 8), 2.0);
        assert_eq!(batch("x:1+threads:4:4", 8), 4.0, "two of four workers have nothing to do");
        assert_eq!(batch("x:1+threads:4", 1), 1.0);
    }
}
