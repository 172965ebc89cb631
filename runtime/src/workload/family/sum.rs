//! Sums: `out <- sum x_i`. Every task is compared with a sum in twice the precision.

use std::ops::Range;

use gingham_core::bounds::{self, Bounded};
use gingham_core::{Op, Scalar};
use ndarray::{ArrayView2, ArrayViewMut2, Axis};

use super::{Bound, Family, Typed, Unit};
use crate::workload::judge::{Comparison, Judge, Results, Wrong};
use crate::workload::placement::{Error, Number, Operand, Placement};
use crate::workload::shape::Shape;
use crate::workload::{Single, Task, Workload};

pub(super) struct Sum;

impl Workload {
    /// One sum of a vector of `n` elements.
    #[must_use]
    pub fn sum<T: Scalar>(n: usize) -> Single {
        Single::of_array(Op::Sum, T::DTYPE, [1, n])
    }
}

impl Family for Sum {
    fn forms(&self) -> &'static str {
        "N, the length of the vector, for example 1000000"
    }

    fn shape(&self, sizes: &[usize]) -> Option<Shape> {
        if let [columns] = *sizes { Some(Shape::Array { rows: 1, columns }) } else { None }
    }

    fn operands(&self, workload: &Workload) -> Vec<Operand> {
        vec![Operand::array("x", workload, false), Operand::by_rows("out", [1, 1], true)]
    }

    fn inputs(&self) -> Range<f64> {
        -1.0..1.0
    }

    fn work(&self, workload: &Workload) -> f64 {
        workload.task_bytes() as f64
    }

    fn unit(&self) -> Unit {
        Unit::Byte
    }

    fn bound(&self) -> Bound {
        Bound::Read
    }
}

impl<T: Number> Typed<T> for Sum {
    fn call<'a>(&self, _: usize, inputs: &[ArrayView2<'a, T>], out: ArrayViewMut2<'a, T>) -> Task<'a, T> {
        let out = out.into_iter().next().expect("the output is one element");
        Task::Sum { x: inputs[0].index_axis_move(Axis(0), 0), out }
    }

    fn judge(
        &self,
        workload: &Workload,
        placement: &Placement,
        inputs: &[u8],
        _: u64,
    ) -> Result<Box<dyn Judge>, Error> {
        let sum = |task| {
            let mut sum = bounds::Sum::default();
            placement.tensors[0].view::<T>(task, inputs)?.iter().for_each(|x| sum.add(x.into_f64(), 1.0));
            Ok(sum.bounded::<T>(workload.shape().sizes()[1]))
        };
        let sums = (0..workload.tasks()).map(sum).collect::<Result<_, Error>>()?;
        Ok(Box::new(Sums { results: Results::<T>::of(placement), sums }))
    }
}

/// The sum of each task.
struct Sums<T> {
    results: Results<T>,
    sums: Vec<Bounded>,
}

impl<T: Number> Judge for Sums<T> {
    fn poison(&self, outputs: &mut [u8], count: usize) {
        self.results.poison(outputs, count);
    }

    fn check(&self, _: &str, outputs: &[u8], count: usize) -> Result<f64, Wrong> {
        let mut comparison = Comparison::default();
        for (task, &expected) in self.sums.iter().enumerate().take(count) {
            comparison.element([task, 0], self.results.view(task, outputs)[[0, 0]].into_f64(), expected)?;
        }
        Ok(comparison.ratio())
    }
}
