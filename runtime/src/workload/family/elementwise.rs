//! Element-wise functions: `out_i <- f(x_i)` and `out_i <- f(x_i, y_i)`.
//!
//! Stretches of every task are compared with the reference, to the last bit where IEEE 754 fixes the result.

use std::ops::Range;

use gingham_core::bounds::{Bounded, FUNCTION_ULP, ulp};
use gingham_core::reference::Reference;
use gingham_core::{Binary, Op, OpThreads, Scalar, Unary};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::{Bound, Facts, Family, Typed};
use crate::workload::judge::{Judge, Run, compare};
use crate::workload::placement::{Error, Number, Placement, Tensor};
use crate::workload::{Single, Task, Workload};

/// Elements of each task that are compared with the reference, in one stretch.
const STRETCH: usize = 4096;

impl Workload {
    /// One call of a function of one argument on an array of `[rows, columns]` elements.
    #[must_use]
    pub fn unary<T: Scalar>(f: Unary, sizes: [usize; 2]) -> Single {
        Single::of_array(Op::Unary(f), T::DTYPE, sizes)
    }

    /// One call of a function of two arguments on arrays of `[rows, columns]` elements.
    #[must_use]
    pub fn binary<T: Scalar>(f: Binary, sizes: [usize; 2]) -> Single {
        Single::of_array(Op::Binary(f), T::DTYPE, sizes)
    }
}

impl Family for Unary {
    fn operands(&self, workload: &Workload) -> Vec<Tensor> {
        Tensor::arrays(&["x", "out"], workload)
    }

    fn facts(&self) -> Facts {
        let inputs = match self {
            Self::Ln | Self::Sqrt | Self::Recip => 0.5..2.0,
            Self::Neg | Self::Abs | Self::Square | Self::Exp | Self::Sin | Self::Cos | Self::Tanh => -1.0..1.0,
        };
        Facts { inputs, ..Facts::of_arrays(Bound::Copy) }
    }
}

impl Family for Binary {
    fn operands(&self, workload: &Workload) -> Vec<Tensor> {
        Tensor::arrays(&["x", "y", "out"], workload)
    }

    fn facts(&self) -> Facts {
        Facts { inputs: 0.5..2.0, ..Facts::of_arrays(Bound::Copy) }
    }
}

impl<T: Number> Typed<T> for Unary {
    fn call<'a>(&self, _: usize, inputs: &[ArrayView2<'a, T>], out: ArrayViewMut2<'a, T>) -> Task<'a, T> {
        Task::Unary { f: *self, x: Some(inputs[0]), out }
    }

    fn judge(&self, workload: &Workload, placement: &Placement, inputs: &[u8], seed: u64) -> Result<Judge, Error> {
        judge::<T>(self, self.is_exact(), workload, placement, inputs, seed)
    }
}

impl<T: Number> Typed<T> for Binary {
    fn call<'a>(&self, _: usize, inputs: &[ArrayView2<'a, T>], out: ArrayViewMut2<'a, T>) -> Task<'a, T> {
        Task::Binary { f: *self, x: Some(inputs[0]), y: inputs[1], out }
    }

    fn judge(&self, workload: &Workload, placement: &Placement, inputs: &[u8], seed: u64) -> Result<Judge, Error> {
        judge::<T>(self, self.is_exact(), workload, placement, inputs, seed)
    }
}

/// Judges the first, the last and one random stretch of every task by what the reference computes of `f`.
fn judge<T: Number>(
    f: &impl Typed<T>,
    exact: bool,
    workload: &Workload,
    placement: &Placement,
    inputs: &[u8],
    seed: u64,
) -> Result<Judge, Error> {
    let read = &placement.tensors[..placement.tensors.len() - 1];
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let len = placement.output().shape.iter().product::<usize>();
    let mut stretches = Vec::new();
    for task in 0..workload.tasks() {
        // Short operands are compared as a whole.
        let (starts, stretch) = match len.checked_sub(3 * STRETCH) {
            None => (vec![0], len),
            Some(spare) => (vec![0, STRETCH + rng.random_range(0..=spare), len - STRETCH], STRETCH),
        };
        for range in starts.into_iter().map(|start| start..start + stretch) {
            let operand = |tensor: &Tensor| tensor.view(task, inputs).map(|whole| flat(whole, range.clone()));
            let operands = read.iter().map(operand).collect::<Result<Vec<_>, Error>>()?;
            let mut out = Array2::from_elem((1, range.len()), T::nan());
            f.call(task, &operands, out.view_mut()).run(&Reference, OpThreads::ONE).expect("equal shapes");
            stretches.push((task, range, out.iter().map(|x| x.into_f64()).collect::<Vec<_>>()));
        }
    }
    Ok(Judge::new(placement, move |run: &Run<'_>| {
        compare(stretches.iter().filter(|(task, ..)| *task < run.tasks).flat_map(|(task, range, values)| {
            let got = flat(run.result::<T>(*task), range.clone());
            range.clone().zip(got).zip(values).map(move |((element, got), &value)| {
                let bound = if exact { 0.0 } else { FUNCTION_ULP * ulp::<T>(value) };
                ([*task, element], got.into_f64(), Bounded { value, bound })
            })
        }))
    }))
}

/// Elements `range` of a row-major operand, as one row.
fn flat<T>(view: ArrayView2<'_, T>, range: Range<usize>) -> ArrayView2<'_, T> {
    let len = view.len();
    view.into_shape_with_order((1, len)).expect("element-wise operands are row-major").slice_move(s![.., range])
}
