//! What depends on what a task computes. A family is a file here: the grammar of its shapes, its operands, what its
//! inputs hold, how much work a task is, what bounds it, its call, and the judge of its results. One match leads from an
//! operation to its family, and the compiler names it when an operation is new.

mod dot;
mod elementwise;
mod fill;
mod function;
mod matmul;
mod random;

use std::ops::Range;

use bytemuck::Pod;
use gingham_core::{Op, Scalar};
use ndarray::{ArrayView2, ArrayViewMut2};

use super::judge::Judge;
use super::placement::{Error, Operand, Placement};
use super::shape::Shape;
use super::{Call, Task, Workload};

pub use function::FunctionCall;

/// The facts of a family, whatever the element type.
pub(crate) trait Family {
    /// The forms of a shape, for messages: `MxKxN or N, for example 512x256x512`.
    fn forms(&self) -> &'static str;

    /// The shape of these sizes, if they have one of the forms.
    fn shape(&self, sizes: &[usize]) -> Option<Shape>;

    /// The forms of a layout, where operands may be stored by rows or by columns.
    fn layouts(&self) -> Option<&'static str> {
        None
    }

    /// The operands of one task: its inputs in the order of the contract, then its output.
    fn operands(&self, workload: &Workload) -> Vec<Operand>;

    /// Where the random numbers in its inputs lie: where the operation is defined and its results are of ordinary size.
    fn inputs(&self) -> Range<f64>;

    /// The work of one task, in [`Unit`]s.
    fn work(&self, workload: &Workload) -> f64;

    /// What its work is counted in.
    fn unit(&self) -> Unit;

    /// What bounds a task whose operands no cache holds.
    fn bound(&self) -> Bound;
}

/// The call and the judge of a family of operations, on elements of one type.
pub(crate) trait Typed<T> {
    /// Task `number` of a batch.
    fn call<'a>(&self, number: usize, inputs: &[ArrayView2<'a, T>], out: ArrayViewMut2<'a, T>) -> Task<'a, T>;

    /// What results of `workload` are compared with, computed from its inputs, which lie as `placement` says. `seed`
    /// picks what is compared, where that is not all.
    ///
    /// # Errors
    /// Where the placement does not fit the inputs.
    fn judge(
        &self,
        workload: &Workload,
        placement: &Placement,
        inputs: &[u8],
        seed: u64,
    ) -> Result<Box<dyn Judge>, Error>;
}

/// A family of operations, which every backend may have.
pub(crate) trait Operation: Family + Typed<f32> + Typed<f64> {}

impl<F: Family + Typed<f32> + Typed<f64>> Operation for F {}

/// An element type whose arrays lie in shared memory.
pub(crate) trait Number: Scalar + Pod {}

impl<T: Scalar + Pod> Number for T {}

/// What work is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Floating-point operations.
    Flop,
    /// Bytes of operands that are read or written.
    Byte,
    /// Calls of a function.
    Item,
}

/// What bounds a task whose operands no cache holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The rate of multiply-adds.
    MultiplyAdd,
    /// The bandwidth of reading.
    Read,
    /// The bandwidth of writing.
    Write,
    /// The bandwidth of reading and writing together.
    Copy,
    /// It is not known.
    Unknown,
}

impl Unit {
    /// The unit of a rate, and how much of the work a second it is.
    pub(super) fn rate(self) -> (&'static str, f64) {
        match self {
            Self::Flop => ("GF/s", 1e9),
            Self::Byte => ("GB/s", 1e9),
            Self::Item => ("items/s", 1.0),
        }
    }
}

impl Call {
    pub(crate) fn family(&self) -> &dyn Family {
        match self {
            Self::Op { op, .. } => operation(op),
            Self::Function(call) => call.as_ref(),
        }
    }
}

/// The family of an operation. This is the one list of them all.
pub(super) fn operation(op: &Op) -> &dyn Operation {
    match op {
        Op::MatMul => &matmul::MatMul,
        Op::Dot => &dot::Dot,
        Op::Fill => &fill::Fill,
        Op::Unary(f) => f,
        Op::Binary(f) => f,
        Op::Random(distribution) => distribution,
    }
}
