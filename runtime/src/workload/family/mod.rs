//! What depends on the operation of a task. A family is a file here: the grammar of its shapes, its operands, what its
//! inputs hold, how much work a task is, what bounds it, its call, and the judge of its results. One match leads from
//! an operation to its family, and the compiler points at that match when an operation is new.

mod dot;
mod elementwise;
mod fill;
mod function;
mod made;
mod matmul;
mod random;

use std::ops::Range;
use std::sync::Mutex;

use gingham_core::{DType, Op, Registry};
use made::Made;
use ndarray::{ArrayView2, ArrayViewMut2};

use super::batch::{Batch, Tasks};
use super::error::Error as WorkloadError;
use super::judge::Judge;
use super::placement::{Error, Number, Placement, Tensor};
use super::shape::Shape;
use super::{Call, Maker, Making, Sink, Source, Task, Workload};

/// The facts of a family, whatever the element type and the sizes.
pub(crate) struct Facts {
    /// The forms of a shape, for messages.
    pub(crate) shapes: &'static str,
    /// The most axes of an array.
    pub(crate) axes: usize,
    /// The forms of a layout, where operands may be stored by rows or by columns.
    pub(crate) layouts: Option<&'static str>,
    /// The range of the random numbers in its inputs, in which its results are defined and of ordinary size.
    pub(crate) inputs: Range<f64>,
    /// What its work is counted in.
    pub(crate) unit: Unit,
    /// What bounds a task whose operands are larger than any cache.
    pub(crate) bound: Bound,
}

impl Facts {
    /// The facts of arrays that memory bounds in this way.
    fn of_arrays(bound: Bound) -> Self {
        let shapes = "N or MxN, for example 1000000 or 1000x1000";
        Self { shapes, axes: 2, layouts: None, inputs: -1.0..1.0, unit: Unit::Byte, bound }
    }
}

/// A family, whatever the element type. The defaults are those of arrays that memory bounds.
pub(crate) trait Family {
    fn facts(&self) -> Facts;

    /// The shape of these sizes, if they have one of the forms.
    fn shape(&self, sizes: &[usize]) -> Option<Shape> {
        match *sizes {
            [columns] => Some(Shape::Array { rows: 1, columns }),
            [rows, columns] if self.facts().axes == 2 => Some(Shape::Array { rows, columns }),
            _ => None,
        }
    }

    /// The operands of every task: its inputs in the order of the contract, then its output.
    fn operands(&self, workload: &Workload) -> Vec<Tensor> {
        Tensor::arrays(&["out"], workload)
    }

    /// The work of one task, in [`Unit`]s.
    fn work(&self, workload: &Workload) -> f64 {
        workload.task_bytes() as f64
    }
}

/// The call and the judge of a family of operations, on elements of one type.
pub(crate) trait Typed<T> {
    /// Task `number` of a batch.
    fn call<'a>(&self, number: usize, inputs: &[ArrayView2<'a, T>], out: ArrayViewMut2<'a, T>) -> Task<'a, T>;

    /// As [`Workload::judge`].
    fn judge(&self, workload: &Workload, placement: &Placement, inputs: &[u8], seed: u64) -> Result<Judge, Error>;
}

/// A family of operations, which every backend may have.
pub(crate) trait Operation: Family + Typed<f32> + Typed<f64> + Sync {}

impl<F: Family + Typed<f32> + Typed<f64> + Sync> Operation for F {}

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

/// What bounds a task whose operands are larger than any cache.
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
    /// The unit of a rate, and how much work a second one unit is.
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
fn operation(op: &Op) -> &dyn Operation {
    match op {
        Op::MatMul => &matmul::MatMul,
        Op::Dot => &dot::Dot,
        Op::Fill => &fill::Fill,
        Op::Unary(f) => f,
        Op::Binary(f) => f,
        Op::Random(distribution) => distribution,
    }
}

impl Workload {
    /// The tasks over the memory of their operands, which lie where `tensors` says. A function is looked up in
    /// `registry`.
    ///
    /// # Errors
    /// [`WorkloadError::Placement`] where the tensors, which come from another process, do not fit;
    /// [`WorkloadError::Unknown`] where `registry` has no such function; [`WorkloadError::Element`] where its results
    /// are of another type.
    pub fn tasks_in<'a>(
        &'a self,
        registry: &'a Registry,
        tensors: &[Tensor],
        inputs: &'a [u8],
        outputs: &'a mut [u8],
    ) -> Result<Box<dyn Tasks + 'a>, WorkloadError> {
        self.tasks_made(registry, Making { keep: true, ..Making::default() }, tensors, inputs, outputs)
    }

    /// The same, where inputs may have to be made and results dropped.
    ///
    /// # Errors
    /// As [`Workload::tasks_in`].
    pub(crate) fn tasks_made<'a>(
        &'a self,
        registry: &'a Registry,
        making: Making<'a>,
        tensors: &[Tensor],
        inputs: &'a [u8],
        outputs: &'a mut [u8],
    ) -> Result<Box<dyn Tasks + 'a>, WorkloadError> {
        let maker = || Maker::of(registry);
        match &self.call {
            Call::Op { op, dtype: DType::F32 } => {
                self.batch::<f32, _>(operation(op), maker, making, tensors, inputs, outputs)
            }
            Call::Op { op, dtype: DType::F64 } => {
                self.batch::<f64, _>(operation(op), maker, making, tensors, inputs, outputs)
            }
            Call::Function(call) => call.calls(registry, tensors, self.tasks, outputs),
        }
    }

    fn batch<'a, T: Number, F: Typed<T> + Sync + ?Sized>(
        &'a self,
        operation: &'a F,
        maker: impl FnOnce() -> Maker,
        making: Making<'a>,
        tensors: &[Tensor],
        inputs: &'a [u8],
        outputs: &'a mut [u8],
    ) -> Result<Box<dyn Tasks + 'a>, WorkloadError> {
        let misplaced = || Error { name: "out".into(), task: 0 };
        let (output, read) = tensors.split_last().ok_or_else(misplaced)?;
        let operands = self.placed();
        let is_placed = |(a, b): (&Tensor, &Tensor)| (a.shape, a.output) == (b.shape, b.output);
        if tensors.len() != operands.len() || !tensors.iter().zip(&operands).all(is_placed) {
            return Err(misplaced().into());
        }
        let outs = output.views_mut::<T>(self.tasks, outputs)?;
        let drops = self.sink != Sink::Parent && !making.keep;
        if self.sink != Sink::Parent || self.source != Source::Parent {
            return Ok(Box::new(Made {
                workload: self,
                family: operation,
                maker: maker(),
                making,
                given: (read.to_vec(), inputs),
                outs: (!drops).then_some(outs),
                rooms: Mutex::default(),
            }));
        }
        let tasks = outs.into_iter().enumerate().map(|(task, out)| {
            let views = read.iter().map(|tensor| tensor.view(task, inputs)).collect::<Result<Vec<_>, _>>()?;
            Ok(operation.call(making.first + task, &views, out))
        });
        let tasks = tasks.collect::<Result<Vec<_>, Error>>()?;
        Ok(Box::new(Batch::from(tasks)))
    }

    /// The expected results, computed from `inputs`, which lie as `placement` says. `seed` picks the results that are
    /// compared, if not all are.
    ///
    /// # Errors
    /// Where the placement does not fit the inputs.
    pub fn judge(&self, placement: &Placement, inputs: &[u8], seed: u64) -> Result<Judge, Error> {
        match &self.call {
            Call::Op { op, dtype: DType::F32 } => Typed::<f32>::judge(operation(op), self, placement, inputs, seed),
            Call::Op { op, dtype: DType::F64 } => Typed::<f64>::judge(operation(op), self, placement, inputs, seed),
            Call::Function(call) => Ok(call.judge(placement)),
        }
    }
}
