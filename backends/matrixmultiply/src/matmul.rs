//! The product by `sgemm` and `dgemm`, which take any strides.

use gingham_core::matmul::scale;
use gingham_core::ndarray::{ArrayView2, ArrayViewMut2};
use gingham_core::{Error, MatMul, OpThreads, Scalar};

use crate::{ID, MatrixMultiply, pool};

/// `sgemm` or `dgemm`: m, k, n, alpha, A with its row and column stride, B likewise, beta, C likewise.
type Gemm<T> =
    unsafe fn(usize, usize, usize, T, *const T, isize, isize, *const T, isize, isize, T, *mut T, isize, isize);

/// An element type, and the library's product of it.
trait Element: Scalar {
    const GEMM: Gemm<Self>;
}

impl Element for f32 {
    const GEMM: Gemm<Self> = matrixmultiply::sgemm;
}

impl Element for f64 {
    const GEMM: Gemm<Self> = matrixmultiply::dgemm;
}

impl<T: Element> MatMul<T> for MatrixMultiply {
    fn matmul(
        &self,
        alpha: T,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        beta: T,
        mut c: ArrayViewMut2<'_, T>,
        _threads: OpThreads,
    ) -> Result<(), Error> {
        let ((m, k), n) = (a.dim(), b.ncols());
        assert!(b.nrows() == k && c.dim() == (m, n), "the checked entry has compared the shapes");
        // The library multiplies the finished sums by alpha, so NaN in A or B would come through a zero alpha.
        if alpha == T::zero() || k == 0 {
            scale(beta, c);
            return Ok(());
        }
        pool::enter(ID, [m, k, n])?;
        let strides = |of: &[isize]| (of[0], of[1]);
        let ((rsa, csa), (rsb, csb), (rsc, csc)) = (strides(a.strides()), strides(b.strides()), strides(c.strides()));
        let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
        // SAFETY: the views are valid for their shapes, which agree, and strides; C is borrowed mutably, and no two of
        // its indices name one element.
        unsafe { T::GEMM(m, k, n, alpha, a, rsa, csa, b, rsb, csb, beta, c, rsc, csc) };
        Ok(())
    }
}
