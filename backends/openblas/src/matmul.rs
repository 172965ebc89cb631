//! The product by `cblas_sgemm` and `cblas_dgemm`, which take matrices with contiguous rows or columns.
//!
//! All calls are row-major: a column-major C is computed as C' = B' A', and an operand with contiguous columns is
//! handed over as the transpose of one with contiguous rows. Anything else is copied.

use std::ffi::c_int;

use cblas_sys::{CBLAS_LAYOUT, CBLAS_TRANSPOSE, CblasNoTrans, CblasRowMajor, CblasTrans, cblas_dgemm, cblas_sgemm};
use gingham_core::matmul::scale;
use gingham_core::ndarray::{Array2, ArrayView2, ArrayViewMut2, CowArray, Ix2};
use gingham_core::{Error, MatMul, OpThreads, Product, Scalar};

use crate::batch::{GemmBatch, Group};
use crate::{OpenBlas, enter, int, library};

/// `cblas_sgemm` or `cblas_dgemm`: layout, transposition of A and B, m, n, k, alpha, A with its leading dimension, B
/// likewise, beta, C likewise.
pub(crate) type Gemm<T> = unsafe extern "C" fn(
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
        threads: OpThreads,
    ) -> Result<(), Error> {
        enter(threads)?;
        product(cblas_sgemm, alpha, a, b, beta, c)
    }

    fn matmul_batch(
        &self,
        alpha: f32,
        batch: &mut [Product<'_, f32>],
        beta: f32,
        threads: OpThreads,
    ) -> Result<(), Error> {
        enter(threads)?;
        products(cblas_sgemm, library::sgemm_batch(), alpha, batch, beta, threads)
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
        threads: OpThreads,
    ) -> Result<(), Error> {
        enter(threads)?;
        product(cblas_dgemm, alpha, a, b, beta, c)
    }

    fn matmul_batch(
        &self,
        alpha: f64,
        batch: &mut [Product<'_, f64>],
        beta: f64,
        threads: OpThreads,
    ) -> Result<(), Error> {
        enter(threads)?;
        products(cblas_dgemm, library::dgemm_batch(), alpha, batch, beta, threads)
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
    if let Some((a, b, mut c, ld)) = row_major(a, b, c.view_mut()) {
        return match Call::new(&a, &b, c.view_mut(), ld)? {
            Some(call) => {
                // SAFETY: the operands are borrowed until the end of this function.
                unsafe { call.make(gemm, alpha, beta) };
                Ok(())
            }
            None => copied(gemm, alpha, a, b, beta, c, ld),
        };
    }
    let mut scratch = Array2::zeros(c.dim());
    if beta != T::zero() {
        scratch.assign(&c);
    }
    let ld = scratch.ncols();
    copied(gemm, alpha, a, b, beta, scratch.view_mut(), ld)?;
    c.assign(&scratch);
    Ok(())
}

/// The products in order: those that the library takes as they are in calls of `batch`, where there is such a function
/// and it pays, the others one by one.
pub(crate) fn products<T: Scalar>(
    gemm: Gemm<T>,
    batch: Option<GemmBatch<T>>,
    alpha: T,
    products: &mut [Product<'_, T>],
    beta: T,
    threads: OpThreads,
) -> Result<(), Error> {
    let one_by_one = |p: &mut Product<'_, T>| product(gemm, alpha, p.a, p.b, beta, p.c.view_mut());
    let Some(batch) = batch.filter(|_| alpha != T::zero()) else {
        return products.iter_mut().try_for_each(one_by_one);
    };
    let mut group = Group::new(gemm, batch, alpha, beta);
    let outcome = products.iter_mut().try_for_each(|p| {
        match direct(p).filter(|call| call.shape.pays(threads)) {
            // SAFETY: `products` stays borrowed until the flush below, and no two of its outputs overlap.
            Some(call) => unsafe { group.push(call) },
            None => one_by_one(p)?,
        }
        Ok(())
    });
    // SAFETY: as above.
    unsafe { group.flush() };
    outcome
}

/// The product as one call, if it needs one, and no copy, and no integer that is too large.
fn direct<T: Scalar>(p: &mut Product<'_, T>) -> Option<Call<T>> {
    if p.c.is_empty() || p.a.ncols() == 0 {
        return None;
    }
    let (a, b, c, ld) = row_major(p.a, p.b, p.c.view_mut())?;
    Call::new(&a, &b, c, ld).ok()?
}

/// A, B, a C with contiguous rows, and how far these are apart.
type RowMajor<'ab, 'c, T> = (ArrayView2<'ab, T>, ArrayView2<'ab, T>, ArrayViewMut2<'c, T>, usize);

/// The operands, or their transposes, so that the rows of C are contiguous; none where neither are.
fn row_major<'ab, 'c, T>(
    a: ArrayView2<'ab, T>,
    b: ArrayView2<'ab, T>,
    c: ArrayViewMut2<'c, T>,
) -> Option<RowMajor<'ab, 'c, T>> {
    if let Some(ld) = leading_dimension(c.dim(), c.strides()) {
        return Some((a, b, c, ld));
    }
    let c = c.reversed_axes();
    leading_dimension(c.dim(), c.strides()).map(|ld| (b.reversed_axes(), a.reversed_axes(), c, ld))
}

/// The product into a C whose rows are contiguous and `ld` apart, of copies of A and B where the library does not take
/// them.
fn copied<T: Scalar>(
    gemm: Gemm<T>,
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    c: ArrayViewMut2<'_, T>,
    ld: usize,
) -> Result<(), Error> {
    let contiguous = |x| if orientation(&x).is_some() { x.into() } else { x.as_standard_layout().into_owned().into() };
    let (a, b): (CowArray<'_, T, Ix2>, CowArray<'_, T, Ix2>) = (contiguous(a), contiguous(b));
    let call = Call::new(&a.view(), &b.view(), c, ld)?.expect("what is not contiguous has been copied");
    // SAFETY: the operands are borrowed until the end of this function.
    unsafe { call.make(gemm, alpha, beta) };
    Ok(())
}

/// Sizes, transpositions and leading dimensions: all of a call but the factors and where the matrices lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Of A and B.
    pub(crate) is_transposed: [bool; 2],
    /// m, n and k.
    pub(crate) sizes: [c_int; 3],
    /// Of A, B and C.
    pub(crate) leading: [c_int; 3],
}

/// A call but for its factors.
pub(crate) struct Call<T> {
    pub(crate) shape: Shape,
    pub(crate) a: *const T,
    pub(crate) b: *const T,
    pub(crate) c: *mut T,
}

impl<T: Scalar> Call<T> {
    /// The call for a C whose rows are contiguous and `ld` apart; none where A or B would have to be copied.
    fn new(
        a: &ArrayView2<'_, T>,
        b: &ArrayView2<'_, T>,
        mut c: ArrayViewMut2<'_, T>,
        ld: usize,
    ) -> Result<Option<Self>, Error> {
        let ((m, k), n) = (a.dim(), b.ncols());
        assert!(b.nrows() == k && c.dim() == (m, n), "the checked entry has compared the shapes");
        let (Some((a_transposed, lda)), Some((b_transposed, ldb))) = (orientation(a), orientation(b)) else {
            return Ok(None);
        };
        let size = |size| int("a dimension", size);
        let leading = |ld| int("a leading dimension", ld);
        let shape = Shape {
            is_transposed: [a_transposed, b_transposed],
            sizes: [size(m)?, size(n)?, size(k)?],
            leading: [leading(lda)?, leading(ldb)?, leading(ld)?],
        };
        Ok(Some(Self { shape, a: a.as_ptr(), b: b.as_ptr(), c: c.as_mut_ptr() }))
    }

    /// Makes it.
    ///
    /// # Safety
    /// The operands that it was made from are still borrowed, C mutably.
    pub(crate) unsafe fn make(self, gemm: Gemm<T>, alpha: T, beta: T) {
        let [ta, tb] = self.shape.transpositions();
        let Shape { sizes: [m, n, k], leading: [lda, ldb, ldc], .. } = self.shape;
        // SAFETY: shapes agree; transposition and leading dimension of each operand describe its memory; C is borrowed
        // mutably, and its rows do not overlap.
        unsafe { gemm(CblasRowMajor, ta, tb, m, n, k, alpha, self.a, lda, self.b, ldb, beta, self.c, ldc) };
    }
}

impl Shape {
    /// Of A and B, in the library's words.
    pub(crate) fn transpositions(&self) -> [CBLAS_TRANSPOSE; 2] {
        self.is_transposed.map(|is| if is { CblasTrans } else { CblasNoTrans })
    }
}

/// Whether `x` is the transpose of a matrix that BLAS takes, and its leading dimension; none where it has to be copied.
fn orientation<T>(x: &ArrayView2<'_, T>) -> Option<(bool, usize)> {
    let transposed = x.t();
    let of_rows = leading_dimension(x.dim(), x.strides()).map(|ld| (false, ld));
    of_rows.or_else(|| Some((true, leading_dimension(transposed.dim(), transposed.strides())?)))
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
