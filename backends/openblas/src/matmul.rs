//! The product by `cblas_sgemm` and `cblas_dgemm`, which take matrices with contiguous rows or columns.
//!
//! All calls are row-major: a column-major C is computed as C' = B' A', and an operand with contiguous columns is
//! handed over as the transpose of one with contiguous rows. Anything else is copied.

use gingham_core::matmul::scale;
use gingham_core::ndarray::{Array2, ArrayView2, ArrayViewMut2, CowArray, Ix2};
use gingham_core::{Error, MatMul, OpThreads, Product};

use crate::batch::Group;
use crate::call::{Blas, Call, GemmBatch, leading_dimension, orientation};
use crate::{OpenBlas, enter, int};

impl<T: Blas> MatMul<T> for OpenBlas {
    fn matmul(
        &self,
        alpha: T,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        beta: T,
        c: ArrayViewMut2<'_, T>,
        threads: OpThreads,
    ) -> Result<(), Error> {
        enter(threads)?;
        product(alpha, a, b, beta, c)
    }

    fn matmul_batch(&self, alpha: T, batch: &mut [Product<'_, T>], beta: T, threads: OpThreads) -> Result<(), Error> {
        enter(threads)?;
        products(T::gemm_batch(), alpha, batch, beta, threads)
    }
}

/// The product for any strides.
fn product<T: Blas>(
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    mut c: ArrayViewMut2<'_, T>,
) -> Result<(), Error> {
    for dimension in [a.nrows(), a.ncols(), b.ncols()] {
        int("a dimension", dimension)?;
    }
    // The AVX-512 kernels for small products (seen in 0.3.21, n up to 100) read A and B whatever alpha is.
    if alpha == T::zero() || a.ncols() == 0 || c.is_empty() {
        scale(beta, c);
        return Ok(());
    }
    if let Some((a, b, mut c, ld)) = row_major(a, b, c.view_mut()) {
        return match Call::new(&a, &b, c.view_mut(), ld)? {
            Some(call) => {
                // SAFETY: the operands are borrowed until the end of this function.
                unsafe { call.make(alpha, beta) };
                Ok(())
            }
            None => copied(alpha, a, b, beta, c, ld),
        };
    }
    let mut scratch = Array2::zeros(c.dim());
    if beta != T::zero() {
        scratch.assign(&c);
    }
    let ld = scratch.ncols();
    copied(alpha, a, b, beta, scratch.view_mut(), ld)?;
    c.assign(&scratch);
    Ok(())
}

/// The products in order: those that need no copy go in calls of `batch`, if the library has it and it pays; the others
/// go one by one.
pub(crate) fn products<T: Blas>(
    batch: Option<GemmBatch<T>>,
    alpha: T,
    products: &mut [Product<'_, T>],
    beta: T,
    threads: OpThreads,
) -> Result<(), Error> {
    let one_by_one = |p: &mut Product<'_, T>| product(alpha, p.a, p.b, beta, p.c.view_mut());
    let Some(batch) = batch.filter(|_| alpha != T::zero()) else {
        return products.iter_mut().try_for_each(one_by_one);
    };
    let mut group = Group::new(batch, alpha, beta);
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

/// The product as one call; `None` if it is empty, needs a copy, or has an integer that is too large.
fn direct<T: Blas>(p: &mut Product<'_, T>) -> Option<Call<T>> {
    if p.c.is_empty() || p.a.ncols() == 0 {
        return None;
    }
    let (a, b, c, ld) = row_major(p.a, p.b, p.c.view_mut())?;
    Call::new(&a, &b, c, ld).ok()?
}

/// A, B, a C with contiguous rows, and how far these are apart.
type RowMajor<'ab, 'c, T> = (ArrayView2<'ab, T>, ArrayView2<'ab, T>, ArrayViewMut2<'c, T>, usize);

/// The operands, or their transposes, so that the rows of C are contiguous; `None` if neither its rows nor its columns
/// are.
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

/// The product into a C whose rows are contiguous and `ld` apart, from copies of A and B if the library does not take
/// them as they are.
fn copied<T: Blas>(
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
    unsafe { call.make(alpha, beta) };
    Ok(())
}

#[cfg(test)]
mod tests {
    use gingham_core::ndarray::arr2;

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
            Error::TooLarge { backend: crate::ID, what: "a dimension", given: 1 << 31, limit: (1 << 31) - 1 }
        );
        assert_eq!(c[[0, 0]], 5.0);
    }
}
