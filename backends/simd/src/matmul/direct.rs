//! The product without packed blocks, for operands that stay in the caches: what packing costs here is more than it
//! saves.
//!
//! C is cut into tiles that the registers hold. The vectors of a tile run along a column of A, which is read where it
//! lies; the elements of B are spread from memory, whatever B's strides. A is copied first, one panel of rows at a
//! time, only where its columns are not contiguous, or where they lie so far apart that too few lines of L1 can hold
//! them.

use gingham_core::{Error, Scalar};

use super::matrix::Matrix;
use super::operands::Operands;
use super::pack;
use super::scratch::{Scratch, lines};
use crate::vector::{Element, Kernel, Vector};

/// Columns of the widest tile: with one vector a column these are eight sums, as many as two FMA units with a latency
/// of four cycles ask for.
const COLUMNS: usize = 8;

/// Vectors in a column of the tallest tile: with 32 registers 3 x 8 sums leave room for three vectors of A and one
/// element of B; with 16 registers 2 x 6 do.
#[inline(always)]
const fn tallest<V: Vector>() -> usize {
    if V::REGISTERS >= 32 { 3 } else { 2 }
}

/// Bytes of A that stay in L1 while B and C stream past: half of an L1 of 32 KiB.
const A_BYTES: usize = 16 << 10;

/// Rows of a block of A with `k` columns: whole tiles, at least one.
#[inline(always)]
pub(super) fn block_rows<V: Vector>(k: usize) -> usize {
    let tile = tallest::<V>() * V::LANES;
    let tiles = A_BYTES / (tile * size_of::<V::Elem>());
    if k <= 1 { tiles * tile } else { (tiles / k).max(1) * tile }
}

/// What becomes of the sums of products.
#[derive(Clone, Copy)]
enum Finish<V> {
    /// `C <- AB`
    Store,
    /// `C <- alpha AB`
    Scale(V),
    /// `C <- alpha AB + beta C`
    Add(V, V),
}

impl<V: Vector> Finish<V> {
    /// # Safety
    /// The CPU has the instructions of V.
    #[inline(always)]
    unsafe fn new(alpha: V::Elem, beta: V::Elem) -> Self {
        let (zero, one) = (V::Elem::default(), V::Elem::from_f64(1.0));
        // SAFETY: the caller's.
        unsafe {
            match (alpha == one, beta == zero) {
                (true, true) => Self::Store,
                (false, true) => Self::Scale(V::splat(alpha)),
                (_, false) => Self::Add(V::splat(alpha), V::splat(beta)),
            }
        }
    }
}

/// One product that [`Operands::are_direct`].
pub(super) struct One<T>(pub(super) Operands<T>);

impl<T: Element> Kernel<T> for One<T> {
    type Output = Result<(), Error>;

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) -> Result<(), Error> {
        // SAFETY: the caller's.
        unsafe { one::<V>(&self.0) }
    }
}

/// The product of operands that [`Operands::are_direct`].
///
/// # Errors
/// Those of [`Scratch::take`].
///
/// # Safety
/// The CPU has the instructions of V; the elements of the operands are readable, those of C writable and nobody else's.
#[inline(always)]
pub(super) unsafe fn one<V: Vector>(operands: &Operands<V::Elem>) -> Result<(), Error> {
    let &Operands { alpha, a, b, beta, c } = operands;
    // SAFETY: the caller's; what is taken has the room.
    unsafe {
        if a.row_stride == 1 && !far_apart::<V>(a, c.cols) {
            product::<V>(alpha, a, b, beta, c, None);
        } else {
            let rows = block_rows::<V>(a.cols).min(a.rows.next_multiple_of(V::LANES));
            let mut scratch = Scratch::take(lines::<V::Elem>(rows * a.cols))?;
            product::<V>(alpha, a, b, beta, c, Some(scratch.lines().as_mut_ptr().cast()));
        }
    }
    Ok(())
}

/// Whether the columns of A fall on so few of L1's 64 sets that a row of tiles would not stay there.
#[inline(always)]
fn far_apart<V: Vector>(a: Matrix<V::Elem>, n: usize) -> bool {
    false
}

/// `C <- alpha A B + beta C`. A is read where it lies, unless there is a `panel` to copy it to.
///
/// A block of rows of A that takes a good part of L1 meets all columns of B, a few at a time, so that the columns of C
/// are written downwards. Where k is large such a block is a single row of tiles.
///
/// # Safety
/// The CPU has the instructions of V; the elements of A, B and C are readable, those of C writable and nobody else's;
/// the shapes fit, and C has an element; the columns of C are contiguous, and so are those of A unless `panel` has room
/// for [`block_rows`] by the columns of A.
#[inline(always)]
pub(super) unsafe fn product<V: Vector>(
    alpha: V::Elem,
    a: Matrix<V::Elem>,
    b: Matrix<V::Elem>,
    beta: V::Elem,
    c: Matrix<V::Elem>,
    panel: Option<*mut V::Elem>,
) {
    // SAFETY: the caller's; the blocks of C are disjoint.
    unsafe {
        let finish = Finish::<V>::new(alpha, beta);
        let rows = block_rows::<V>(a.cols);
        let mut i = 0;
        while i < c.rows {
            let (mut a, c) = (a.block(i, rows, 0, a.cols), c.block(i, rows, 0, c.cols));
            if let Some(panel) = panel {
                a = copied::<V>(a, panel);
            }
            let mut j = 0;
            while j < c.cols {
                j += column_of_tiles(a, b.block(0, b.rows, j, COLUMNS), finish, c.block(0, c.rows, j, COLUMNS));
            }
            i += rows;
        }
    }
}

/// The block copied to `panel`, its columns contiguous.
///
/// # Safety
/// The CPU has the instructions of V; the elements of `block` are readable; `panel` has room for its rows, rounded up to
/// whole vectors, times its columns.
#[inline(always)]
unsafe fn copied<V: Vector>(block: Matrix<V::Elem>, panel: *mut V::Elem) -> Matrix<V::Elem> {
    let rows = block.rows.next_multiple_of(V::LANES);
    // SAFETY: the caller's.
    unsafe { pack::panels::<V>(block, rows, rows, panel) };
    block.contiguous_at(panel, rows)
}

/// The tiles below each other in the first columns of `c`, at most [`COLUMNS`], of which it returns how many.
///
/// # Safety
/// As [`product`], with contiguous columns of A.
#[inline(always)]
unsafe fn column_of_tiles<V: Vector>(
    a: Matrix<V::Elem>,
    b: Matrix<V::Elem>,
    finish: Finish<V>,
    c: Matrix<V::Elem>,
) -> usize {
    let cols = if V::REGISTERS < 32 && c.rows > V::LANES { c.cols.min(6) } else { c.cols };
    let c = c.block(0, c.rows, 0, cols);
    let mut i = 0;
    while i < c.rows {
        let vectors = (c.rows - i).div_ceil(V::LANES);
        // Four vectors are better cut into two and two than into three and one.
        let tall = if vectors == tallest::<V>() + 1 { vectors.div_ceil(2) } else { vectors.min(tallest::<V>()) };
        let rows = tall * V::LANES;
        let (a, c) = (a.block(i, rows, 0, a.cols), c.block(i, rows, 0, cols));
        // SAFETY: the caller's; the blocks of C are disjoint.
        unsafe {
            match tall {
                1 => tile_of_width::<V, 1, COLUMNS>(a, b, finish, c),
                2 if V::REGISTERS < 32 => tile_of_width::<V, 2, 6>(a, b, finish, c),
                2 => tile_of_width::<V, 2, COLUMNS>(a, b, finish, c),
                _ => tile_of_width::<V, 3, COLUMNS>(a, b, finish, c),
            }
        }
        i += rows;
    }
    cols
}

/// One tile of at most `MV * LANES` rows, and more than `(MV - 1) * LANES`, and at most `NR` columns.
///
/// # Safety
/// As [`column_of_tiles`].
#[inline(always)]
unsafe fn tile_of_width<V: Vector, const MV: usize, const NR: usize>(
    a: Matrix<V::Elem>,
    b: Matrix<V::Elem>,
    finish: Finish<V>,
    c: Matrix<V::Elem>,
) {
    // SAFETY: the caller's.
    unsafe {
        match c.cols {
            1 => tile::<V, MV, 1>(a, b, finish, c),
            2 => tile::<V, MV, 2>(a, b, finish, c),
            3 | 4 => tile::<V, MV, 4>(a, b, finish, c),
            _ => tile::<V, MV, NR>(a, b, finish, c),
        }
    }
}

/// One tile of at most `NR` columns: those past the last one are computed, from the last one of B, but not stored.
///
/// # Safety
/// As [`column_of_tiles`].
#[inline(always)]
unsafe fn tile<V: Vector, const MV: usize, const NR: usize>(
    a: Matrix<V::Elem>,
    b: Matrix<V::Elem>,
    finish: Finish<V>,
    c: Matrix<V::Elem>,
) {
    // SAFETY: the caller's.
    unsafe {
        if c.rows == MV * V::LANES {
            masked_tile::<V, MV, NR, false>(a, b, finish, c);
        } else {
            masked_tile::<V, MV, NR, true>(a, b, finish, c);
        }
    }
}

/// [`tile`], the last vector of each column being full unless it is `MASKED`.
///
/// # Safety
/// As [`column_of_tiles`].
#[inline(always)]
unsafe fn masked_tile<V: Vector, const MV: usize, const NR: usize, const MASKED: bool>(
    a: Matrix<V::Elem>,
    b: Matrix<V::Elem>,
    finish: Finish<V>,
    c: Matrix<V::Elem>,
) {
    let (last, cols) = (c.rows - (MV - 1) * V::LANES, c.cols);
    // SAFETY: the caller's: vector i of a column has `LANES` rows, the last one `last`; a column past the last one of B
    // is that one once more, and not stored.
    unsafe {
        let load = |p: *const V::Elem, i: usize| match MASKED && i + 1 == MV {
            true => V::load_first(p.wrapping_add(i * V::LANES), last),
            false => V::load(p.wrapping_add(i * V::LANES)),
        };
        let zero = V::splat(V::Elem::default());
        let mut sums = [[zero; MV]; NR];
        let columns: [*mut V::Elem; NR] = std::array::from_fn(|j| b.at(0, j.min(cols - 1)));
        let (mut column, mut offset) = (a.at(0, 0), 0);
        for _ in 0..a.cols {
            let x: [V; MV] = std::array::from_fn(|i| load(column, i));
            for (sums, b) in sums.iter_mut().zip(columns) {
                let y = V::splat(*b.wrapping_offset(offset));
                for (sum, &x) in sums.iter_mut().zip(&x) {
                    *sum = x.mul_add(y, *sum);
                }
            }
            column = column.wrapping_offset(a.col_stride);
            offset += b.row_stride;
        }
        for (j, sums) in sums.iter().enumerate() {
            if j < cols {
                let column = c.at(0, j);
                for (i, &sum) in sums.iter().enumerate() {
                    let new = match finish {
                        Finish::Store => sum,
                        Finish::Scale(alpha) => sum.mul(alpha),
                        Finish::Add(alpha, beta) => sum.mul_add(alpha, load(column, i).mul(beta)),
                    };
                    let to = column.add(i * V::LANES);
                    if MASKED && i + 1 == MV { new.store_first(to, last) } else { new.store(to) }
                }
            }
        }
    }
}
