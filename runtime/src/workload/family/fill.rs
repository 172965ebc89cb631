//! Fills: `out_i <- 1`.

use std::ops::Range;

use gingham_core::bounds::Bounded;
use gingham_core::{Op, Scalar};
use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Bound, Family, Typed, Unit};
use crate::workload::judge::{Comparison, Judge, Results, Wrong};
use crate::workload::placement::{Error, Number, Operand, Placement};
use crate::workload::shape::Shape;
use crate::workload::{Single, Task, Workload};

pub(super) struct Fill;

impl Workload {
    /// One fill of an array of `[rows, columns]` elements.
    #[must_use]
    pub fn fill<T: Scalar>(sizes: [usize; 2]) -> Single {
        Single::of_array(Op::Fill, T::DTYPE, sizes)
    }
}

impl Family for Fill {
    fn forms(&self) -> &'static str {
        "N or MxN, for example 1000000 or 1000x1000"
    }

    fn shape(&self, sizes: &[usize]) -> Option<Shape> {
        Shape::array(sizes)
    }

    fn operands(&self, workload: &Workload) -> Vec<Operand> {
        vec![Operand::array("out", workload, true)]
    }

    fn inputs(&self) -> Range<f64> {
        0.0..1.0
    }

    fn work(&self, workload: &Workload) -> f64 {
        workload.task_bytes() as f64
    }

    fn unit(&self) -> Unit {
        Unit::Byte
    }

    fn bound(&self) -> Bound {
        Bound::Write
    }
}

impl<T: Number> Typed<T> for Fill {
    fn call<'a>(&self, _: usize, _: &[ArrayView2<'a, T>], out: ArrayViewMut2<'a, T>) -> Task<'a, T> {
        Task::Fill { value: T::one(), out }
    }

    fn judge(&self, _: &Workload, placement: &Placement, _: &[u8], _: u64) -> Result<Box<dyn Judge>, Error> {
        Ok(Box::new(Ones { results: Results::<T>::of(placement) }))
    }
}

/// Every element is one.
struct Ones<T> {
    results: Results<T>,
}

impl<T: Number> Judge for Ones<T> {
    fn poison(&self, outputs: &mut [u8], count: usize) {
        self.results.poison(outputs, count);
    }

    fn check(&self, _: &str, outputs: &[u8], count: usize) -> Result<f64, Wrong> {
        let mut comparison = Comparison::default();
        for task in 0..count {
            for (element, &got) in self.results.view(task, outputs).iter().enumerate() {
                comparison.element([task, element], got.into_f64(), Bounded { value: 1.0, bound: 0.0 })?;
            }
        }
        Ok(comparison.ratio())
    }
}
