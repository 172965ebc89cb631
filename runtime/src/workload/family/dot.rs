//! Dot products: `out <- sum x_i y_i`.
//!
//! The judge compares every task with a sum in twice the precision, by the bound in core's `bounds.rs`.

use gingham_core::bounds::{Bounded, Sum};
use gingham_core::{Op, Scalar};
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2, Axis, s};

use super::{Bound, Facts, Family, Typed};
use crate::parallel;
use crate::workload::judge::{Judge, Run, compare};
use crate::workload::placement::{Error, Number, Placement, Tensor};
use crate::workload::{Single, Task, Workload};

/// Elements that one thread sums at a time: 1e9 of them take one core four seconds.
const BLOCK: usize = 1 << 20;

pub(super) struct Dot;

impl Workload {
    /// One dot product of vectors of `n` elements.
    #[must_use]
    pub fn dot<T: Scalar>(n: usize) -> Single {
        Single::of_array(Op::Dot, T::DTYPE, [1, n])
    }
}

impl Family for Dot {
    fn facts(&self) -> Facts {
        let shapes = "N, the length of the vectors, for example 1000000";
        Facts { shapes, axes: 1, ..Facts::of_arrays(Bound::Read) }
    }

    fn operands(&self, workload: &Workload) -> Vec<Tensor> {
        let vector = |name| Tensor::by_rows(name, [1, workload.shape().sizes()[1]], false);
        vec![vector("x"), vector("y"), Tensor::by_rows("out", [1, 1], true)]
    }
}

impl<T: Number> Typed<T> for Dot {
    fn call<'a>(&self, _: usize, inputs: &[ArrayView2<'a, T>], out: ArrayViewMut2<'a, T>) -> Task<'a, T> {
        let vector = |operand: usize| inputs[operand].index_axis_move(Axis(0), 0);
        let out = out.into_iter().next().expect("the output is one element");
        Task::Dot { x: vector(0), y: vector(1), out }
    }

    fn judge(&self, workload: &Workload, placement: &Placement, inputs: &[u8], _: u64) -> Result<Judge, Error> {
        let vector = |operand: usize, task| {
            Ok::<_, Error>(placement.tensors[operand].view::<T>(task, inputs)?.index_axis_move(Axis(0), 0))
        };
        let sums = (0..workload.tasks()).map(|task| Ok(sum(vector(0, task)?, vector(1, task)?)));
        let sums = sums.collect::<Result<Vec<_>, Error>>()?;
        Ok(Judge::new(placement, move |run: &Run<'_>| {
            let sums = sums.iter().enumerate().take(run.tasks);
            compare(sums.map(|(task, &sum)| ([task, 0], run.result::<T>(task)[[0, 0]].into_f64(), sum)))
        }))
    }
}

fn sum<T: Scalar>(x: ArrayView1<'_, T>, y: ArrayView1<'_, T>) -> Bounded {
    let mut sums = vec![Sum::default(); x.len().div_ceil(BLOCK)];
    parallel::for_each(sums.iter_mut().enumerate(), |(number, sum)| {
        let block = s![number * BLOCK..((number + 1) * BLOCK).min(x.len())];
        let (x, y) = (x.slice(block), y.slice(block));
        x.iter().zip(y).for_each(|(&x, &y)| sum.add(x.into_f64(), y.into_f64()));
    });
    sums.into_iter().fold(Sum::default(), Sum::plus).bounded::<T>(x.len())
}
