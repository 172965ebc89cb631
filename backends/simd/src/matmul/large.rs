//! Products that are neither small nor skinny: [`matvec`] computes those with a single column, [`split`] the others.

use gingham_core::matmul::scale;
use gingham_core::ndarray::{ArrayView2, ArrayViewMut2, Axis};
use gingham_core::{Error, OpThreads};

use super::matrix::Matrix;
use super::{matvec, split};
use crate::arch::Vectors;
use crate::level::Available;

/// `C <- alpha A B + beta C`
#[inline(never)]
pub(super) fn product<T: Vectors>(
    level: Available,
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    c: ArrayViewMut2<'_, T>,
    threads: OpThreads,
) -> Result<(), Error> {
    if c.is_empty() {
        return Ok(());
    }
    if alpha == T::zero() || a.ncols() == 0 {
        scale(beta, c);
        return Ok(());
    }
    if c.ncols() == 1 {
        return matvec::product(level, alpha, a, b, beta, c, threads.get());
    }
    if c.nrows() == 1 {
        let (a, b) = (b.reversed_axes(), a.reversed_axes());
        return matvec::product(level, alpha, a, b, beta, c.reversed_axes(), threads.get());
    }
    let (a, b, c) = upright(a, b, c);
    split::product(level, alpha, a, b, beta, c, threads)
}

/// Reverses and transposes the operands without changing the product (`C' = B' A'`): C then runs forwards along both
/// axes, and its columns are contiguous if either axis is.
fn upright<'ab, 'c, T: Copy>(
    mut a: ArrayView2<'ab, T>,
    mut b: ArrayView2<'ab, T>,
    mut c: ArrayViewMut2<'c, T>,
) -> (ArrayView2<'ab, T>, ArrayView2<'ab, T>, ArrayViewMut2<'c, T>) {
    if c.strides()[0] < 0 {
        c.invert_axis(Axis(0));
        a.invert_axis(Axis(0));
    }
    if c.strides()[1] < 0 {
        c.invert_axis(Axis(1));
        b.invert_axis(Axis(1));
    }
    if Matrix::of_mut(&mut c).lies_by_rows() {
        (b.reversed_axes(), a.reversed_axes(), c.reversed_axes())
    } else {
        (a, b, c)
    }
}
