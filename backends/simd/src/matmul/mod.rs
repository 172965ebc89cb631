//! `C <- alpha A B + beta C`.
//!
//! The operands are turned so that the vectors run along a contiguous axis of C. Then small and skinny products are
//! computed where they lie ([`direct`]), those with a single column of C row by row or column by column ([`matvec`]; small
//! ones several rows at a time, [`column`]), and all others blocked and packed, C being cut into one piece for each op
//! thread ([`split`], [`blocking`]). Many products in one call are decided on once each ([`batch`]).

mod batch;
mod blocking;
mod column;
mod direct;
mod k_split;
mod kernel;
mod matrix;
mod matvec;
mod operands;
mod pack;
mod scratch;
mod split;

use gingham_core::matmul::scale;
use gingham_core::ndarray::{ArrayView2, ArrayViewMut2, Axis};
use gingham_core::{Error, OpThreads, Product};

use crate::Simd;
use crate::level::Available;
use crate::vector::Element;
use matrix::Matrix;
use operands::Operands;

pub(crate) use split::tile;

/// `C <- alpha A B + beta C`
pub(crate) fn matmul<T: Element>(
    simd: &Simd,
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    mut c: ArrayViewMut2<'_, T>,
    threads: OpThreads,
) -> Result<(), Error> {
    let level = simd.level()?;
    if column::product(level, alpha, &a, &b, beta, &mut c) {
        return Ok(());
    }
    let operands = Operands::new(alpha, &a, &b, beta, &mut c);
    if operands.are_direct(threads) {
        return level.run(direct::One(&operands));
    }
    other(level, alpha, a, b, beta, c, threads)
}

/// `C <- alpha A B + beta C` for each product of `batch`.
pub(crate) fn matmul_batch<T: Element>(
    simd: &Simd,
    alpha: T,
    batch: &mut [Product<'_, T>],
    beta: T,
    threads: OpThreads,
) -> Result<(), Error> {
    batch::products(simd.level()?, alpha, batch, beta, threads)
}

/// The products that are not computed where they lie.
#[inline(never)]
fn other<T: Element>(
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

/// Turns the operands, without changing the product, so that C runs forwards along both axes, and down its columns in
/// steps of one element if it does so along any axis: `C' = B' A'`.
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
