//! The dot product by `dot`, which keeps eight partial sums.

use gingham_core::ndarray::ArrayView1;
use gingham_core::{Dot, Error, OpThreads, Scalar};
use nalgebra::{Dyn, RealField, U1};

use crate::{Nalgebra, view};

impl<T: Scalar + RealField> Dot<T> for Nalgebra {
    fn dot(&self, x: ArrayView1<'_, T>, y: ArrayView1<'_, T>, _threads: OpThreads) -> Result<T, Error> {
        let (x, y) = (view::forward(x), view::forward(y));
        let (x, y) = (x.view(), y.view());
        Ok(match view::is_contiguous(&x) && view::is_contiguous(&y) {
            true => view::vector::<T, U1>(&x).dot(&view::vector::<T, U1>(&y)),
            false => view::vector::<T, Dyn>(&x).dot(&view::vector::<T, Dyn>(&y)),
        })
    }
}
