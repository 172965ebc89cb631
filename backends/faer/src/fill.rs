//! The fill by `ColMut::fill`.

use faer::traits::RealField;
use gingham_core::ndarray::ArrayViewMut1;
use gingham_core::{Error, Fill, OpThreads, Scalar};

use crate::{Faer, view};

impl<T: Scalar + RealField> Fill<T> for Faer {
    fn fill(&self, value: T, mut out: ArrayViewMut1<'_, T>, _threads: OpThreads) -> Result<(), Error> {
        view::col_mut(&mut out).fill(value);
        Ok(())
    }
}
