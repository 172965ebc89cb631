//! The product by `cblas_sgemm` and `cblas_dgemm`, which take matrices with contiguous rows or columns.
//!
//! All calls are row-major: a column-major C is computed as C' = B' A', and an operand with contiguous columns is
//! handed over as the transpose of one with contiguous rows. Anything else is copied.

use std::ffi::c_int;

use cblas_sys::{CBLAS_LAYOUT, CBLAS_TRANSPOSE, CblasNoTrans, CblasRowMajor, CblasTrans, cblas_dgemm, cblas_sgemm};
use gingham_core::ndarray::{Array2, ArrayView2, ArrayViewMut2, CowArray, Ix2};
use gingham_core::{Error, MatMul, OpThreads, Scalar};

use crate::{OpenBlas, int};

/// `cblas_sgemm` or `cblas_dgemm`: layout, transposition of A and B, m, n, k, alpha, A with its leading dimension, B
/// likewise, beta, C likewise.
type Gemm<T> = unsafe extern "C" fn(
    CBLAS_LAYOUT,
    CBLAS_TRANSPOSE,
    CBLAS_TRANSPOSE,
    c_int,
    c_int,
    c_int,
    T,
    *const T,
    c_int,
    *const T,
    c_int,
    T,
    *mut T,
    c_int,
);

impl MatMul<f32> for OpenBlas {
    fn matmul(
        &self,
        alpha: f32,
        a: ArrayView2<'_, f32>,
        b: ArrayView2<'_, f32>,
        beta: f32,
        c: ArrayViewMut2<'_, f32>,
        _threads: OpThreads,
    ) -> Result<(), Error> {
        product(cblas_sgemm, alpha, a, b, beta, c)
    }
}

impl MatMul<f64> for OpenBlas {
    fn matmul(
        &self,
        alpha: f64,
        a: ArrayView2<'_, f64>,
        b: ArrayView2<'_, f64>,
        beta: f64,
        c: ArrayViewMut2<'_, f64>,
        _threads: OpThreads,
    ) -> Result<(), Error> {
        product(cblas_dgemm, alpha, a, b, beta, c)
    }
}

/// The product for any strides.
fn product<T: Scalar>(
    gemm: Gemm<T>,
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    mut c: ArrayViewMut2<'_, T>,
) -> Result<(), Error> {
    for dimension in [a.nrows(), a.ncols(), b.ncols()] {
        int("a dimension", dimension)?;
    }
    if c.is_empty() {
        return Ok(());
    }
    // The AVX-512 kernels for small products (seen in 0.3.21, n up to 100) read A and B whatever alpha is.
    if alpha == T::zero() || a.ncols() == 0 {
        scale(beta, c);
        return Ok(());
    }
    if let Some(ld) = leading_dimension(c.dim(), c.strides()) {
        return row_major(gemm, alpha, a, b, beta, c, ld);
    }
    let (a, b) = (b.reversed_axes(), a.reversed_axes());
    c = c.reversed_axes();
    if let Some(ld) = leading_dimension(c.dim(), c.strides()) {
        return row_major(gemm, alpha, a, b, beta, c, ld);
    }
    let mut scratch = Array2::zeros(c.dim());
    if beta != T::zero() {
        scratch.assign(&c);
    }
    let ld = scratch.ncols();
    row_major(gemm, alpha, a, b, beta, scratch.view_mut(), ld)?;
    c.assign(&scratch);
    Ok(())
}

/// `C <- beta C`; C is not read where beta is zero.
fn scale<T: Scalar>(beta: T, mut c: ArrayViewMut2<'_, T>) {
    if beta == T::zero() {
        c.fill(T::zero());
    } else {
        c.mapv_inplace(|x| beta * x);
    }
}

/// The product into a C whose rows are contiguous and `ld` apart.
fn row_major<T: Scalar>(
    gemm: Gemm<T>,
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    mut c: ArrayViewMut2<'_, T>,
    ld: usize,
) -> Result<(), Error> {
    let ((m, k), n) = (a.dim(), b.ncols());
    assert!(b.nrows() == k && c.dim() == (m, n), "the checked entry has compared the shapes");
    let (m, n, k) = (int("a dimension", m)?, int("a dimension", n)?, int("a dimension", k)?);
    let (a, b, ld) = (Operand::new(a)?, Operand::new(b)?, int("a leading dimension", ld)?);
    // SAFETY: shapes agree; transposition and leading dimension of each operand describe its memory; C is borrowed
    // mutably, and its rows do not overlap.
    unsafe {
        gemm(
            CblasRowMajor,
            a.transposition,
            b.transposition,
            m,
            n,
            k,
            alpha,
            a.matrix.as_ptr(),
            a.ld,
            b.matrix.as_ptr(),
            b.ld,
            beta,
            c.as_mut_ptr(),
            ld,
        );
    }
    Ok(())
}

/// A or B as BLAS takes it.
struct Operand<'a, T> {
    matrix: CowArray<'a, T, Ix2>,
    transposition: CBLAS_TRANSPOSE,
    ld: c_int,
}

impl<'a, T: Scalar> Operand<'a, T> {
    fn new(x: ArrayView2<'a, T>) -> Result<Self, Error> {
        let transposed = x.reversed_axes();
        if let Some(ld) = leading_dimension(x.dim(), x.strides()) {
            return Ok(Self { matrix: x.into(), transposition: CblasNoTrans, ld: int("a leading dimension", ld)? });
        }
        if let Some(ld) = leading_dimension(transposed.dim(), transposed.strides()) {
            return Ok(Self { matrix: x.into(), transposition: CblasTrans, ld: int("a leading dimension", ld)? });
        }
        let ld = int("a leading dimension", x.ncols())?;
        Ok(Self { matrix: x.as_standard_layout().into_owned().into(), transposition: CblasNoTrans, ld })
    }
}

/// The distance between the rows, if these are contiguous and the distance is at least their length, as BLAS demands.
fn leading_dimension((rows, columns): (usize, usize), strides: &[isize]) -> Option<usize> {
    if columns > 1 && strides[1] != 1 {
        return None;
    }
    let least = columns.max(1);
    if rows <= 1 {
        return Some(least);
    }
    usize::try_from(strides[0]).ok().filter(|&ld| ld >= least)
}

#[cfg(test)]
mod tests {
    use gingham_core::ndarray::{arr2, s};

    use super::*;

    #[test]
    fn a_dimension_beyond_its_integers_is_refused() {
        let one = arr2(&[[1.0_f64]]);
        let (a, b) = (one.broadcast((1, 1 << 31)), one.broadcast((1 << 31, 1)));
        let (a, b) = (a.expect("one element, any shape"), b.expect("one element, any shape"));
        let mut c = arr2(&[[5.0]]);
        let error = OpenBlas.matmul(1.0, a, b, 0.0, c.view_mut(), OpThreads::ONE).expect_err("beyond 2^31 - 1");
        assert_eq!(
            error,
            Error::TooLarge { backend: "openblas", what: "a dimension", given: 1 << 31, limit: (1 << 31) - 1 }
        );
        assert_eq!(c[[0, 0]], 5.0);
    }

    #[test]
    fn rows_that_blas_takes_are_told_from_those_it_does_not() {
        let x = Array2::<f64>::zeros((6, 10));
        let ld = |x: ArrayView2<'_, f64>| leading_dimension(x.dim(), x.strides());
        assert_eq!(ld(x.view()), Some(10));
        assert_eq!(ld(x.slice(s![..2, ..3])), Some(10));
        assert_eq!(ld(x.slice(s![.., ..;2])), None);
        assert_eq!(ld(x.slice(s![..;-1, ..])), None);
        assert_eq!(ld(x.t()), None);
        assert_eq!(ld(x.slice(s![0..1, ..7])), Some(7));
        assert_eq!(ld(x.slice(s![0, ..]).broadcast((3, 10)).expect("one row")), None);
    }
}
