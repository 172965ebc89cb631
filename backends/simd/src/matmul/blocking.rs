//! The blocked product (Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008): three loops
//! around the tile, each of which keeps one operand in one level of the cache.
//!
//! A block of B, KC x NC, is packed once and stays in L3; blocks of A, MC x KC, are packed one after the other into L2;
//! of these, one panel of B (KC x NR) stays in L1 while panels of A (MR x KC) stream past it from L2.

use std::fmt;

use gingham_core::Scalar;

use super::kernel::{self, UNROLLED, Update};
use super::matrix::Matrix;
use super::pack;
use super::scratch::{Line, lines};
use crate::cache::Caches;
use crate::vector::Vector;

/// The shape of the tile, in elements of C.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tile {
    pub(super) rows: usize,
    pub(super) cols: usize,
}

impl Tile {
    /// The tile of V, as the registers allow: see [`kernel`].
    #[inline(always)]
    pub(super) fn of<V: Vector>() -> Self {
        if V::REGISTERS >= 32 { Self { rows: 3 * V::LANES, cols: 8 } } else { Self { rows: 2 * V::LANES, cols: 6 } }
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.rows, self.cols)
    }
}

/// The blocks of a product.
#[derive(Clone, Copy)]
pub(super) struct Blocks {
    mc: usize,
    kc: usize,
    nc: usize,
}

impl Blocks {
    /// The blocks of an m x k by k x n product, and of any with a smaller m or n: as large as the caches allow, all of
    /// about one size, and none empty.
    pub(super) fn new<T>(tile: Tile, m: usize, k: usize, n: usize) -> Self {
        let caches = Caches::get();
        let whole = |bytes: usize, other: usize, unit: usize| (bytes / (other * size_of::<T>()) / unit).max(1) * unit;
        let kc = even(k, whole(caches.l1 / 2, tile.cols, UNROLLED), 1);
        let most = whole(caches.l1 / 2, tile.cols, UNROLLED);
        let mc = even(m, whole(caches.l2 / 2, most, tile.rows), tile.rows);
        let nc = even(n, whole(caches.l3 / 8, most, tile.cols), tile.cols);
        Self { mc, kc, nc }
    }

    /// Lines that the packed block of A takes.
    fn a_lines<T>(self) -> usize {
        lines::<T>(self.mc * self.kc)
    }

    /// Lines that the packed blocks of A and B take together, some 5 MiB at most.
    pub(super) fn lines<T>(self) -> usize {
        self.a_lines::<T>() + lines::<T>(self.kc * self.nc)
    }
}

/// Length of the parts of `len`, as few as can be of at most `most` each: equal but for the last, and whole multiples of
/// `unit`.
fn even(len: usize, most: usize, unit: usize) -> usize {
    let parts = len.div_ceil(most).max(1);
    len.div_ceil(parts).max(1).next_multiple_of(unit)
}

/// `C <- alpha A B + beta C`, blocks of A and B being packed into `scratch`. MV and NR are those of
/// [`Tile::of`], which cannot be constants of V yet.
///
/// # Safety
/// The CPU has the instructions of V; the elements of A, B and C are readable, those of C writable and nobody else's;
/// the shapes fit; `blocks` are those of this product or a larger one, and `scratch` has their lines.
#[inline(always)]
pub(super) unsafe fn product<V: Vector, const MV: usize, const NR: usize>(
    alpha: V::Elem,
    a: Matrix<V::Elem>,
    b: Matrix<V::Elem>,
    beta: V::Elem,
    c: Matrix<V::Elem>,
    blocks: Blocks,
    scratch: &mut [Line],
) {
    let (m, k, n) = (a.rows, a.cols, b.cols);
    let Blocks { mc, kc, nc } = blocks;
    let (for_a, for_b) = scratch.split_at_mut(blocks.a_lines::<V::Elem>());
    let (packed_a, packed_b) = (for_a.as_mut_ptr().cast(), for_b.as_mut_ptr().cast());
    let (zero, one) = (V::Elem::default(), V::Elem::from_f64(1.0));
    for j in (0..n).step_by(nc) {
        // One pass even where k is 0: it is the one that multiplies C by beta.
        for p in (0..k.max(1)).step_by(kc) {
            let update = match p {
                0 if beta == zero => Update::Set { alpha },
                0 if beta != one => Update::Scale { alpha, beta },
                _ => Update::Add { alpha },
            };
            let b = b.block(p, kc, j, nc);
            // SAFETY: the caller's, for B; `for_b` has room for kc by nc, a multiple of NR.
            unsafe { pack::panels::<V>(b.transposed(), NR, NR, packed_b) };
            for i in (0..m).step_by(mc) {
                let a = a.block(i, mc, p, kc);
                // SAFETY: the caller's, for A and C; `for_a` has room for mc, a multiple of MR, by kc.
                unsafe {
                    pack::panels::<V>(a, MV * V::LANES, V::LANES, packed_a);
                    tiles::<V, MV, NR>(a.cols, packed_a, packed_b, update, c.block(i, mc, j, nc));
                }
            }
        }
    }
}

/// Updates a block of C, tile by tile, by the product of a packed block of A and a packed block of B.
///
/// # Safety
/// As [`kernel::tile`], for all panels of the blocks.
#[inline(always)]
unsafe fn tiles<V: Vector, const MV: usize, const NR: usize>(
    k: usize,
    a: *const V::Elem,
    b: *const V::Elem,
    update: Update<V::Elem>,
    c: Matrix<V::Elem>,
) {
    let mr = MV * V::LANES;
    for j in (0..c.cols).step_by(NR) {
        for i in (0..c.rows).step_by(mr) {
            let c = c.block(i, mr, j, NR);
            // SAFETY: the caller's; rows before row i, a multiple of `mr`, fill whole panels, and so do columns.
            unsafe {
                let (a, b) = (a.add(i * k), b.add(j * k));
                match c.rows.div_ceil(V::LANES) {
                    1 => kernel::tile::<V, 1, NR>(k, a, b, update, c),
                    2 => kernel::tile::<V, 2, NR>(k, a, b, update, c),
                    _ => kernel::tile::<V, MV, NR>(k, a, b, update, c),
                }
            }
        }
    }
}
