//! The product on several threads: C is cut into one piece for each, and each piece is a blocked product of its own.
//! Where C is small and k is long, k is cut instead ([`k_split`]).

use std::marker::PhantomData;

use gingham_core::ndarray::{ArrayView2, ArrayViewMut2, Axis, s};
use gingham_core::{Error, OpThreads};

use super::blocking::{self, Blocks, Tile};
use super::k_split;
use super::matrix::Matrix;
use super::scratch::{Line, Scratch};
use crate::level::Available;
use crate::team;
use crate::vector::{Element, Kernel, Vector};

/// Multiply-adds below which a second thread does not pay: some 40 us on one core of 100 GF/s, the time that a thread
/// takes to start.
const LEAST: usize = 1 << 21;

/// Threads, at most `threads`, that have enough to do with `work` multiply-adds.
#[inline(always)]
pub(super) fn parts(work: usize, threads: OpThreads) -> usize {
    threads.get().min(work / LEAST).max(1)
}

/// The product, C being cut along its longer axis into pieces of whole tiles, one for each thread that has enough to do.
pub(super) fn product<T: Element>(
    level: Available,
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    mut c: ArrayViewMut2<'_, T>,
    threads: OpThreads,
) -> Result<(), Error> {
    let ((m, k), n) = (a.dim(), b.ncols());
    if let Some(steps) = k_split::steps::<T>(m, k, n) {
        return k_split::product(level, alpha, a, b, beta, c, steps, threads);
    }
    let parts = parts(m.saturating_mul(n).saturating_mul(k), threads);
    let tile = tile::<T>(level);
    let by_rows = m > n;
    let (axis, len, unit) = if by_rows { (Axis(0), m, tile.rows) } else { (Axis(1), n, tile.cols) };
    let piece = len.div_ceil(parts).next_multiple_of(unit);
    let parts = len.div_ceil(piece);
    let (rows, cols) = if by_rows { (piece, n) } else { (m, piece) };
    let blocks = Blocks::new::<T>(tile, rows, k, cols);
    let lines = blocks.lines::<T>();
    let mut scratch = Scratch::take(lines.saturating_mul(parts))?;
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
pub(super) struct Piece<'a, T> {
    pub(super) alpha: T,
    pub(super) a: ArrayView2<'a, T>,
    pub(super) b: ArrayView2<'a, T>,
    pub(super) beta: T,
    pub(super) c: ArrayViewMut2<'a, T>,
    pub(super) blocks: Blocks,
    pub(super) scratch: &'a mut [Line],
}

impl<T: Element> Kernel<T> for Piece<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) {
        let Self { alpha, beta, blocks, scratch, .. } = self;
        let (a, b, c) = (Matrix::new(self.a), Matrix::new(self.b), Matrix::new_mut(self.c));
        // SAFETY: the caller answers for V, the views for their elements; `matmul` has seen that the shapes fit, and
        // `product` has cut the scratch.
        unsafe {
            match Tile::of::<V>().cols {
                8 => blocking::product::<V, 3, 8>(alpha, a, b, beta, c, blocks, scratch),
                _ => blocking::product::<V, 2, 6>(alpha, a, b, beta, c, blocks, scratch),
            }
        }
    }
}
