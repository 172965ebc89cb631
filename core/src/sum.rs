//! Sum: `sum x_i`, an optional family.

use ndarray::ArrayView1;

use crate::{Backend, Error, OpThreads, Scalar, reference};

/// The sum of a backend. A backend that has none does not implement this, and gives `None` in
/// [`Ops::sum`](crate::Ops::sum): the reference takes its place.
///
/// # Contract
/// * Any stride, 0 and negative ones included.
/// * Within `gamma_n sum |x_i|` of the exact sum, in any order.
pub trait Sum<T: Scalar> {
    /// `sum x_i`.
    ///
    /// # Errors
    /// What only the library knows.
    fn sum(&self, x: ArrayView1<'_, T>, threads: OpThreads) -> Result<T, Error>;
}

/// `sum x_i` on `backend`; 0 for no elements.
///
/// # Errors
/// The backend's.
pub fn sum<T: Scalar>(backend: &dyn Backend, x: ArrayView1<'_, T>, threads: OpThreads) -> Result<T, Error> {
    match T::ops(backend).sum() {
        Some(family) => family.sum(x, threads),
        None => {
            reference::count_call();
            Ok(x.iter().fold(T::zero(), |sum, &x| sum + x))
        }
    }
}
