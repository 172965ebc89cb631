//! The product by its definition: three loops.

use gingham_core::matmul::scale;
use gingham_core::ndarray::{ArrayView2, ArrayViewMut2};
use gingham_core::{Error, MatMul, OpThreads, Scalar};

use crate::Template;

impl<T: Scalar> MatMul<T> for Template {
    // The contract is the doc comment of `MatMul`. The shapes have been checked before this is called.
    fn matmul(
        &self,
        alpha: T,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        beta: T,
        mut c: ArrayViewMut2<'_, T>,
        // Obeyed by `Threading::PerCall`; elsewhere it is what `limit` was given.
        _threads: OpThreads,
    ) -> Result<(), Error> {
        if alpha == T::zero() || a.ncols() == 0 {
            // Neither A nor B is read, and nothing is added to beta C, so that -0 stays -0.
            scale(beta, c);
            return Ok(());
        }
        // Step 3. From here on, call the library. `a.as_ptr()` and `a.strides()` (in elements, possibly negative or
        // zero) describe an operand; `a.as_standard_layout()` copies one that the library cannot address.
        for ((i, j), c_ij) in c.indexed_iter_mut() {
            let mut sum = T::zero();
            for p in 0..a.ncols() {
                sum = sum + a[[i, p]] * b[[p, j]];
            }
            // beta = 0 does not read C, which may hold NaN.
            *c_ij = if beta == T::zero() { alpha * sum } else { alpha * sum + beta * *c_ij };
        }
        Ok(())
    }
}
