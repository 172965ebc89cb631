//! Fill: `x_i <- value`.

use ndarray::{ArrayViewMut, ArrayViewMut1, Dimension};

use crate::{Backend, Error, OpThreads, Scalar, lanes, reference};

/// The fill of a backend. The entry [`fill`] hands over one lane at a time, and has checked that its stride is not 0.
///
/// # Contract
/// * Any stride but 0, negative ones included.
/// * Every element becomes `value` to the bit (the sign of zero included; a NaN stays a NaN).
/// * Elements between those that the lane addresses are not written.
pub trait Fill<T: Scalar> {
    /// `out_i <- value`.
    ///
    /// # Errors
    /// Errors that only the library can find.
    fn fill(&self, value: T, out: ArrayViewMut1<'_, T>, threads: OpThreads) -> Result<(), Error> {
        let _ = threads;
        reference::count_call();
        out.into_iter().for_each(|x| *x = value);
        Ok(())
    }
}

/// `out_i <- value` on `backend`, for an array of any rank: axes that continue each other are joined, and the backend
/// is called once for each lane that remains (once in all for a contiguous array).
///
/// # Errors
/// [`Error::OverlappingOutput`], or the backend's error.
pub fn fill<T: Scalar, D: Dimension>(
    backend: &dyn Backend,
    value: T,
    out: ArrayViewMut<'_, T, D>,
    threads: OpThreads,
) -> Result<(), Error> {
    lanes::check_output("fill", &out)?;
    let ops = T::ops(backend);
    lanes::for_each_lane(None, None, out.into_dyn(), |_, _, out| ops.fill(value, out, threads))
}
