//! Fills: `out_i <- 1`.

use gingham_core::bounds::Bounded;
use gingham_core::{Op, Scalar};
use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Bound, Facts, Family, Typed};
use crate::workload::judge::{Judge, Run, compare};
use crate::workload::placement::{Error, Number, Placement};
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
    fn facts(&self) -> Facts {
        Facts::of_arrays(Bound::Write)
    }
}

impl<T: Number> Typed<T> for Fill {
    fn call<'a>(&self, _: usize, _: &[ArrayView2<'a, T>], out: ArrayViewMut2<'a, T>) -> Task<'a, T> {
        Task::Fill { value: T::one(), out }
    }

    fn judge(&self, _: &Workload, placement: &Placement, _: &[u8], _: u64) -> Result<Judge, Error> {
        let one = Bounded { value: 1.0, bound: 0.0 };
        Ok(Judge::new(placement, move |run: &Run<'_>| {
            compare((0..run.tasks).flat_map(|task| {
                let elements = run.result::<T>(task).into_iter().enumerate();
                elements.map(move |(element, &got)| ([task, element], got.into_f64(), one))
            }))
        }))
    }
}
