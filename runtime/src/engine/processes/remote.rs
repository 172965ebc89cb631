//! The tasks of a workload as a pool of processes does them.

use std::ops::Range;

use super::pool::{Pool, Work};
use super::transport::Arrays;
use crate::engine::Limited;
use crate::executor::{BoxError, TaskErrors};
use crate::workload::{Call, Portion, Tasks, Workload};

/// Tasks that workers find where [`Work`] says.
pub(in crate::engine) struct Remote<'a> {
    pool: &'a Pool,
    work: Work,
    workload: &'a Workload,
    arrays: Arrays<'a>,
}

impl<'a> Remote<'a> {
    /// The tasks of `workload`. `arrays` are the caller's, where the pool copies them.
    pub(in crate::engine) fn new(pool: &'a Pool, work: Work, workload: &'a Workload, arrays: Arrays<'a>) -> Self {
        Self { pool, work, workload, arrays }
    }
}

impl Tasks for Remote<'_> {
    fn len(&self) -> usize {
        self.workload.tasks()
    }

    fn run_part(&mut self, part: Range<usize>, place: usize, of: usize, on: &Limited<'_>) -> Result<(), TaskErrors> {
        let portion = match self.workload.call() {
            Call::Op { .. } => None,
            Call::Function(call) => Some(Portion { items: call.items, count: of }),
        };
        let chunk = portion.map_or(on.chunk, |portion| on.for_part(portion.count, portion.items).chunk);
        let first = part.start - place;
        let number = |task: usize| {
            let place = task - first;
            portion.map_or(place, |portion| portion.item(place))
        };
        self.pool.run(&self.work, &mut self.arrays, part, [first, of], chunk, &number)
    }

    fn once(&mut self, index: usize, on: &Limited<'_>) -> Result<(), BoxError> {
        Ok(self.run_part(index..index + 1, index, self.len(), on)?)
    }
}
