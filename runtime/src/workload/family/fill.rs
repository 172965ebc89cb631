//! Fills: `out_i <- 1`.

use std::marker::PhantomData;

use gingham_core::bounds::Bounded;
use gingham_core::{Op, Scalar};
use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Bound, Family, Typed};
use crate::workload::judge::{Comparison, Expected, Judge, Wrong, result};
use crate::workload::placement::{Error, Number, Operand, Placement, Tensor};
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
    fn operands(&self, workload: &Workload) -> Vec<Operand> {
        vec![Operand::array("out", workload, true)]
    }

    fn bound(&self) -> Bound {
        Bound::Write
    }
}

impl<T: Number> Typed<T> for Fill {
    fn call<'a>(&self, _: usize, _: &[ArrayView2<'a, T>], out: ArrayViewMut2<'a, T>) -> Task<'a, T> {
        Task::Fill { value: T::one(), out }
    }

    fn judge(&self, _: &Workload, placement: &Placement, _: &[u8], _: u64) -> Result<Judge, Error> {
        Ok(Judge::new(placement, Ones(PhantomData::<T>)))
    }
}

/// Every element is one.
struct Ones<T>(PhantomData<T>);

impl<T: Number> Expected for Ones<T> {
    fn check(&self, output: &Tensor, _: &str, outputs: &[u8], count: usize) -> Result<f64, Wrong> {
        let mut comparison = Comparison::default();
        for task in 0..count {
            for (element, &got) in result::<T>(output, task, outputs).iter().enumerate() {
                comparison.element([task, element], got.into_f64(), Bounded { value: 1.0, bound: 0.0 })?;
            }
        }
        Ok(comparison.ratio())
    }
}
