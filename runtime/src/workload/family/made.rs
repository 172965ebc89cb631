//! Tasks whose inputs are made or read where they are done, or whose results are dropped or written there: study B,
//! "each worker makes its own".

use std::ops::Range;
#[cfg(feature = "files")]
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ndarray::{ArrayView2, ArrayViewMut2};

use super::Typed;
use crate::engine::Limited;
use crate::executor::{BoxError, TaskErrors};
#[cfg(feature = "files")]
use crate::format::Partials;
use crate::workload::batch::Tasks;
#[cfg(feature = "files")]
use crate::workload::folder;
use crate::workload::making::{Maker, Making, room};
use crate::workload::placement::{Number, Tensor};
use crate::workload::{Sink, Source, Workload};

/// Tasks, each of which has its operands in memory of its own for as long as it takes.
pub(super) struct Made<'a, T, F: ?Sized> {
    pub(super) workload: &'a Workload,
    pub(super) family: &'a F,
    pub(super) maker: Maker,
    pub(super) making: Making<'a>,
    /// The inputs that lie in memory, and that memory.
    pub(super) given: (Vec<Tensor>, &'a [u8]),
    /// Where the results go; `None` where they are not kept in memory.
    pub(super) outs: Option<Vec<ArrayViewMut2<'a, T>>>,
    /// Memory of tasks that are done, for those that come.
    pub(super) rooms: Mutex<Vec<Vec<T>>>,
}

impl<T: Number, F: Typed<T> + Sync + ?Sized> Made<'_, T, F> {
    /// Does the task in this place; without an `out` its result is not kept in memory.
    fn one(&self, place: usize, out: Option<ArrayViewMut2<'_, T>>, on: &Limited<'_>) -> Result<(), BoxError> {
        let number = self.making.first + place;
        let operands = self.workload.operands();
        let (output, inputs) = operands.split_last().ok_or("no operands")?;
        let makes = self.workload.source() != Source::Parent;
        let elements = |tensor: &Tensor| tensor.shape[0] * tensor.shape[1];
        let made: usize = if makes { inputs.iter().map(elements).sum() } else { 0 };
        let to_file = !matches!(self.workload.sink(), Sink::Parent | Sink::Drop);
        let dropped = if out.is_none() || to_file { elements(output) } else { 0 };
        let mut memory = self.rooms().pop().unwrap_or_default();
        let (mut rest, result) = room(&mut memory, made + dropped).split_at_mut(made);
        let mut views: Vec<ArrayView2<'_, T>> = Vec::with_capacity(inputs.len());
        for (operand, tensor) in inputs.iter().enumerate() {
            views.push(if makes {
                let (own, after) = std::mem::take(&mut rest).split_at_mut(elements(tensor));
                rest = after;
                self.obtain(number, operand, tensor, own)?;
                tensor.view(0, bytemuck::cast_slice(own))?
            } else {
                self.given.0[operand].view(place, self.given.1)?
            });
        }
        let (backend, threads) = (on.backend()?, on.op_threads());
        let run = |out: ArrayViewMut2<'_, T>| self.family.call(number, &views, out).run(backend, threads);
        match out {
            Some(out) if !to_file => run(out)?,
            out => {
                run(output.view_mut(0, bytemuck::cast_slice_mut(result))?)?;
                self.hand_over(number, output, result)?;
                if let Some(mut out) = out {
                    self.take_back(number, output, result)?;
                    out.assign(&output.view(0, bytemuck::cast_slice(result))?);
                }
            }
        }
        self.rooms().push(memory);
        Ok(())
    }

    fn rooms(&self) -> MutexGuard<'_, Vec<Vec<T>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without files there is one way to obtain an operand, and none to hand over a result.
#[cfg_attr(not(feature = "files"), expect(unused_variables))]
impl<T: Number, F: Typed<T> + Sync + ?Sized> Made<'_, T, F> {
    /// Makes or reads operand number `operand` of a task.
    fn obtain(&self, task: usize, operand: usize, tensor: &Tensor, elements: &mut [T]) -> Result<(), BoxError> {
        match self.workload.source() {
            #[cfg(feature = "files")]
            Source::Files => Ok(folder::load(&self.file(task, tensor)?, elements)?),
            _ => {
                self.workload.fill_operand(&self.maker, self.making.seed, task, operand, elements);
                Ok(())
            }
        }
    }

    /// Writes a result to its file, if it goes to one.
    fn hand_over(&self, task: usize, tensor: &Tensor, elements: &[T]) -> Result<(), BoxError> {
        match self.workload.sink() {
            #[cfg(feature = "files")]
            Sink::Files => Ok(folder::save(&self.file(task, tensor)?, tensor, elements, &Partials::default())?),
            _ => Ok(()),
        }
    }

    /// Reads a result from its file, if it went to one: what is judged is what lies there.
    fn take_back(&self, task: usize, tensor: &Tensor, elements: &mut [T]) -> Result<(), BoxError> {
        match self.workload.sink() {
            #[cfg(feature = "files")]
            Sink::Files => Ok(folder::load(&self.file(task, tensor)?, elements)?),
            _ => Ok(()),
        }
    }

    #[cfg(feature = "files")]
    fn file(&self, task: usize, tensor: &Tensor) -> Result<PathBuf, folder::Error> {
        Ok(folder::file(self.making.folder.ok_or(folder::Error::None)?, task, &tensor.name))
    }
}

impl<T: Number, F: Typed<T> + Sync + ?Sized> Tasks for Made<'_, T, F> {
    fn len(&self) -> usize {
        self.workload.tasks()
    }

    fn run_part(&mut self, part: Range<usize>, place: usize, _: usize, on: &Limited<'_>) -> Result<(), TaskErrors> {
        let mut outs = self.outs.take();
        let done = match &mut outs {
            Some(outs) => {
                let each = |at, out: &mut ArrayViewMut2<'_, T>| self.one(part.start + at, Some(out.view_mut()), on);
                on.for_each_mut(&mut outs[part.clone()], each)
            }
            None => on.for_each(part.len(), |at| self.one(part.start + at, None, on)),
        };
        self.outs = outs;
        done.map_err(|errors| TaskErrors { index: place + errors.index, ..errors })
    }

    fn once(&mut self, index: usize, on: &Limited<'_>) -> Result<(), BoxError> {
        let mut outs = self.outs.take();
        let out = outs.as_mut().map(|outs| outs[index].view_mut());
        let done = self.one(index, out, on);
        self.outs = outs;
        done
    }
}
