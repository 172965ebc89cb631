//! `C <- alpha A B + beta C`, blocked and packed.
//!
//! The operands are turned so that the tile's vectors run along a contiguous axis of C, C is cut into one piece for
//! each op thread, and each piece is a product of its own ([`blocking`]).

mod blocking;
mod kernel;
mod matrix;
mod pack;
mod scratch;

use std::marker::PhantomData;

use gingham_core::ndarray::{ArrayView2, ArrayViewMut2, Axis, s};
use gingham_core::{Error, MatMul, OpThreads};

use crate::Simd;
use crate::level::Available;
use crate::team;
use crate::vector::{Element, Kernel, Vector};
use blocking::{Blocks, Tile};
use matrix::Matrix;
use scratch::{Line, Scratch};

/// Multiply-adds below which a second thread does not pay: some 40 us on one core of 100 GF/s, the time that a thread
/// takes to start.
const LEAST: usize = 1 << 21;

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
        split(level, alpha, a, b, beta, c, threads.get())
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

/// The product, C being cut along its longer axis into pieces of whole tiles, one for each thread that has enough to do.
fn split<T: Element>(
    level: Available,
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    mut c: ArrayViewMut2<'_, T>,
    threads: usize,
) -> Result<(), Error> {
    let ((m, k), n) = (a.dim(), b.ncols());
    let parts = threads.min(m.saturating_mul(n).saturating_mul(k) / LEAST).max(1);
    let tile = tile::<T>(level);
    let by_rows = m > n;
    let (axis, len, unit) = if by_rows { (Axis(0), m, tile.rows) } else { (Axis(1), n, tile.cols) };
    let piece = len.div_ceil(parts).next_multiple_of(unit);
    let parts = len.div_ceil(piece);
    let (rows, cols) = if by_rows { (piece, n) } else { (m, piece) };
    let blocks = Blocks::new::<T>(tile, rows, k, cols);
    let lines = blocks.lines::<T>();
    let mut scratch = Scratch::take(lines * parts)?;
    let pieces = c.axis_chunks_iter_mut(axis, piece).zip(scratch.lines().chunks_exact_mut(lines)).enumerate();
    team::share(parts, pieces, |(i, (c, scratch))| {
        let (start, end) = (i * piece, i * piece + c.len_of(axis));
        let (a, b) = match by_rows {
            true => (a.slice_move(s![start..end, ..]), b),
            false => (a, b.slice_move(s![.., start..end])),
        };
        level.run(Piece { alpha, a, b, beta, c, blocks, scratch });
    });
    Ok(())
}

/// The tile of `level`.
pub(crate) fn tile<T: Element>(level: Available) -> Tile {
    level.run(TileOf(PhantomData::<T>))
}

struct TileOf<T>(PhantomData<T>);

impl<T: Element> Kernel<T> for TileOf<T> {
    type Output = Tile;

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) -> Tile {
        Tile::of::<V>()
    }
}

/// One piece of C, and what it takes to compute it.
struct Piece<'a, T> {
    alpha: T,
    a: ArrayView2<'a, T>,
    b: ArrayView2<'a, T>,
    beta: T,
    c: ArrayViewMut2<'a, T>,
    blocks: Blocks,
    scratch: &'a mut [Line],
}

impl<T: Element> Kernel<T> for Piece<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) {
        let Self { alpha, beta, blocks, scratch, .. } = self;
        let (a, b, c) = (Matrix::new(self.a), Matrix::new(self.b), Matrix::new_mut(self.c));
        // SAFETY: the caller answers for V, the views for their elements; `matmul` has seen that the shapes fit, and
        // `split` has cut the scratch.
        unsafe {
            match Tile::of::<V>().cols {
                8 => blocking::product::<V, 3, 8>(alpha, a, b, beta, c, blocks, scratch),
                _ => blocking::product::<V, 2, 6>(alpha, a, b, beta, c, blocks, scratch),
            }
        }
    }
}
