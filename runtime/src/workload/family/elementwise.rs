//! Element-wise functions: `out_i <- f(x_i)` and `out_i <- f(x_i, y_i)`.
//!
//! Stretches of every task are compared with the reference, to the last bit where IEEE 754 fixes the result.

use std::ops::Range;

use gingham_core::bounds::{Bounded, FUNCTION_ULP, ulp};
use gingham_core::reference::Reference;
use gingham_core::{Binary, Op, OpThreads, Scalar, Unary, elementwise};
use ndarray::{Array1, ArrayView1, ArrayView2, ArrayViewMut2, Axis, s};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::{Bound, Family, Typed};
use crate::workload::judge::{Judge, Run, compare};
use crate::workload::placement::{Error, Number, Operand, Placement};
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
    fn operands(&self, workload: &Workload) -> Vec<Operand> {
        Operand::arrays(&["x", "out"], workload)
    }

    fn inputs(&self) -> Range<f64> {
        match self {
            Self::Ln | Self::Sqrt | Self::Recip => 0.5..2.0,
            Self::Neg | Self::Abs | Self::Square | Self::Exp | Self::Sin | Self::Cos | Self::Tanh => -1.0..1.0,
        }
    }

    fn bound(&self) -> Bound {
        Bound::Copy
    }
}

impl Family for Binary {
    fn operands(&self, workload: &Workload) -> Vec<Operand> {
        Operand::arrays(&["x", "y", "out"], workload)
    }

    fn inputs(&self) -> Range<f64> {
        0.5..2.0
    }

    fn bound(&self) -> Bound {
        Bound::Copy
    }
}

impl<T: Number> Typed<T> for Unary {
    fn call<'a>(&self, _: usize, inputs: &[ArrayView2<'a, T>], out: ArrayViewMut2<'a, T>) -> Task<'a, T> {
        Task::Unary { f: *self, x: Some(inputs[0]), out }
    }

    fn judge(&self, workload: &Workload, placement: &Placement, inputs: &[u8], seed: u64) -> Result<Judge, Error> {
        let expected = |task, range| {
            let x = flat(placement.tensors[0].view::<T>(task, inputs)?, range);
            let mut out = Array1::from_elem(x.len(), T::nan());
            elementwise::unary(&Reference, *self, Some(x), out.view_mut(), OpThreads::ONE).expect("equal shapes");
            Ok(out)
        };
        judge(workload, placement, self.is_exact(), seed, expected)
    }
}

impl<T: Number> Typed<T> for Binary {
    fn call<'a>(&self, _: usize, inputs: &[ArrayView2<'a, T>], out: ArrayViewMut2<'a, T>) -> Task<'a, T> {
        Task::Binary { f: *self, x: Some(inputs[0]), y: inputs[1], out }
    }

    fn judge(&self, workload: &Workload, placement: &Placement, inputs: &[u8], seed: u64) -> Result<Judge, Error> {
        let view = |operand: usize, task| placement.tensors[operand].view::<T>(task, inputs);
        let expected = |task, range: Range<usize>| {
            let (x, y) = (flat(view(0, task)?, range.clone()), flat(view(1, task)?, range));
            let mut out = Array1::from_elem(x.len(), T::nan());
            elementwise::binary(&Reference, *self, Some(x), y, out.view_mut(), OpThreads::ONE).expect("equal shapes");
            Ok(out)
        };
        judge(workload, placement, self.is_exact(), seed, expected)
    }
}

/// Judges the first, the last and one random stretch of every task by its `expected` values.
fn judge<T: Number>(
    workload: &Workload,
    placement: &Placement,
    exact: bool,
    seed: u64,
    expected: impl Fn(usize, Range<usize>) -> Result<Array1<T>, Error>,
) -> Result<Judge, Error> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let len = placement.output().shape.iter().product::<usize>();
    let mut stretches = Vec::new();
    for task in 0..workload.tasks() {
        // Short operands are compared as a whole.
        let ranges = match len.checked_sub(3 * STRETCH) {
            None => vec![0..len],
            Some(spare) => {
                let starts = [0, STRETCH + rng.random_range(0..=spare), len - STRETCH];
                starts.map(|start| start..start + STRETCH).to_vec()
            }
        };
        for range in ranges {
            let values: Vec<f64> = expected(task, range.clone())?.iter().map(|&x| x.into_f64()).collect();
            stretches.push((task, range, values));
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

/// Elements `range` of a row-major operand.
fn flat<T>(view: ArrayView2<'_, T>, range: Range<usize>) -> ArrayView1<'_, T> {
    let len = view.len();
    let flat = view.into_shape_with_order(len).expect("element-wise operands are row-major");
    let (_, tail) = flat.split_at(Axis(0), range.start);
    tail.slice_move(s![..range.len()])
}
