//! Tasks on top of an executor: the failure of one task leaves the others alone.
//!
//! All functions here run every task, even after one has failed, and report the failed task with the lowest index,
//! whichever worker ran it and whenever it failed, so that the same batch gives the same message.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::sync::{Mutex, PoisonError};

use super::panics::message;
use super::{Error, Executor, Parts};
use crate::quantity::count;

/// Any error that can cross a thread.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The tasks of a batch that failed: the first of them, and how many more.
#[derive(Debug, thiserror::Error)]
#[error(
    "task {index} {cause}{}",
    match (*others, cause) {
        (0, _) => String::new(),
        // A death may end a batch before all have begun.
        (others, TaskError::Lost { .. }) => format!(" (and {} not done)", count(others, "other task")),
        (others, _) => format!(" (and {} failed)", count(others, "other task")),
    }
)]
pub struct TaskErrors {
    /// The lowest index among the tasks that failed.
    pub index: usize,
    /// Why that one failed.
    pub cause: TaskError,
    /// How many other tasks failed.
    pub others: usize,
}

/// Why a task failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// It returned an error.
    #[error("failed: {0}")]
    Failed(BoxError),
    /// It panicked, with this message.
    #[error("panicked: {0}")]
    Panicked(String),
    /// The worker process that did it died, or was ended because it did not get on.
    #[error("{}ended worker {worker} (process {process}): {how}", or_one_of(*others))]
    Lost {
        /// The number of the worker, from 0.
        worker: usize,
        /// The worker's process id.
        process: u32,
        /// How many tasks after this one may have done it instead: short tasks are done several at a time.
        others: usize,
        /// How the worker ended.
        how: BoxError,
    },
}

fn or_one_of(others: usize) -> String {
    if others == 0 { String::new() } else { format!("(or one of the {others} after it) ") }
}

impl TaskErrors {
    /// All of `n` tasks, at least one, failed for the same reason.
    pub(crate) fn of_all(cause: BoxError, n: usize) -> Self {
        Self { index: 0, cause: TaskError::Failed(cause), others: n.saturating_sub(1) }
    }
}

/// Calls `f` with every index of `0..n` once; `chunk` as in [`Executor::run`].
///
/// # Errors
/// [`TaskErrors`] when a call returned an error or panicked; all the others have run nevertheless.
pub fn for_each(
    executor: &dyn Executor,
    n: usize,
    chunk: usize,
    f: impl Fn(usize) -> Result<(), BoxError> + Sync,
) -> Result<(), TaskErrors> {
    let failures = Failures::default();
    let ran = executor.run(n, chunk, &|range| range.for_each(|index| failures.watch(index, || f(index))));
    failures.into_result(ran, n)
}

/// Calls `f` with every item and its index once, each handed out to one worker alone; `chunk` as in [`Executor::run`].
///
/// # Errors
/// [`TaskErrors`] when a call returned an error or panicked; all the others have run nevertheless.
pub fn for_each_mut<T: Send>(
    executor: &dyn Executor,
    items: &mut [T],
    chunk: usize,
    f: impl Fn(usize, &mut T) -> Result<(), BoxError> + Sync,
) -> Result<(), TaskErrors> {
    let each = |start, items: &mut [T]| (start..).zip(items).try_for_each(|(index, item)| f(index, item));
    for_each_group_mut(executor, items, chunk, |_| 1, each)
}

/// As [`for_each_mut`], but `f` gets several items at once, with the index of the first of them. `group` receives the
/// rest of a range and returns how many items from its first on make one call; 0 counts as 1.
///
/// A call of several items that fails or panics is repeated for each of them alone, which runs all the others and shows
/// which one failed. So an item may run twice, and `f` must give the same result the second time.
///
/// # Errors
/// [`TaskErrors`] when the call of an item alone returned an error or panicked; all the others have run nevertheless.
pub fn for_each_group_mut<T: Send>(
    executor: &dyn Executor,
    items: &mut [T],
    chunk: usize,
    group: impl Fn(&[T]) -> usize + Sync,
    f: impl Fn(usize, &mut [T]) -> Result<(), BoxError> + Sync,
) -> Result<(), TaskErrors> {
    let failures = Failures::default();
    let n = items.len();
    let mut rest = items;
    // One lock for each range, never contended: it proves to the compiler what the executor's contract promises. The
    // executor then hands out ranges instead of items, one at a time, each of them a `chunk`.
    let ranges: Vec<_> = Parts::new(rest.len(), chunk, executor.workers())
        .iter()
        .map(|range| (range.start, Mutex::new(rest.split_off_mut(..range.len()).unwrap_or_default())))
        .collect();
    let ran = executor.run(ranges.len(), chunk.min(1), &|parts| {
        for &(mut start, ref items) in &ranges[parts] {
            let mut items = items.lock().unwrap_or_else(PoisonError::into_inner);
            let mut rest = &mut **items;
            while !rest.is_empty() {
                let (now, later) = rest.split_at_mut(group(rest).clamp(1, rest.len()));
                let len = now.len();
                let is_done = len > 1 && matches!(catch_unwind(AssertUnwindSafe(|| f(start, now))), Ok(Ok(())));
                if !is_done {
                    for (index, item) in (start..).zip(now) {
                        failures.watch(index, || f(index, slice::from_mut(item)));
                    }
                }
                start += len;
                rest = later;
            }
        }
    });
    failures.into_result(ran, n)
}

/// What has failed so far.
#[derive(Default)]
struct Failures(Mutex<Option<TaskErrors>>);

impl Failures {
    /// Runs one task and notes its failure.
    fn watch(&self, index: usize, task: impl FnOnce() -> Result<(), BoxError>) {
        // A task that panics may leave its output half written, which is why its index is reported.
        let cause = match catch_unwind(AssertUnwindSafe(task)) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => TaskError::Failed(error),
            Err(panic) => TaskError::Panicked(message(&*panic)),
        };
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let others = first.as_ref().map_or(0, |first| first.others + 1);
        match &mut *first {
            Some(first) if first.index < index => first.others = others,
            slot => *slot = Some(TaskErrors { index, cause, others }),
        }
    }

    /// The result of `n` tasks. If the executor did not run at all, each of them has failed.
    fn into_result(self, ran: Result<(), Error>, n: usize) -> Result<(), TaskErrors> {
        if let Some(error) = ran.err().filter(|_| n > 0) {
            return Err(TaskErrors::of_all(error.into(), n));
        }
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}
