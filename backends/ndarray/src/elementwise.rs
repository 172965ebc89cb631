//! Functions of one argument by ndarray's own methods of that name, functions of two by its assigning operators.
//!
//! A closure of ours run by `Zip` or `mapv` would be our arithmetic in its loop, so `min`, `max` and `pow`, for which
//! ndarray has no method, are core's reference.

use std::ops::{AddAssign, DivAssign, MulAssign, SubAssign};

use gingham_core::reference::Reference;
use gingham_core::{Binary, Elementwise, Error, OpThreads, Scalar, Unary};
use ndarray::{ArrayView1, ArrayViewMut1};

use crate::Ndarray;

impl<T> Elementwise<T> for Ndarray
where
    T: Scalar + AddAssign + SubAssign + MulAssign + DivAssign,
{
    fn unary(
        &self,
        f: Unary,
        x: Option<ArrayView1<'_, T>>,
        mut out: ArrayViewMut1<'_, T>,
        _threads: OpThreads,
    ) -> Result<(), Error> {
        let from = x.as_ref().map_or_else(|| out.view(), |x| x.view());
        let values = match f {
            Unary::Neg => -from.to_owned(),
            Unary::Abs => from.abs(),
            Unary::Sqrt => from.sqrt(),
            Unary::Recip => from.recip(),
            Unary::Square => from.pow2(),
            Unary::Exp => from.exp(),
            Unary::Ln => from.ln(),
            Unary::Sin => from.sin(),
            Unary::Cos => from.cos(),
            Unary::Tanh => from.tanh(),
        };
        out.assign(&values);
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
        let assign: fn(&mut ArrayViewMut1<'_, T>, &ArrayView1<'_, T>) = match f {
            Binary::Add => |out, y| *out += y,
            Binary::Sub => |out, y| *out -= y,
            Binary::Mul => |out, y| *out *= y,
            Binary::Div => |out, y| *out /= y,
            Binary::Min | Binary::Max | Binary::Pow => {
                return Elementwise::<T>::binary(&Reference, f, x, y, out, threads);
            }
        };
        if let Some(x) = x {
            out.assign(&x);
        }
        assign(&mut out, &y);
        Ok(())
    }
}
