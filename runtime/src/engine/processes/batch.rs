//! What has become of a batch so far: which tasks have failed, and which are to be run again.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use super::board::{Failed, InHand};
use crate::executor::{BoxError, TaskError, TaskErrors};
use crate::process;

/// What a pool does about workers that die or hang.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// How often a task is run again, on a fresh worker, after one has died of it. With 0 the first death ends the
    /// batch.
    pub retries: usize,
    /// How long a worker may go without getting on, before it is ended: from one task to the next, where tasks take
    /// longer than some microseconds. `None` waits for ever.
    pub deadline: Option<Duration>,
}

/// A worker that died in a run.
pub(super) struct Death {
    pub(super) worker: usize,
    pub(super) process: u32,
    pub(super) in_hand: Option<InHand>,
    pub(super) how: process::Error,
    /// The pool ended it, because another one's death had ended the batch.
    pub(super) aside: bool,
}

/// What has become of a batch so far.
pub(super) struct Batch<'a> {
    faults: Faults,
    /// The number of a task in errors.
    number: &'a dyn Fn(usize) -> usize,
    /// How often workers have died of a task.
    deaths: BTreeMap<usize, usize>,
    failed: Option<TaskErrors>,
}

impl<'a> Batch<'a> {
    /// A batch of which nothing is done. `number` gives the number of a task in errors.
    pub(super) fn new(faults: Faults, number: &'a dyn Fn(usize) -> usize) -> Self {
        Self { faults, number, deaths: BTreeMap::new(), failed: None }
    }

    /// Notes that all `tasks` tasks from `first` on have failed.
    pub(super) fn fail_from(&mut self, first: usize, error: BoxError, tasks: usize) {
        self.fail((self.number)(first), TaskError::Failed(error), tasks);
    }

    /// How it ended.
    ///
    /// # Errors
    /// What has failed.
    pub(super) fn end(self) -> Result<(), TaskErrors> {
        self.failed.map_or(Ok(()), Err)
    }

    /// Notes that `tasks` tasks have failed, the first of them being number `index`.
    fn fail(&mut self, index: usize, cause: TaskError, tasks: usize) {
        let others = tasks - 1 + self.failed.as_ref().map_or(0, |failed| failed.others + 1);
        match &mut self.failed {
            Some(failed) if failed.index <= index => failed.others = others,
            failed => *failed = Some(TaskErrors { index, cause, others }),
        }
    }

    /// Notes what a worker has reported.
    pub(super) fn note(&mut self, failed: Failed) {
        let Failed { index, panicked, message, tasks } = failed;
        let cause = if panicked { TaskError::Panicked(message) } else { TaskError::Failed(message.into()) };
        self.fail(index, cause, tasks);
    }

    /// Counts `tasks` more that were not done because of a failure.
    pub(super) fn count(&mut self, tasks: usize) {
        self.failed.iter_mut().for_each(|failed| failed.others += tasks);
    }

    /// Whether a death has ended it.
    pub(super) fn is_over(&self) -> bool {
        self.faults.retries == 0 && self.deaths.values().any(|&deaths| deaths > 0)
    }

    /// The tasks that are to be run again after a death.
    pub(super) fn after(&mut self, death: Death) -> Option<Range<usize>> {
        let Death { worker, process, in_hand, how, aside } = death;
        let InHand { doing, left } = in_hand?;
        if aside {
            return Some(left);
        }
        let alone = doing.len() == 1;
        let deaths = self.deaths.entry(doing.start).or_default();
        if alone || self.faults.retries == 0 {
            *deaths += 1;
        }
        if *deaths <= self.faults.retries {
            return Some(left);
        }
        let others = doing.len() - 1;
        let lost = TaskError::Lost { worker, process, others, how: how.into() };
        self.fail((self.number)(doing.start), lost, 1);
        Some(doing.start + 1..left.end)
    }
}
