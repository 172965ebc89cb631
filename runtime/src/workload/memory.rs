//! How much memory a batch takes, and how much of it is held at once.

use super::{Task, Workload};
use crate::quantity::bytes;

/// The most tasks that an arena holds. Each process of a tuning, of which some forty may be alive, describes every task
/// in [`TASK`] bytes, which is more than tiny operands take themselves: a process may have 16 MiB of such descriptions.
const MOST_TASKS: usize = 1 << 17;

/// Bytes that describe a task in a process that runs it.
const TASK: u64 = size_of::<Task<'static, f64>>() as u64;

/// A workload needs more memory than the machine has left.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "the workload ({workload}) needs {} of memory, {} are available; use a smaller shape{}",
    bytes(*needed),
    bytes(*available),
    if workload.tasks() > 1 { " or fewer tasks" } else { "" }
)]
pub struct TooLarge {
    /// The workload.
    pub workload: Workload,
    /// Bytes of all its operands.
    pub needed: u64,
    /// Bytes that the machine has left.
    pub available: u64,
}

impl Workload {
    /// Refuses a batch that the machine, which has `available` bytes left, cannot hold, descriptions of its tasks
    /// included: nothing has been allocated when this returns.
    ///
    /// # Errors
    /// [`TooLarge`], with both numbers.
    pub fn check_memory(&self, available: u64) -> Result<(), TooLarge> {
        let needed = self.placed_bytes().saturating_add(TASK).saturating_mul(self.tasks as u64);
        match needed <= available {
            true => Ok(()),
            false => Err(TooLarge { workload: self.clone(), needed, available }),
        }
    }

    /// The same workload with as many of its tasks as fit into `limit` bytes: at least one, at most as many as forty
    /// processes can describe.
    #[must_use]
    pub fn within(&self, limit: u64) -> Self {
        let fitting = limit.checked_div(self.placed_bytes()).map_or(usize::MAX, |tasks| tasks as usize);
        self.with_fewer_tasks(fitting.min(MOST_TASKS))
    }

    /// Bytes that the operands of a task take where each is on cache lines of its own.
    fn placed_bytes(&self) -> u64 {
        let bytes = self.operands().into_iter().map(|operand| operand.placed_bytes(self.call.element()));
        bytes.fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(n: usize, tasks: usize) -> Workload {
        Workload::fill::<f64>([1, n]).tasks(tasks)
    }

    #[test]
    fn a_batch_beyond_memory_is_refused_with_both_numbers() {
        assert!(fill(1000, 10).check_memory(82_000).is_ok());
        let error = fill(1_048_576, 10).check_memory(16 << 20).unwrap_err().to_string();
        assert!(error.contains("needs 80.0 MiB") && error.contains("16.0 MiB are available"), "{error}");
        // Eight bytes each, on a cache line each, and some more to describe each.
        assert!(fill(1, 1_000_000).check_memory(64_000_000).is_err());
        assert!(fill(1, 1_000_000).check_memory(64_000_000 + 1_000_000 * TASK).is_ok());
        for beyond in [fill(1, usize::MAX >> 4), fill(usize::MAX, 2), Workload::matmul::<f32>([usize::MAX; 3]).tasks(1)]
        {
            assert!(beyond.check_memory(u64::MAX - 1).is_err(), "beyond all numbers");
        }
    }

    #[test]
    fn an_arena_holds_as_many_tasks_as_fit_and_at_least_one() {
        assert_eq!(fill(1000, 10).within(24_000).tasks(), 3);
        assert_eq!(fill(1, 1_000_000).within(6400).tasks(), 100, "a cache line each");
        assert_eq!(fill(1, 1_000_000).within(u64::MAX).tasks(), MOST_TASKS);
        assert_eq!(fill(1000, 10).within(0).tasks(), 1);
        assert_eq!(fill(0, 10).within(0).tasks(), 10);
    }
}
