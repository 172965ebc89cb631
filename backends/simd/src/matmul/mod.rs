//! `C <- alpha A B + beta C`, blocked and packed.
//!
//! The operands are turned so that the tile's vectors run along a contiguous axis of C, C is cut into one piece for
//! each op thread ([`split`]), and each piece is a product of its own ([`blocking`]).

mod blocking;
mod kernel;
mod matrix;
mod pack;
mod scratch;
mod split;

use gingham_core::ndarray::{ArrayView2, ArrayViewMut2, Axis, s};
use gingham_core::{Error, MatMul, OpThreads};

use crate::Simd;
use crate::vector::Element;

pub(crate) use split::tile;

impl<T: Element> MatMul<T> for Simd {
    fn matmul(
        &self,
        alpha: T,
        mut a: ArrayView2<'_, T>,
        mut b: ArrayView2<'_, T>,
        beta: T,
        c: ArrayViewMut2<'_, T>,
        threads: OpThreads,
    ) -> Result<(), Error> {
        let level = self.level()?;
        let fits = a.ncols() == b.nrows() && (a.nrows(), b.ncols()) == c.dim();
        assert!(fits, "the checked entry lets shapes that fit through alone");
        if c.is_empty() {
            return Ok(());
        }
        if alpha == T::zero() {
            // Nothing is added to beta C: a product of no steps, which reads neither A nor B.
            a.slice_collapse(s![.., ..0]);
            b.slice_collapse(s![..0, ..]);
        }
        // An empty sum times an infinite alpha is not NaN.
        let alpha = if a.ncols() == 0 { T::zero() } else { alpha };
        let (a, b, c) = upright(a, b, c);
        split::product(level, alpha, a, b, beta, c, threads.get())
    }
}

/// Turns the operands, without changing the product, so that C runs forwards along both axes, and down its columns in
/// steps of one element if it does so along any axis: `C' = B' A'`.
fn upright<'ab, 'c, T>(
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
    let (m, n) = c.dim();
    if c.strides()[1] == 1 && (c.strides()[0] != 1 || n > m) {
        (b.reversed_axes(), a.reversed_axes(), c.reversed_axes())
    } else {
        (a, b, c)
    }
}
