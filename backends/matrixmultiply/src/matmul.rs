//! The product by `sgemm` and `dgemm`, which take any strides.

use gingham_core::matmul::scale;
use gingham_core::ndarray::{ArrayView2, ArrayViewMut2};
use gingham_core::{Error, MatMul, OpThreads, Scalar};

use crate::{ID, MatrixMultiply, pool};

/// `sgemm` or `dgemm`: m, k, n, alpha, A with its row and column stride, B likewise, beta, C likewise.
type Gemm<T> =
    unsafe fn(usize, usize, usize, T, *const T, isize, isize, *const T, isize, isize, T, *mut T, isize, isize);

impl MatMul<f32> for MatrixMultiply {
    fn matmul(
        &self,
        alpha: f32,
        a: ArrayView2<'_, f32>,
        b: ArrayView2<'_, f32>,
        beta: f32,
        c: ArrayViewMut2<'_, f32>,
        _threads: OpThreads,
    ) -> Result<(), Error> {
        product(matrixmultiply::sgemm, alpha, a, b, beta, c)
    }
}

impl MatMul<f64> for MatrixMultiply {
    fn matmul(
        &self,
        alpha: f64,
        a: ArrayView2<'_, f64>,
        b: ArrayView2<'_, f64>,
        beta: f64,
        c: ArrayViewMut2<'_, f64>,
        _threads: OpThreads,
    ) -> Result<(), Error> {
        product(matrixmultiply::dgemm, alpha, a, b, beta, c)
    }
}

fn product<T: Scalar>(
    gemm: Gemm<T>,
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    mut c: ArrayViewMut2<'_, T>,
) -> Result<(), Error> {
    let ((m, k), n) = (a.dim(), b.ncols());
    assert!(b.nrows() == k && c.dim() == (m, n), "the checked entry has compared the shapes");
    // The library multiplies the finished sums by alpha, so NaN in A or B would come through a zero alpha.
    if alpha == T::zero() || k == 0 {
        scale(beta, c);
        return Ok(());
    }
    pool::enter(ID, [m, k, n])?;
    let (rsc, csc) = (c.strides()[0], c.strides()[1]);
    // SAFETY: the views are valid for their shapes, which agree, and strides; C is borrowed mutably, and no two of its
    // indices name one element.
    unsafe {
        gemm(
            m,
            k,
            n,
            alpha,
            a.as_ptr(),
            a.strides()[0],
            a.strides()[1],
            b.as_ptr(),
            b.strides()[0],
            b.strides()[1],
            beta,
            c.as_mut_ptr(),
            rsc,
            csc,
        );
    }
    Ok(())
}
