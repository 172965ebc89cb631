//! Sum, difference and negation by the operators of faer's columns.
//!
//! faer has no other element-wise function: a closure of ours run by its `zip!` would be our arithmetic in its loop.

use faer::traits::RealField;
use gingham_core::ndarray::{ArrayView1, ArrayViewMut1};
use gingham_core::reference::Reference;
use gingham_core::{Binary, Elementwise, Error, OpThreads, Scalar, Unary};

use crate::{Faer, view};

impl<T: Scalar + RealField> Elementwise<T> for Faer {
    fn unary(
        &self,
        f: Unary,
        x: Option<ArrayView1<'_, T>>,
        mut out: ArrayViewMut1<'_, T>,
        threads: OpThreads,
    ) -> Result<(), Error> {
        if f != Unary::Neg {
            return Elementwise::<T>::unary(&Reference, f, x, out, threads);
        }
        let negated = match &x {
            Some(x) => -view::col(x),
            None => -view::col_mut(&mut out),
        };
        view::col_mut(&mut out).copy_from(negated);
        Ok(())
    }

    fn binary(
        &self,
        f: Binary,
        x: Option<ArrayView1<'_, T>>,
        y: ArrayView1<'_, T>,
        mut out: ArrayViewMut1<'_, T>,
        threads: OpThreads,
    ) -> Result<(), Error> {
        if !matches!(f, Binary::Add | Binary::Sub) {
            return Elementwise::<T>::binary(&Reference, f, x, y, out, threads);
        }
        let (y, mut out) = (view::col(&y), view::col_mut(&mut out));
        if let Some(x) = x {
            out.copy_from(view::col(&x));
        }
        match f {
            Binary::Add => out += y,
            _ => out -= y,
        }
        Ok(())
    }
}
