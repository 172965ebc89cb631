//! The product by `linalg::matmul::matmul`, which replaces C or adds to it.

use faer::linalg::matmul::matmul;
use faer::traits::RealField;
use faer::{Accum, Par, Scale};
use gingham_core::matmul::scale;
use gingham_core::ndarray::{ArrayView2, ArrayViewMut2};
use gingham_core::{Error, MatMul, OpThreads, Scalar};

use crate::{Faer, pool, view};

impl<T: Scalar + RealField> MatMul<T> for Faer {
    fn matmul(
        &self,
        alpha: T,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        beta: T,
        mut c: ArrayViewMut2<'_, T>,
        threads: OpThreads,
    ) -> Result<(), Error> {
        // The sums are formed before they meet alpha, so NaN in A would come through a zero alpha.
        if alpha == T::zero() || a.ncols() == 0 {
            scale(beta, c);
            return Ok(());
        }
        let (a, b, mut c) = (view::mat(&a), view::mat(&b), view::mat_mut(&mut c));
        let accum = if beta == T::zero() { Accum::Replace } else { Accum::Add };
        if accum == Accum::Add && beta != T::one() {
            c *= Scale(beta);
        }
        if threads == OpThreads::ONE {
            matmul(c, accum, a, b, alpha, Par::Seq);
            return Ok(());
        }
        pool::install(threads, || matmul(c, accum, a, b, alpha, Par::rayon(threads.get())))
    }
}
