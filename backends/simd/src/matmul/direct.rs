//! The product without packed blocks, for operands that stay in the caches: packing would cost more than it saves.
//!
//! C is cut into tiles that fit in the registers. The vectors of a tile run along a column of A, which is read where it
//! lies; each element of B is spread over a vector from memory, whatever B's strides. Only if the columns of A are not
//! contiguous is A copied first, a block of rows at a time.

use gingham_core::Error;

use super::direct_tile::DirectTiles;
use super::matrix::Matrix;
use super::operands::{Operands, Origins};
use super::pack;
use super::scratch::{Scratch, lines};
use crate::vector::{Element, Kernel, Vector};

/// Columns of the widest tile: with one vector a column, eight sums, as many as two FMA units with a latency of four
/// cycles need.
const WIDE: usize = 8;

/// Columns of the widest tile of two vectors on 16 registers, of which it takes 12 + 2 + 1.
const NARROW: usize = 6;

/// Bytes of A that stay in L1 while B and C stream past: half of an L1 of 32 KiB.
const A_BYTES: usize = 16 << 10;

/// Bytes of C above which the kernel writes a few columns at a time along their whole length, instead of all columns
/// one row of tiles at a time.
const C_BYTES: usize = 256 << 10;

/// Columns of the tile of four vectors: 4 x 4 sums. (4 x 6 had 0.9 of the speed on Zen 4: 32 columns leave two.)
const FOUR: usize = 4;

/// Vectors in a column of the tallest tile: with 32 registers, 3 x 8 sums leave room for three vectors of A and one
/// element of B. (A single row of tiles may have four, see [`is_four_tall`].)
#[inline(always)]
const fn tallest<V: Vector>() -> usize {
    if V::REGISTERS >= 32 { 3 } else { 2 }
}

/// Whether A is computed as one row of tiles of four vectors, which read its columns along their whole length, as the
/// hardware's prefetchers expect. With two rows of tiles, each reading half of every column, a batch of 32 x 32 of
/// `f64` took 2.2 times as long from memory, and 1.07 times from L2 (Zen 4; prefetching the next product did not help).
/// Each tile reads all of A, which has to stay in L1.
#[inline(always)]
fn is_four_tall<V: Vector>(a: Matrix<V::Elem>) -> bool {
    let fits = a.cols <= A_BYTES / (4 * size_of::<V>());
    V::REGISTERS >= 32 && a.row_stride == 1 && a.rows.div_ceil(V::LANES) == 4 && fits
}

/// Rows of a block of A with `k` columns: whole tiles, at least one.
#[inline(always)]
fn block_rows<V: Vector>(k: usize) -> usize {
    let tile = tallest::<V>() * V::LANES;
    let tiles = A_BYTES / (tile * size_of::<V::Elem>());
    (tiles / k.max(1)).max(1) * tile
}

/// One product that [`Operands::are_direct`].
pub(super) struct One<'a, T>(pub(super) &'a Operands<T>);

impl<T: Element> Kernel<T> for One<'_, T> {
    type Output = Result<(), Error>;

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) -> Result<(), Error> {
        // SAFETY: the caller's.
        unsafe { products::<V>(self.0, &[self.0.origins()]) }
    }
}

/// Computes a product at each of `origins`, with the shapes and strides of `operands`, which [`Operands::are_direct`].
///
/// # Errors
/// Those of [`Scratch::take`].
///
/// # Safety
/// The CPU has the instructions of V; the elements of all operands are readable, those of C writable and accessed by
/// nothing else.
#[inline(always)]
pub(super) unsafe fn products<V: Vector>(
    operands: &Operands<V::Elem>,
    origins: &[Origins<V::Elem>],
) -> Result<(), Error> {
    let Operands { a, c, .. } = operands;
    // SAFETY: the caller's; the scratch has room for a block of A.
    unsafe {
        if is_four_tall::<V>(*a) || a.row_stride == 1 && c.rows <= tallest::<V>() * V::LANES {
            row_of_tiles::<V>(operands, origins);
        } else if a.row_stride == 1 {
            V::outlined(TallProducts { operands, origins, panel: None });
        } else {
            let rows = block_rows::<V>(a.cols).min(a.rows.next_multiple_of(V::LANES));
            let mut scratch = Scratch::take(lines::<V::Elem>(rows * a.cols))?;
            let panel: *mut V::Elem = scratch.lines().as_mut_ptr().cast();
            V::outlined(TallProducts { operands, origins, panel: Some(panel) });
        }
    }
    Ok(())
}

/// Products of more than one row of tiles. One function serves single products and batches, copied or not: it contains
/// a call for every tile, and four copies of it were a tenth of this crate.
struct TallProducts<'a, T> {
    operands: &'a Operands<T>,
    origins: &'a [Origins<T>],
    panel: Option<*mut T>,
}

impl<T: Element> Kernel<T> for TallProducts<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) {
        for &origins in self.origins {
            // SAFETY: the caller's.
            unsafe { blocks::<V>(self.operands.moved_to(origins), self.panel) };
        }
    }
}

/// One product, block after block of A, each of which takes a good part of L1. Blocks of A are copied to `panel`, or
/// read where they lie if it is `None`.
///
/// # Safety
/// As [`products`]; the columns of A are contiguous unless `panel` has room for [`block_rows`] of A, or all of them
/// in whole vectors.
#[inline(always)]
unsafe fn blocks<V: Vector>(operands: Operands<V::Elem>, panel: Option<*mut V::Elem>) {
    let Operands { b, c, .. } = operands;
    let (rows, strip) = (block_rows::<V>(b.rows), strip(c));
    let mut i = 0;
    while i < c.rows {
        let (mut a, c) = (operands.a.block(i, rows, 0, b.rows), c.block(i, rows, 0, c.cols));
        if let Some(panel) = panel {
            let rows = a.rows.next_multiple_of(V::LANES);
            // SAFETY: the caller's.
            unsafe { pack::panels::<V>(a, rows, rows, panel) };
            a = a.contiguous_at(panel, rows);
        }
        let mut j = 0;
        while j < c.cols {
            let (b, c) = (b.block(0, b.rows, j, strip), c.block(0, c.rows, j, strip));
            // SAFETY: the caller's; the blocks of C are disjoint.
            unsafe { rows_of_tiles::<V>(Operands { a, b, c, ..operands }) };
            j += strip;
        }
        i += rows;
    }
}

/// How many columns of C are written together.
#[inline(always)]
fn strip<T: Element>(c: Matrix<T>) -> usize {
    let bytes = c.rows.saturating_mul(c.cols).saturating_mul(size_of::<T>());
    if bytes > C_BYTES { WIDE } else { c.cols }
}

/// One block of A by some columns of B.
///
/// # Safety
/// As [`products`], with contiguous columns of A.
#[inline(always)]
unsafe fn rows_of_tiles<V: Vector>(operands: Operands<V::Elem>) {
    let Operands { a, c, .. } = operands;
    let mut i = 0;
    while i < c.rows {
        let rows = match is_four_tall::<V>(a.block(i, a.rows, 0, a.cols)) {
            true => 4 * V::LANES,
            false => pack::height(c.rows - i, tallest::<V>() * V::LANES, V::LANES),
        };
        let part = Operands { a: a.block(i, rows, 0, a.cols), c: c.block(i, rows, 0, c.cols), ..operands };
        // SAFETY: the caller's; the blocks of C are disjoint.
        unsafe { row_of_tiles::<V>(&part, &[part.origins()]) };
        i += rows;
    }
}

/// Computes products, or parts of one, that each consist of one row of tiles.
///
/// # Safety
/// As [`products`], with contiguous columns of A, and no more rows than the tallest tile has, or four vectors of them.
#[inline(always)]
unsafe fn row_of_tiles<V: Vector>(operands: &Operands<V::Elem>, origins: &[Origins<V::Elem>]) {
    let rows = operands.c.rows;
    let shape = (rows.div_ceil(V::LANES), rows.is_multiple_of(V::LANES));
    // SAFETY: the caller's; a row has as many vectors as are counted here.
    unsafe {
        match shape {
            (1, true) => row::<V, 1, WIDE, false>(operands, origins),
            (1, false) => row::<V, 1, WIDE, true>(operands, origins),
            // `const` keeps tiles from being compiled for an instruction set whose registers cannot hold them.
            (_, true) if const { V::REGISTERS < 32 } => row::<V, 2, NARROW, false>(operands, origins),
            (_, false) if const { V::REGISTERS < 32 } => row::<V, 2, NARROW, true>(operands, origins),
            (2, true) => row::<V, 2, WIDE, false>(operands, origins),
            (2, false) => row::<V, 2, WIDE, true>(operands, origins),
            (4, true) => row::<V, 4, FOUR, false>(operands, origins),
            (4, false) => row::<V, 4, FOUR, true>(operands, origins),
            (_, true) => row::<V, 3, WIDE, false>(operands, origins),
            (_, false) => row::<V, 3, WIDE, true>(operands, origins),
        }
    }
}

/// The tiles of `NR` columns, then the columns that are left.
///
/// # Safety
/// As [`row_of_tiles`].
#[inline(always)]
unsafe fn row<V: Vector, const MV: usize, const NR: usize, const MASKED: bool>(
    operands: &Operands<V::Elem>,
    origins: &[Origins<V::Elem>],
) {
    let (n, left) = (operands.c.cols, operands.c.cols % NR);
    // SAFETY: the caller's.
    unsafe {
        if n >= NR {
            V::outlined(DirectTiles::<_, MV, NR, MASKED, false> { operands, origins, from: 0, to: n - left });
        }
        let (from, to) = (n - left, n);
        match left {
            0 => {}
            1 => V::outlined(DirectTiles::<_, MV, 1, MASKED, false> { operands, origins, from, to }),
            2 => V::outlined(DirectTiles::<_, MV, 2, MASKED, false> { operands, origins, from, to }),
            3 => V::outlined(DirectTiles::<_, MV, 4, MASKED, true> { operands, origins, from, to }),
            4 => V::outlined(DirectTiles::<_, MV, 4, MASKED, false> { operands, origins, from, to }),
            _ => V::outlined(DirectTiles::<_, MV, NR, MASKED, true> { operands, origins, from, to }),
        }
    }
}
