//! The product by `general_mat_mul`, which takes any strides.

use gingham_core::{Error, MatMul, OpThreads, Scalar};
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, s};

use crate::Ndarray;

impl<T: Scalar> MatMul<T> for Ndarray {
    fn matmul(
        &self,
        alpha: T,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        beta: T,
        mut c: ArrayViewMut2<'_, T>,
        _threads: OpThreads,
    ) -> Result<(), Error> {
        // The sums are formed before they meet alpha, so NaN in A would come through a zero alpha. With k = 0 neither
        // A nor B is read.
        let k = if alpha == T::zero() { 0 } else { a.ncols() };
        general_mat_mul(alpha, &a.slice(s![.., ..k]), &b.slice(s![..k, ..]), beta, &mut c);
        Ok(())
    }
}
