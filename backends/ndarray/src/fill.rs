//! The fill by `fill`.

use gingham_core::{Error, Fill, OpThreads, Scalar};
use ndarray::ArrayViewMut1;

use crate::Ndarray;

impl<T: Scalar> Fill<T> for Ndarray {
    fn fill(&self, value: T, mut out: ArrayViewMut1<'_, T>, _threads: OpThreads) -> Result<(), Error> {
        out.fill(value);
        Ok(())
    }
}
