//! Where each operand of a batch lies in the two blocks of an arena.
//!
//! Inputs lie in one block of memory and outputs in another, so that a trial can be kept from writing to the former.

use std::ops::Range;

use bytemuck::Pod;
use gingham_core::Scalar;
use gingham_core::function::Element;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};
use serde::{Deserialize, Serialize};

use super::Workload;

/// Each task's operand starts on a cache line of its own, so that two workers never write to one line.
const ALIGN: u64 = 64;

/// An element type whose arrays lie in shared memory, and in files.
#[cfg(feature = "files")]
pub(crate) trait Number: Scalar + Pod + crate::format::Element {}

#[cfg(feature = "files")]
impl<T: Scalar + Pod + crate::format::Element> Number for T {}

/// An element type whose arrays lie in shared memory.
#[cfg(not(feature = "files"))]
pub(crate) trait Number: Scalar + Pod {}

#[cfg(not(feature = "files"))]
impl<T: Scalar + Pod> Number for T {}

/// One operand of every task: that of task `i` starts `base + i step` bytes into its arena.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tensor {
    /// Its name in the contract of the operation, `a`, `b`, `c`, `x`, `y`, `out`.
    pub name: String,
    /// Whether the tasks write it, so that it lies among the outputs.
    pub output: bool,
    /// Byte offset of the first task's operand; 0 until [`Placement::of`] sets it.
    pub base: u64,
    /// Bytes from one task's operand to the next one's; 0 until [`Placement::of`] sets it.
    pub step: u64,
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Strides in elements.
    pub strides: [isize; 2],
}

/// Where all operands lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// In the order of the operation's contract; the output is the last one.
    pub tensors: Vec<Tensor>,
    /// Length of the inputs, at least one page.
    pub input_bytes: u64,
    /// Length of the outputs, at least one page.
    pub output_bytes: u64,
}

/// A tensor that does not lie inside its arena.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tensor `{name}` of task {task} does not lie inside its arena")]
pub struct Error {
    /// The tensor's name.
    pub name: String,
    /// The task.
    pub task: usize,
}

impl Placement {
    /// The operands of `workload`, one after the other, each for all tasks.
    #[must_use]
    pub fn of(workload: &Workload) -> Self {
        let mut ends = [0_u64; 2];
        let place = |operand: Tensor| {
            let step = operand.placed_bytes(workload.call().element());
            let end = &mut ends[usize::from(operand.output)];
            let base = *end;
            *end = end.saturating_add(step.saturating_mul(workload.tasks() as u64));
            Tensor { base, step, ..operand }
        };
        let tensors = workload.placed().into_iter().map(place).collect();
        let [input_bytes, output_bytes] = ends.map(|end| end.max(1).checked_next_multiple_of(4096).unwrap_or(u64::MAX));
        Self { tensors, input_bytes, output_bytes }
    }

    /// Where the outputs lie.
    pub(crate) fn output(&self) -> &Tensor {
        self.tensors.last().expect("every task has an output")
    }
}

impl Tensor {
    /// A matrix stored by rows.
    pub(super) fn by_rows(name: &str, shape: [usize; 2], output: bool) -> Self {
        Self { name: name.into(), output, base: 0, step: 0, shape, strides: [shape[1] as isize, 1] }
    }

    /// Arrays of the workload's shape, of these names; the last one is the output.
    pub(super) fn arrays(names: &[&str], workload: &Workload) -> Vec<Self> {
        let [rows, columns, _] = workload.shape().sizes();
        let array = |(place, &name)| Self::by_rows(name, [rows, columns], place + 1 == names.len());
        names.iter().enumerate().map(array).collect()
    }

    /// Bytes that a task's operand takes on cache lines of its own.
    pub(super) fn placed_bytes(&self, element: Element) -> u64 {
        let [rows, columns] = self.shape.map(|n| n as u64);
        let bytes = rows.saturating_mul(columns).saturating_mul(element.size() as u64);
        bytes.checked_next_multiple_of(ALIGN).unwrap_or(u64::MAX)
    }

    /// This operand of `task`, in `arena` (inputs or outputs, whichever it lies in).
    ///
    /// # Errors
    /// [`Error`]
    pub(crate) fn view<'a, T: Pod>(&self, task: usize, arena: &'a [u8]) -> Result<ArrayView2<'a, T>, Error> {
        let outside = || self.outside(task);
        let bytes = self.range::<T>(task).and_then(|range| arena.get(range)).ok_or_else(outside)?;
        let elements = bytemuck::try_cast_slice(bytes).map_err(|_| outside())?;
        ArrayView2::from_shape(self.shape.strides(self.element_strides()), elements).map_err(|_| outside())
    }

    /// The same, to write.
    ///
    /// # Errors
    /// [`Error`]
    pub(crate) fn view_mut<'a, T: Pod>(&self, task: usize, arena: &'a mut [u8]) -> Result<ArrayViewMut2<'a, T>, Error> {
        let outside = || self.outside(task);
        let bytes = self.range::<T>(task).and_then(|range| arena.get_mut(range)).ok_or_else(outside)?;
        let elements = bytemuck::try_cast_slice_mut(bytes).map_err(|_| outside())?;
        ArrayViewMut2::from_shape(self.shape.strides(self.element_strides()), elements).map_err(|_| outside())
    }

    /// This operand of each of `tasks` tasks; they do not overlap.
    ///
    /// # Errors
    /// [`Error`]
    pub(super) fn views_mut<'a, T: Pod>(
        &self,
        tasks: usize,
        arena: &'a mut [u8],
    ) -> Result<Vec<ArrayViewMut2<'a, T>>, Error> {
        let (mut rest, mut taken) = (arena, 0);
        let mut view = |task| {
            let range = self.range::<T>(task)?;
            let (_, from) = std::mem::take(&mut rest).split_at_mut_checked(range.start.checked_sub(taken)?)?;
            let (own, after) = from.split_at_mut_checked(range.len())?;
            (rest, taken) = (after, range.end);
            let elements = bytemuck::try_cast_slice_mut(own).ok()?;
            ArrayViewMut2::from_shape(self.shape.strides(self.element_strides()), elements).ok()
        };
        (0..tasks).map(|task| view(task).ok_or_else(|| self.outside(task))).collect()
    }

    /// The byte at which the operands of the first `tasks` tasks end.
    pub(super) fn end(&self, tasks: usize) -> usize {
        self.base.saturating_add(self.step.saturating_mul(tasks as u64)).try_into().unwrap_or(usize::MAX)
    }

    /// The bytes of this operand of `task`, of elements of `T`.
    fn range<T>(&self, task: usize) -> Option<Range<usize>> {
        self.bytes(task, size_of::<T>())
    }

    /// The bytes of this operand of `task`, of elements of `size` bytes each; `None` where no memory is that large.
    pub(crate) fn bytes(&self, task: usize, size: usize) -> Option<Range<usize>> {
        let start = usize::try_from(self.base.checked_add(self.step.checked_mul(task as u64)?)?).ok()?;
        let elements = self.shape[0].checked_mul(self.shape[1])?;
        Some(start..start.checked_add(elements.checked_mul(size)?)?)
    }

    /// The strides for ndarray, which demands, even of an empty array, the memory that strides other than 0 would span.
    fn element_strides(&self) -> [usize; 2] {
        if self.shape.contains(&0) { [0, 0] } else { self.strides.map(isize::unsigned_abs) }
    }

    fn outside(&self, task: usize) -> Error {
        Error { name: self.name.clone(), task }
    }
}

#[cfg(test)]
mod tests {
    use gingham_core::Registry;

    use super::*;

    #[test]
    fn tensors_beyond_their_arena_are_refused() {
        let (registry, workload) = (Registry::new(), Workload::fill::<f64>([1, 100]).tasks(2));
        let mut tensors = Placement::of(&workload).tensors;
        let fits = |tensors: &[Tensor], elements: usize| {
            let mut memory = vec![0.0_f64; elements];
            workload.tasks_in(&registry, tensors, &[], bytemuck::cast_slice_mut(&mut memory)).is_ok()
        };
        assert!(fits(&tensors, 512));
        assert!(!fits(&tensors, 150));
        for step in [8, 804, 810, u64::MAX] {
            tensors[0].step = step; // the second task's would overlap the first one's, or lie between two elements
            assert!(!fits(&tensors, 512), "{step}");
        }
        tensors[0].step = 832;
        for shape in [[2, 100], [100, 1], [usize::MAX, 2]] {
            tensors[0].shape = shape;
            assert!(!fits(&tensors, 512), "{shape:?}");
        }
        assert!(!fits(&[], 512));
    }
}
