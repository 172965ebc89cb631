//! Element-wise functions.
//!
//! A function is a type that computes on vectors ([`lane::Map`] of one argument, [`lane::Zip`] of two); [`lane`]
//! applies it along a lane. [`exact`] has the functions that IEEE 754 fixes to the bit, [`transcendental`] the
//! approximated ones.

mod exact;
mod lane;
mod transcendental;

use gingham_core::ndarray::{ArrayView1, ArrayViewMut1};
use gingham_core::{Binary, Error, OpThreads, Unary};

use crate::arch::Vectors;
use crate::level::Available;

use exact::{Abs, Add, Div, Max, Min, Mul, Neg, Recip, Sqrt, Square, Sub};
use lane::{map, zip};
use transcendental::{Cos, Exp, Functions, Ln, Pow, Sin, Tanh};

/// `f` of every element of `x`, or of `out` if `x` is `None`.
pub(crate) fn unary<T: Vectors + Functions>(
    level: Available,
    f: Unary,
    x: Option<ArrayView1<'_, T>>,
    out: ArrayViewMut1<'_, T>,
    threads: OpThreads,
) -> Result<(), Error> {
    match f {
        Unary::Neg => map(level, Neg, x, out, threads),
        Unary::Abs => map(level, Abs, x, out, threads),
        Unary::Sqrt => map(level, Sqrt, x, out, threads),
        Unary::Recip => map(level, Recip, x, out, threads),
        Unary::Square => map(level, Square, x, out, threads),
        Unary::Exp => map(level, Exp, x, out, threads),
        Unary::Ln => map(level, Ln, x, out, threads),
        Unary::Sin => map(level, Sin, x, out, threads),
        Unary::Cos => map(level, Cos, x, out, threads),
        Unary::Tanh => map(level, Tanh, x, out, threads),
    }
    Ok(())
}

/// `f` of every pair of elements of `x`, or of `out` if `x` is `None`, and `y`.
pub(crate) fn binary<T: Vectors + Functions>(
    level: Available,
    f: Binary,
    x: Option<ArrayView1<'_, T>>,
    y: ArrayView1<'_, T>,
    out: ArrayViewMut1<'_, T>,
    threads: OpThreads,
) -> Result<(), Error> {
    match f {
        Binary::Add => zip(level, Add, x, y, out, threads),
        Binary::Sub => zip(level, Sub, x, y, out, threads),
        Binary::Mul => zip(level, Mul, x, y, out, threads),
        Binary::Div => zip(level, Div, x, y, out, threads),
        Binary::Min => zip(level, Min, x, y, out, threads),
        Binary::Max => zip(level, Max, x, y, out, threads),
        Binary::Pow => zip(level, Pow, x, y, out, threads),
    }
    Ok(())
}
