//! The dot product by `dot`: eight partial sums where both operands are contiguous, one otherwise.

use gingham_core::{Dot, Error, OpThreads, Scalar};
use ndarray::ArrayView1;

use crate::Ndarray;

impl<T: Scalar> Dot<T> for Ndarray {
    fn dot(&self, x: ArrayView1<'_, T>, y: ArrayView1<'_, T>, _threads: OpThreads) -> Result<T, Error> {
        Ok(x.dot(&y))
    }
}
