//! Matrix products: `C <- A B`.
//!
//! Some rows of every task are compared component by component with sums in twice the precision, and every row takes
//! part in a check with a random vector ([`Rows`]).

use gingham_core::bounds::{Bounded, Sum};
use gingham_core::{Op, Product, Scalar};
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::{Bound, Facts, Family, Typed, Unit};
use crate::workload::freivalds::Rows;
use crate::workload::judge::{Judge, Run, compare};
use crate::workload::placement::{Error, Number, Placement, Tensor};
use crate::workload::shape::{Layout, Shape};
use crate::workload::{Single, Task, Workload};

/// Multiply-adds spent on the rows that are compared component by component: about 0.1 s on one core.
const ROW_BUDGET: usize = 20_000_000;

pub(super) struct MatMul;

impl Workload {
    /// One product of an m x k matrix and a k x n matrix, `[m, k, n]`, both stored by rows.
    #[must_use]
    pub fn matmul<T: Scalar>([m, k, n]: [usize; 3]) -> Single {
        Single::new(Op::MatMul, T::DTYPE, Shape::MatMul { m, k, n }, Layout::default())
    }
}

impl Family for MatMul {
    fn facts(&self) -> Facts {
        Facts {
            shapes: "MxKxN or N, for example 512x256x512",
            layouts: Some("three letters for A, B and C, each r (by rows) or c (by columns), for example rcr"),
            unit: Unit::Flop,
            ..Facts::of_arrays(Bound::MultiplyAdd)
        }
    }

    fn shape(&self, sizes: &[usize]) -> Option<Shape> {
        match *sizes {
            [n] => Some(Shape::MatMul { m: n, k: n, n }),
            [m, k, n] => Some(Shape::MatMul { m, k, n }),
            _ => None,
        }
    }

    fn operands(&self, workload: &Workload) -> Vec<Tensor> {
        let ([m, k, n], [a, b, c]) = (workload.shape().sizes(), workload.layout().by_columns);
        let matrix = |name, shape: [usize; 2], by_columns: bool, output| {
            let strides = if by_columns { [1, shape[0] as isize] } else { [shape[1] as isize, 1] };
            Tensor { strides, ..Tensor::by_rows(name, shape, output) }
        };
        vec![matrix("a", [m, k], a, false), matrix("b", [k, n], b, false), matrix("c", [m, n], c, true)]
    }

    fn work(&self, workload: &Workload) -> f64 {
        2.0 * workload.shape().sizes().map(|length| length as f64).iter().product::<f64>()
    }
}

impl<T: Number> Typed<T> for MatMul {
    fn call<'a>(&self, _: usize, inputs: &[ArrayView2<'a, T>], out: ArrayViewMut2<'a, T>) -> Task<'a, T> {
        Task::MatMul(Product { a: inputs[0], b: inputs[1], c: out })
    }

    fn judge(&self, workload: &Workload, placement: &Placement, inputs: &[u8], seed: u64) -> Result<Judge, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let view = |operand: usize, task: usize| placement.tensors[operand].view::<T>(task, inputs);
        let (tasks, [m, k, n]) = (workload.tasks(), workload.shape().sizes());
        let per_task = (ROW_BUDGET / tasks / (k * n).max(1)).max(1);
        let mut products = Vec::new();
        for task in 0..tasks {
            let (a, b) = (view(0, task)?, view(1, task)?);
            let picked: Vec<usize> = match per_task >= m {
                true => (0..m).collect(),
                false => (0..per_task).map(|_| rng.random_range(0..m)).collect(),
            };
            let rows: Vec<_> = picked.into_iter().map(|i| (i, row(a.row(i), b))).collect();
            products.push((rows, Rows::of(a, b, &mut rng)));
        }
        Ok(Judge::new(placement, move |run: &Run<'_>| {
            let mut largest = 0.0_f64;
            for (task, (rows, all)) in products.iter().enumerate().take(run.tasks) {
                let c = run.result::<T>(task);
                for (i, row) in rows {
                    let numbered = (i * n..).zip(c.row(*i)).zip(row);
                    let row = numbered.map(|((element, got), &value)| ([task, element], got.into_f64(), value));
                    largest = largest.max(compare(row)?);
                }
                // This bound is of a whole row: it separates right from wrong, but the ratio to it means nothing.
                compare(all.compared(c).enumerate().map(|(i, (got, value))| ([task, i], got, value)))?;
            }
            Ok(largest)
        }))
    }
}

/// The row of C that belongs to this row of A.
fn row<T: Number>(a: ArrayView1<'_, T>, b: ArrayView2<'_, T>) -> Vec<Bounded> {
    let mut sums = vec![Sum::default(); b.ncols()];
    for (&a, b) in a.iter().zip(b.rows()) {
        let a = a.into_f64();
        sums.iter_mut().zip(b).for_each(|(sum, &b)| sum.add(a, b.into_f64()));
    }
    sums.into_iter().map(|sum| sum.bounded::<T>(a.len())).collect()
}
