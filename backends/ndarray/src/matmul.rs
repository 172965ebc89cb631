//! The product by `general_mat_mul`, which takes any strides.

use gingham_core::matmul::scale;
use gingham_core::{Error, MatMul, OpThreads, Scalar};
use gingham_matrixmultiply::pool;
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};

use crate::{ID, Ndarray};

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
        // The sums are formed before they meet alpha, so NaN in A would come through a zero alpha.
        if alpha == T::zero() || a.ncols() == 0 {
            scale(beta, c);
            return Ok(());
        }
        pool::enter(ID, [a.nrows(), a.ncols(), b.ncols()])?;
        general_mat_mul(alpha, &a, &b, beta, &mut c);
        Ok(())
    }
}
