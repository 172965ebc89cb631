//! Tasks whose inputs are made where they are done, or whose results are dropped: study B, "each worker makes its own".

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use ndarray::{ArrayView2, ArrayViewMut2};

use super::Typed;
use crate::engine::Limited;
use crate::executor::{BoxError, TaskErrors};
use crate::workload::batch::Tasks;
use crate::workload::making::{Maker, room};
use crate::workload::placement::{Number, Tensor};
use crate::workload::{Source, Workload};

/// Tasks, each of which has its operands in memory of its own for as long as it takes.
pub(super) struct Made<'a, T, F: ?Sized> {
    pub(super) workload: &'a Workload,
    pub(super) family: &'a F,
    pub(super) maker: Maker,
    pub(super) seed: u64,
    /// The inputs that lie in memory, and that memory.
    pub(super) given: (Vec<Tensor>, &'a [u8]),
    /// Where the results go; `None` where they are dropped.
    pub(super) outs: Option<Vec<ArrayViewMut2<'a, T>>>,
    /// Memory of tasks that are done, for those that come.
    pub(super) rooms: Mutex<Vec<Vec<T>>>,
}

impl<T: Number, F: Typed<T> + Sync + ?Sized> Made<'_, T, F> {
    /// Does task `number`; without an `out` its result is dropped.
    fn one(&self, number: usize, out: Option<ArrayViewMut2<'_, T>>, on: &Limited<'_>) -> Result<(), BoxError> {
        let operands = self.workload.operands();
        let (output, inputs) = operands.split_last().ok_or("no operands")?;
        let makes = self.workload.source() == Source::Worker;
        let elements = |tensor: &Tensor| tensor.shape[0] * tensor.shape[1];
        let made: usize = if makes { inputs.iter().map(elements).sum() } else { 0 };
        let dropped = if out.is_none() { elements(output) } else { 0 };
        let mut memory = self.rooms().pop().unwrap_or_default();
        let (mut rest, result) = room(&mut memory, made + dropped).split_at_mut(made);
        let mut views: Vec<ArrayView2<'_, T>> = Vec::with_capacity(inputs.len());
        for (operand, tensor) in inputs.iter().enumerate() {
            views.push(if makes {
                let (own, after) = std::mem::take(&mut rest).split_at_mut(elements(tensor));
                rest = after;
                self.workload.fill_operand(&self.maker, self.seed, number, operand, own);
                tensor.view(0, bytemuck::cast_slice(own))?
            } else {
                self.given.0[operand].view(number, self.given.1)?
            });
        }
        let out = match out {
            Some(out) => out,
            None => output.view_mut(0, bytemuck::cast_slice_mut(result))?,
        };
        self.family.call(number, &views, out).run(on.backend()?, on.op_threads())?;
        self.rooms().push(memory);
        Ok(())
    }

    fn rooms(&self) -> std::sync::MutexGuard<'_, Vec<Vec<T>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Number, F: Typed<T> + Sync + ?Sized> Tasks for Made<'_, T, F> {
    fn len(&self) -> usize {
        self.workload.tasks()
    }

    fn run_part(&mut self, part: Range<usize>, of: Range<usize>, on: &Limited<'_>) -> Result<(), TaskErrors> {
        let before = part.start - of.start;
        let mut outs = self.outs.take();
        let done = match &mut outs {
            Some(outs) => {
                let each = |at, out: &mut ArrayViewMut2<'_, T>| self.one(part.start + at, Some(out.view_mut()), on);
                on.for_each_mut(&mut outs[part.clone()], each)
            }
            None => on.for_each(part.len(), |at| self.one(part.start + at, None, on)),
        };
        self.outs = outs;
        done.map_err(|errors| TaskErrors { index: before + errors.index, ..errors })
    }

    fn once(&mut self, index: usize, on: &Limited<'_>) -> Result<(), BoxError> {
        let mut outs = self.outs.take();
        let out = outs.as_mut().map(|outs| outs[index].view_mut());
        let done = self.one(index, out, on);
        self.outs = outs;
        done
    }
}
