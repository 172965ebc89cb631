//! The dot product by `inner_prod`: SIMD where both operands are contiguous, a plain loop otherwise.

use faer::Conj;
use faer::linalg::matmul::dot::inner_prod;
use faer::traits::RealField;
use gingham_core::ndarray::ArrayView1;
use gingham_core::{Dot, Error, OpThreads, Scalar};

use crate::{Faer, view};

impl<T: Scalar + RealField> Dot<T> for Faer {
    fn dot(&self, x: ArrayView1<'_, T>, y: ArrayView1<'_, T>, _threads: OpThreads) -> Result<T, Error> {
        Ok(inner_prod(view::col(&x).transpose(), Conj::No, view::col(&y), Conj::No))
    }
}
