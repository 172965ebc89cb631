//! Dot product: `sum x_i y_i`.

use ndarray::ArrayView1;

use crate::{Backend, Error, OpThreads, Scalar, reference};

/// The dot product of a backend. The entry [`dot`] has checked that the lengths are equal.
///
/// # Contract
/// * Any strides, negative and zero included.
/// * The empty product is 0.
/// * NaN and infinities take part: no term is skipped.
/// * The error is at most `gamma_k sum |x_i y_i| + k eta` for k terms, in any order of summation (Higham, section 3.1;
///   eta, the smallest subnormal, covers products that underflow).
pub trait Dot<T: Scalar> {
    /// `sum x_i y_i`. The reference adds in order of the index.
    ///
    /// # Errors
    /// Errors that only the library can find.
    fn dot(&self, x: ArrayView1<'_, T>, y: ArrayView1<'_, T>, threads: OpThreads) -> Result<T, Error> {
        let _ = threads;
        reference::count_call();
        Ok(x.iter().zip(y).fold(T::zero(), |sum, (&x, &y)| sum + x * y))
    }
}

/// `sum x_i y_i` on `backend`, after checking the lengths.
///
/// # Errors
/// [`Error::Shape`], or the backend's error.
pub fn dot<T: Scalar>(
    backend: &dyn Backend,
    x: ArrayView1<'_, T>,
    y: ArrayView1<'_, T>,
    threads: OpThreads,
) -> Result<T, Error> {
    if x.len() != y.len() {
        return Err(Error::Shape {
            op: "dot",
            given: format!("x of length {}, y of length {}", x.len(), y.len()),
            expected: "equal lengths".into(),
        });
    }
    T::ops(backend).dot(x, y, threads)
}
