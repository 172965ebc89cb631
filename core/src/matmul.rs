//! Matrix product: `C <- alpha A B + beta C`.

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::{Backend, Error, OpThreads, Scalar, lanes, reference};

/// The matrix product of a backend.
///
/// A is m x k, B is k x n, C is m x n. The entries [`matmul`] and [`matmul_batch`] have checked the shapes, and that no
/// axis of C has stride 0. The rules are those of BLAS 3.12's `xGEMM`.
///
/// # Contract
/// * Any strides of A, B and C, negative ones included; stride 0 in A and B.
/// * Zero-sized dimensions: with m or n zero nothing is touched; with k zero the result is `beta C`.
/// * That result is `beta C` to the bit, with k zero and with alpha zero: nothing is added, so that -0 stays -0. It is
///   what [`scale`] gives.
/// * `beta == 0`: C is not read; it may hold NaN.
/// * `alpha == 0`: A and B are not read; they may hold NaN.
/// * No product is skipped because a factor is zero: 0 x NaN and 0 x Inf are NaN.
/// * Elements between those that C addresses are not written.
/// * The error of each element is at most `gamma_(k+2) |alpha| |A||B| + gamma_2 |beta C| + (k+2) eta max(1, |alpha|)`,
///   with `gamma_j = j u / (1 - j u)`, u the unit roundoff and eta the smallest subnormal (Higham, Accuracy and
///   Stability of Numerical Algorithms, 2nd ed., section 3.1). Results of small integers are exact.
pub trait MatMul<T: Scalar> {
    /// One product. The reference sums `a_ip b_pj` in order of p, then scales by alpha and adds `beta c_ij`. It
    /// accumulates the row of C as a whole, so that the inner loop runs along rows of B.
    ///
    /// # Errors
    /// Errors that only the library can find: [`Error::TooLarge`], [`Error::Unsupported`], [`Error::Library`].
    fn matmul(
        &self,
        alpha: T,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        beta: T,
        mut c: ArrayViewMut2<'_, T>,
        threads: OpThreads,
    ) -> Result<(), Error> {
        let _ = threads;
        reference::count_call();
        if alpha == T::zero() || a.ncols() == 0 {
            scale(beta, c);
            return Ok(());
        }
        let mut sums = vec![T::zero(); c.ncols()];
        for (a_row, mut c_row) in a.rows().into_iter().zip(c.rows_mut()) {
            sums.fill(T::zero());
            for (&a_ip, b_row) in a_row.iter().zip(b.rows()) {
                sums.iter_mut().zip(b_row).for_each(|(sum, &b_pj)| *sum = *sum + a_ip * b_pj);
            }
            for (c_ij, &sum) in c_row.iter_mut().zip(&sums) {
                *c_ij = if beta == T::zero() { alpha * sum } else { alpha * sum + beta * *c_ij };
            }
        }
        Ok(())
    }

    /// Many products in one call, with common factors. The default is a loop.
    ///
    /// # Errors
    /// As [`MatMul::matmul`]; products before the refused one are done.
    fn matmul_batch(&self, alpha: T, batch: &mut [Product<'_, T>], beta: T, threads: OpThreads) -> Result<(), Error> {
        batch.iter_mut().try_for_each(|p| self.matmul(alpha, p.a, p.b, beta, p.c.view_mut(), threads))
    }
}

/// The operands of one product in a batch.
#[derive(Debug)]
pub struct Product<'a, T> {
    /// m x k
    pub a: ArrayView2<'a, T>,
    /// k x n
    pub b: ArrayView2<'a, T>,
    /// m x n
    pub c: ArrayViewMut2<'a, T>,
}

/// `C <- alpha A B + beta C` on `backend`, after checking the shapes.
///
/// # Errors
/// [`Error::Shape`] and [`Error::OverlappingOutput`] before anything is written; otherwise the backend's.
// Inlined on purpose: a called function copies the views, 16 bytes at a time, right after its caller has stored them, 8
// bytes at a time, which stalls on store forwarding: 5 of the 36 ns of 4 x 4 by 4 x 1 (Zen 4).
#[inline(always)]
pub fn matmul<T: Scalar>(
    backend: &dyn Backend,
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    c: ArrayViewMut2<'_, T>,
    threads: OpThreads,
) -> Result<(), Error> {
    check(&a, &b, &c)?;
    T::ops(backend).matmul(alpha, a, b, beta, c, threads)
}

/// [`matmul`] for every product of `batch`, in one call of the backend.
///
/// # Errors
/// As [`matmul`]; the shapes of the whole batch are checked before anything is written.
pub fn matmul_batch<T: Scalar>(
    backend: &dyn Backend,
    alpha: T,
    batch: &mut [Product<'_, T>],
    beta: T,
    threads: OpThreads,
) -> Result<(), Error> {
    batch.iter().try_for_each(|p| check(&p.a, &p.b, &p.c))?;
    T::ops(backend).matmul_batch(alpha, batch, beta, threads)
}

/// `C <- beta C`, the result of a product with alpha or k zero, for backends whose library adds an empty sum and so
/// turns -0 into 0. With `beta == 0` C is not read.
pub fn scale<T: Scalar>(beta: T, mut c: ArrayViewMut2<'_, T>) {
    if beta == T::zero() {
        c.fill(T::zero());
    } else if beta != T::one() {
        c.mapv_inplace(|x| beta * x);
    }
}

/// The error is built in a function of its own: for a product of 4 x 4 the check is a good part of the call.
#[inline]
fn check<T>(a: &ArrayView2<'_, T>, b: &ArrayView2<'_, T>, c: &ArrayViewMut2<'_, T>) -> Result<(), Error> {
    let ((m, k), (kb, n), (mc, nc)) = (a.dim(), b.dim(), c.dim());
    let overlaps = c.strides()[0] == 0 || c.strides()[1] == 0;
    if k != kb || m != mc || n != nc || overlaps { explain(a, b, c) } else { Ok(()) }
}

#[cold]
fn explain<T>(a: &ArrayView2<'_, T>, b: &ArrayView2<'_, T>, c: &ArrayViewMut2<'_, T>) -> Result<(), Error> {
    let ((m, k), (kb, n), (mc, nc)) = (a.dim(), b.dim(), c.dim());
    if k != kb || m != mc || n != nc {
        return Err(Error::Shape {
            op: "matmul",
            given: format!("A {m}x{k}, B {kb}x{n}, C {mc}x{nc}"),
            expected: format!("A m x k, B k x n, C m x n (here B {k}x{n}, C {m}x{n})"),
        });
    }
    lanes::check_output("matmul", c)
}
