//! The fill by `fill`.

use gingham_core::ndarray::{ArrayViewMut1, Axis};
use gingham_core::{Error, Fill, OpThreads, Scalar};
use nalgebra::{Dyn, RealField, U1};

use crate::{Nalgebra, view};

impl<T: Scalar + RealField> Fill<T> for Nalgebra {
    fn fill(&self, value: T, mut out: ArrayViewMut1<'_, T>, _threads: OpThreads) -> Result<(), Error> {
        if out.strides()[0] < 0 {
            out.invert_axis(Axis(0));
        }
        match view::is_contiguous(&out) {
            true => view::vector_mut::<T, U1>(&mut out).fill(value),
            false => view::vector_mut::<T, Dyn>(&mut out).fill(value),
        }
        Ok(())
    }
}
