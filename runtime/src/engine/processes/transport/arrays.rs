//! The arrays of a batch in the memory of one that has them: the caller, a copy, or a worker, which has those of a
//! task.

use gingham_core::function::Element;

use crate::arena::Arena;
use crate::process;
use crate::process::protocol::Hello;
use crate::workload::{Call, Tensor, Workload};

/// Arrays in memory, which are copied task by task.
pub(crate) struct Arrays<'a> {
    tensors: &'a [Tensor],
    /// Bytes of an element.
    size: usize,
    inputs: Inputs<'a>,
    results: &'a mut [u8],
}

/// The inputs of a batch.
pub(crate) enum Inputs<'a> {
    /// Nobody may write them.
    Fixed(&'a [u8]),
    /// They are still to be written.
    Open(&'a mut [u8]),
}

/// Which arrays of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// All that it reads, one after the other.
    Inputs,
    /// What it writes.
    Result,
}

impl<'a> Arrays<'a> {
    /// Arrays of elements of the workload's type that lie in `inputs` and `results` as `tensors` say.
    pub(crate) fn new(workload: &Workload, tensors: &'a [Tensor], inputs: Inputs<'a>, results: &'a mut [u8]) -> Self {
        Self { tensors, size: workload.call().element().size(), inputs, results }
    }

    /// Those of a caller whose arrays are not copied.
    pub(in crate::engine) fn none() -> Self {
        Self { tensors: &[], size: Element::Bytes.size(), inputs: Inputs::Fixed(&[]), results: &mut [] }
    }

    /// Those of an arena.
    pub(in crate::engine) fn of_arena(arena: &'a mut Arena) -> Self {
        let size = arena.workload().call().element().size();
        let (placement, inputs, results, _) = arena.parts();
        Self { tensors: &placement.tensors, size, inputs: Inputs::Fixed(inputs), results }
    }

    /// Those that `hello` describes.
    pub(in crate::engine) fn of(hello: &'a Hello, inputs: &'a [u8], results: &'a mut [u8]) -> Self {
        Self::new(&hello.workload, &hello.tensors, Inputs::Fixed(inputs), results)
    }

    /// From byte `at` of all bytes of that side of `task` to the end of the array in which it lies: nothing where there
    /// are no more, `None` where the task is not within this memory.
    pub(super) fn rest(&self, side: Side, task: usize, at: usize) -> Option<&[u8]> {
        let range = self.range(side, task, at)?;
        match (side, &self.inputs) {
            (Side::Result, _) => self.results.get(range),
            (Side::Inputs, Inputs::Fixed(inputs)) => inputs.get(range),
            (Side::Inputs, Inputs::Open(inputs)) => inputs.get(range),
        }
    }

    /// The same, to write: `None` also where nobody may.
    pub(super) fn rest_mut(&mut self, side: Side, task: usize, at: usize) -> Option<&mut [u8]> {
        let range = self.range(side, task, at)?;
        match (side, &mut self.inputs) {
            (Side::Result, _) => self.results.get_mut(range),
            (Side::Inputs, Inputs::Fixed(_)) => None,
            (Side::Inputs, Inputs::Open(inputs)) => inputs.get_mut(range),
        }
    }

    fn range(&self, side: Side, task: usize, mut at: usize) -> Option<std::ops::Range<usize>> {
        for tensor in self.tensors.iter().filter(|tensor| tensor.output == (side == Side::Result)) {
            let range = tensor.bytes(task, self.size)?;
            if at < range.len() {
                return Some(range.start + at..range.end);
            }
            at -= range.len();
        }
        Some(0..0)
    }

    /// Copies that side of task `theirs` of `from` to task `ours`. False where either is not within its memory.
    pub(super) fn copy(&mut self, side: Side, ours: usize, from: &Arrays<'_>, theirs: usize) -> bool {
        let mut at = 0;
        loop {
            let (Some(from), Some(to)) = (from.rest(side, theirs, at), self.rest_mut(side, ours, at)) else {
                return false;
            };
            let bytes = from.len().min(to.len());
            if bytes == 0 {
                return from.len() == to.len();
            }
            to[..bytes].copy_from_slice(&from[..bytes]);
            at += bytes;
        }
    }

    /// Writes over the result of `task` what no run leaves there: a copy of the arrays has the results of an earlier
    /// run, which would pass for those of a run that writes nothing. False where it is not within the memory.
    pub(super) fn blank(&mut self, call: &Call, task: usize) -> bool {
        let result = self.rest_mut(Side::Result, task, 0);
        result.map(|result| result.fill(blank(call))).is_some()
    }
}

/// A byte of which a result consists before its task is done: not-a-number for an operation, which writes all of it,
/// and zero for a function, which finds zeros in a fresh arena too.
fn blank(call: &Call) -> u8 {
    if call.op().is_some() { 0xff } else { 0 }
}

/// The caller's arrays do not lie where it has said.
pub(super) fn outside() -> process::Error {
    process::Error::Answer("an array of a task does not lie inside its arena".into())
}
