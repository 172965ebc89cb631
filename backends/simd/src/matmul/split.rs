//! The product on several threads: C is cut into one piece for each, and each piece is a blocked product of its own. If
//! C is small and k long, [`k_split`] cuts k instead.

use gingham_core::ndarray::{ArrayView2, ArrayViewMut2, Axis, s};
use gingham_core::{Error, OpThreads};

use super::blocking::{Blocks, Piece};
use super::k_split;
use super::limits::parts;
use super::scratch::Scratch;
use super::tile::TileShape;
use crate::arch::Vectors;
use crate::level::Available;
use crate::team;

/// The product. C is cut along its longer axis into pieces of whole tiles, one for each thread that has enough to do.
pub(super) fn product<T: Vectors>(
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
    let tile = TileShape::at::<T>(level);
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
