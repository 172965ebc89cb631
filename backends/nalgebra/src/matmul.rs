//! The product by `gemm`, into a C with contiguous columns as nalgebra's own matrices have them.

use gingham_core::matmul::scale;
use gingham_core::ndarray::{Array2, ArrayView2, ArrayViewMut2, ShapeBuilder};
use gingham_core::{Error, MatMul, OpThreads, Scalar};
use gingham_matrixmultiply::pool;
use nalgebra::{DMatrix, RealField};

use crate::view::{self, has_columns};
use crate::{ID, Nalgebra};

/// `gemm` is a product of plain loops where a dimension is at most this (`SMALL_DIM` in nalgebra's `blas_uninit.rs`).
const PLAIN: usize = 5;

impl<T: Scalar + RealField> MatMul<T> for Nalgebra {
    fn matmul(
        &self,
        alpha: T,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        beta: T,
        c: ArrayViewMut2<'_, T>,
        _threads: OpThreads,
    ) -> Result<(), Error> {
        // alpha meets A only when A has been read, so NaN would come through a zero alpha.
        if alpha == T::zero() || a.ncols() == 0 || c.is_empty() {
            scale(beta, c);
            return Ok(());
        }
        pool::enter(ID, [a.nrows(), a.ncols(), b.ncols()])?;
        let (a, b, mut c) = match has_columns(c.dim(), c.strides()) {
            true => (a, b, c),
            // A row-major product is computed as C' = B' A'.
            false => (b.reversed_axes(), a.reversed_axes(), c.reversed_axes()),
        };
        if has_columns(c.dim(), c.strides()) {
            gemm(alpha, a, b, beta, c);
            return Ok(());
        }
        let mut scratch = Array2::zeros(c.raw_dim().f());
        if beta != T::zero() {
            scratch.assign(&c);
        }
        gemm(alpha, a, b, beta, scratch.view_mut());
        c.assign(&scratch);
        Ok(())
    }
}

/// The product into a C that has contiguous columns.
fn gemm<T: Scalar + RealField>(
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    mut c: ArrayViewMut2<'_, T>,
) {
    let (a, b) = (view::with_columns(a), view::unsigned(b));
    let (a, b) = (a.view(), b.view());
    let (a, b) = (view::mat(&a), view::mat(&b));
    let mut c = view::mat_mut(&mut c);
    let smallest = a.ncols().min(c.nrows()).min(c.ncols());
    if beta == T::zero() || smallest > PLAIN {
        c.gemm(alpha, &a, &b, beta);
        return;
    }
    // The plain product adds its k terms to beta C one by one, each sum rounded to the size of C. The contract allows
    // two roundings of C.
    let mut product = DMatrix::zeros(c.nrows(), c.ncols());
    product.gemm(alpha, &a, &b, T::zero());
    c *= beta;
    c += product;
}
