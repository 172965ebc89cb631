//! The blocked product (Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008): three loops
//! around the tile, each of which keeps one operand in one cache level.
//!
//! A block of B, KC x NC, is packed once and stays in L3. Blocks of A, MC x KC, are packed one after the other into L2.
//! One panel of B (KC x NR) stays in L1 while panels of A (MR x KC) stream past it from L2. Most panels are packed by
//! the tile that reads them first: see [`super::tile`].

use gingham_core::Scalar;
use gingham_core::ndarray::{ArrayView2, ArrayViewMut2};

use super::limits::DIRECT_STEPS;
use super::matrix::Matrix;
use super::pack;
use super::scratch::{Line, lines};
use super::tile::{Panel, RegisterTile, TileShape, UNROLLED, Update};
use crate::cache::Caches;
use crate::vector::{Element, Kernel, Vector};

/// The blocks of a product.
#[derive(Clone, Copy)]
pub(super) struct Blocks {
    mc: usize,
    kc: usize,
    nc: usize,
}

impl Blocks {
    /// The blocks of an m x k by k x n product, and of any with a smaller m or n: as large as the caches allow, about
    /// equal, and never empty.
    pub(super) fn new<T>(tile: TileShape, m: usize, k: usize, n: usize) -> Self {
        let caches = Caches::get();
        let whole = |bytes: usize, other: usize, unit: usize| (bytes / (other * size_of::<T>()) / unit).max(1) * unit;
        let most = whole(caches.l1 / 2, tile.cols, UNROLLED).max(DIRECT_STEPS);
        let kc = even(k, most, 1);
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

/// The length of the parts of `len`, a multiple of `unit`: the parts are as few as parts of at most `most` can be, and
/// equal except for the last.
fn even(len: usize, most: usize, unit: usize) -> usize {
    let parts = len.div_ceil(most).max(1);
    len.div_ceil(parts).max(1).next_multiple_of(unit)
}

/// One piece of C, and all that is needed to compute it.
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
            match TileShape::of::<V>().cols {
                8 => product::<V, 3, 8>(alpha, a, b, beta, c, blocks, scratch),
                _ => product::<V, 2, 6>(alpha, a, b, beta, c, blocks, scratch),
            }
        }
    }
}

/// `C <- alpha A B + beta C`, with blocks of A and B packed into `scratch`. MV and NR are those of [`TileShape::of`]:
/// Rust cannot take them from V yet.
///
/// # Safety
/// The CPU has the instructions of V; the elements of A, B and C are readable, those of C writable and accessed by
/// nothing else; the shapes fit; `blocks` are those of this product or a larger one, and `scratch` has their lines.
#[inline(always)]
unsafe fn product<V: Vector, const MV: usize, const NR: usize>(
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
        // One pass even if k is 0, because it multiplies C by beta.
        for p in (0..k.max(1)).step_by(kc) {
            let update = match p {
                0 if beta == zero => Update::Set { alpha },
                0 if beta != one => Update::Scale { alpha, beta },
                _ => Update::Add { alpha },
            };
            let b = b.block(p, kc, j, nc);
            let tiles_pack_b = pack::height(m, MV * V::LANES, V::LANES) == MV * V::LANES;
            // SAFETY: the caller's, for B; `for_b` has room for kc by nc, a multiple of NR.
            let mut b = unsafe { Block::<V>::new(b.transposed(), NR, NR, tiles_pack_b, packed_b) };
            for i in (0..m).step_by(mc) {
                let a = a.block(i, mc, p, kc);
                let tiles_pack_a = a.row_stride == 1 && b.source.rows >= NR;
                // SAFETY: the caller's, for A and C; `for_a` has room for mc, a multiple of MR, by kc.
                unsafe {
                    let a = Block::<V>::new(a, MV * V::LANES, V::LANES, tiles_pack_a, packed_a);
                    tiles::<V, MV, NR>(a, b, update, c.block(i, mc, j, nc));
                }
                b.new = 0;
            }
        }
    }
}

/// A block of A, or of B's transpose.
#[derive(Clone, Copy)]
struct Block<V: Vector> {
    source: Matrix<V::Elem>,
    packed: *mut V::Elem,
    /// Rows at the start, in whole panels, that the tiles pack when they first read them.
    new: usize,
}

impl<V: Vector> Block<V> {
    /// Packs what the tiles do not: everything unless they are `able`, else only the panels at the end.
    ///
    /// # Safety
    /// As [`pack::panels`].
    #[inline(always)]
    unsafe fn new(source: Matrix<V::Elem>, width: usize, granule: usize, able: bool, packed: *mut V::Elem) -> Self {
        let mut new = 0;
        while able && source.rows - new >= width && pack::height(source.rows - new, width, granule) == width {
            new += width;
        }
        let rest = source.block(new, source.rows - new, 0, source.cols);
        // SAFETY: the caller's; the panels before this one are full.
        unsafe { pack::panels::<V>(rest, width, granule, packed.add(new * source.cols)) };
        Self { source, packed, new }
    }

    /// The panel of `height` rows from `row` on.
    #[inline(always)]
    fn panel(self, row: usize, height: usize) -> Panel<V::Elem> {
        let source = self.source.block(row, height, 0, self.source.cols);
        Panel { source, packed: self.packed.wrapping_add(row * self.source.cols) }
    }
}

/// Updates a block of C, tile by tile, by the product of a block of A and a block of B.
///
/// # Safety
/// As [`RegisterTile`], for all panels of the blocks.
#[inline(always)]
unsafe fn tiles<V: Vector, const MV: usize, const NR: usize>(
    a: Block<V>,
    b: Block<V>,
    update: Update<V::Elem>,
    c: Matrix<V::Elem>,
) {
    for j in (0..c.cols).step_by(NR) {
        let mut i = 0;
        while i < c.rows {
            let height = pack::height(c.rows - i, MV * V::LANES, V::LANES);
            let (new_a, new_b) = (j == 0 && i < a.new, i == 0 && j < b.new);
            let (a, b, c) = (a.panel(i, height), b.panel(j, NR), c.block(i, height, j, NR));
            // SAFETY: the caller's; rows before row i fill whole panels, and so do columns before column j. New panels
            // are of full height, those of B because the first panel of A is.
            unsafe {
                match (height / V::LANES, new_a, new_b) {
                    (_, true, true) => V::outlined(RegisterTile::<_, MV, NR, true, true> { a, b, update, c }),
                    (_, true, false) => V::outlined(RegisterTile::<_, MV, NR, true, false> { a, b, update, c }),
                    (_, false, true) => V::outlined(RegisterTile::<_, MV, NR, false, true> { a, b, update, c }),
                    (1, ..) => V::outlined(RegisterTile::<_, 1, NR, false, false> { a, b, update, c }),
                    (2, ..) => V::outlined(RegisterTile::<_, 2, NR, false, false> { a, b, update, c }),
                    _ => V::outlined(RegisterTile::<_, MV, NR, false, false> { a, b, update, c }),
                }
            }
            i += height;
        }
    }
}
