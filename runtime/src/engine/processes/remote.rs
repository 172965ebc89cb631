//! The tasks of a workload as a pool of processes does them.

use std::ops::Range;

use super::pool::{Pool, Work};
use crate::engine::Limited;
use crate::executor::{BoxError, TaskErrors};
use crate::workload::{Call, Portion, Tasks, Workload};

/// Tasks that workers find where [`Work`] says.
pub(in crate::engine) struct Remote<'a> {
    pool: &'a Pool,
    work: Work,
    workload: &'a Workload,
}

impl<'a> Remote<'a> {
    pub(in crate::engine) fn new(pool: &'a Pool, work: Work, workload: &'a Workload) -> Self {
        Self { pool, work, workload }
    }
}

impl Tasks for Remote<'_> {
    fn len(&self) -> usize {
        self.workload.tasks()
    }

    fn run_part(&mut self, part: Range<usize>, of: Range<usize>, on: &Limited<'_>) -> Result<(), TaskErrors> {
        let portion = match self.workload.call() {
            Call::Op { .. } => None,
            Call::Function(call) => Some(Portion { items: call.items, count: of.len() }),
        };
        let chunk = portion.map_or(on.chunk, |portion| on.for_part(portion.count, portion.items).chunk);
        let number = |task: usize| {
            let place = task - of.start;
            portion.map_or(place, |portion| portion.item(place))
        };
        self.pool.run(&self.work, part, of.clone(), chunk, &number)
    }

    fn once(&mut self, index: usize, on: &Limited<'_>) -> Result<(), BoxError> {
        let part = index..index + 1;
        let of = 0..self.len();
        Ok(self.run_part(part, of, on)?)
    }
}
