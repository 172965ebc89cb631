//! The register tile: MV vectors by NR columns of C, kept in registers while k runs.
//!
//! Each step of k loads MV vectors of the packed A and spreads NR elements of the packed B: `MV * NR` fused
//! multiply-adds for `MV + NR` loads. Two FMA units with a latency of four cycles need at least eight sums at a time. A
//! tile of 3 x 8 vectors takes 24 + 3 + 1 of 32 registers, one of 2 x 6 takes 12 + 2 + 1 of 16. (3 x 4 takes 12 + 3 +
//! 1, all 16; the compiler then keeps one sum in memory, at half the speed.)
//!
//! The tile that reads a panel first can pack it: the loads and stores fit between the multiply-adds, whereas a
//! separate pass takes 2 to 5 % of the time of a product of 256 or 512 (Zen 4).

use std::marker::PhantomData;
use std::{array, fmt};

use super::matrix::Matrix;
use crate::arch::Vectors;
use crate::level::Available;
use crate::vector::{Element, Kernel, Vector};

/// Steps of k in one turn of the loop, which prefetches one column of C. Prefetching all columns at once would take up
/// the few requests that a core can have under way, and the loads of the panels would wait.
pub(super) const UNROLLED: usize = 4;

/// Steps of k by which a column of A that is read where it lies is prefetched: some 400 cycles, as long as memory
/// takes.
const AHEAD: isize = 16;

/// The shape of the tile, in elements of C.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TileShape {
    pub(super) rows: usize,
    pub(super) cols: usize,
}

impl TileShape {
    /// The tile of V, as large as its registers allow.
    #[inline(always)]
    pub(super) fn of<V: Vector>() -> Self {
        if V::REGISTERS >= 32 { Self { rows: 3 * V::LANES, cols: 8 } } else { Self { rows: 2 * V::LANES, cols: 6 } }
    }

    /// The tile of `T` at `level`.
    pub(crate) fn at<T: Vectors>(level: Available) -> Self {
        level.run(ShapeOf(PhantomData::<T>))
    }
}

impl fmt::Display for TileShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.rows, self.cols)
    }
}

struct ShapeOf<T>(PhantomData<T>);

impl<T: Element> Kernel<T> for ShapeOf<T> {
    type Output = TileShape;

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) -> TileShape {
        TileShape::of::<V>()
    }
}

/// What is done with the products of a tile.
#[derive(Clone, Copy)]
pub(super) enum Update<T> {
    /// `C <- alpha AB`: C is not read.
    Set {
        /// Factor of the product.
        alpha: T,
    },
    /// `C <- alpha AB + C`.
    Add {
        /// Factor of the product.
        alpha: T,
    },
    /// `C <- alpha AB + beta C`.
    Scale {
        /// Factor of the product.
        alpha: T,
        /// Factor of what C holds.
        beta: T,
    },
}

/// As many rows of A, or of B's transpose, as the tile has.
#[derive(Clone, Copy)]
pub(super) struct Panel<T> {
    /// The rows where they lie; its columns are the steps of k.
    pub(super) source: Matrix<T>,
    /// The packed rows, or the place for them.
    pub(super) packed: *mut T,
}

/// Updates the elements of `c`, at most `MV * LANES` by `NR`, by the product of a panel of A and one of B. With `NEW_A`
/// or `NEW_B`, that panel is read where it lies, and packed on the way.
///
/// [`Kernel::run`] is sound if packed panels hold, or have room for, as many steps as A has columns, each of `MV *
/// LANES` elements of A or `NR` of B; if the sources of new panels are as large and readable, and that of A has
/// contiguous columns; and if the elements of `c` are readable, writable and accessed by nothing else.
pub(super) struct RegisterTile<T, const MV: usize, const NR: usize, const NEW_A: bool, const NEW_B: bool> {
    pub(super) a: Panel<T>,
    pub(super) b: Panel<T>,
    pub(super) update: Update<T>,
    pub(super) c: Matrix<T>,
}

impl<T: Element, const MV: usize, const NR: usize, const NEW_A: bool, const NEW_B: bool> Kernel<T>
    for RegisterTile<T, MV, NR, NEW_A, NEW_B>
{
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) {
        let Self { a, b, update, c } = self;
        let k = a.source.cols;
        // The columns of C that are still to be prefetched.
        let (mut column, mut left) = (c.at(0, 0), if c.row_stride == 1 { c.cols } else { 0 });
        // SAFETY: the caller's, for the panels and for V.
        let sums = unsafe {
            let mut sums = [[V::splat(V::Elem::default()); MV]; NR];
            let mut steps = Steps::<V, MV, NR, NEW_A, NEW_B>::new(a, b);
            for _ in 0..k / UNROLLED {
                if left > 0 {
                    left -= 1;
                    for i in 0..MV {
                        V::prefetch(column.wrapping_add(i * V::LANES));
                    }
                    column = column.wrapping_offset(c.col_stride);
                }
                for p in 0..UNROLLED {
                    steps.one(p, &mut sums);
                }
                steps.forward(UNROLLED);
            }
            for _ in 0..k % UNROLLED {
                steps.one(0, &mut sums);
                steps.forward(1);
            }
            sums
        };
        if c.row_stride == 1 && c.rows == MV * V::LANES && c.cols == NR {
            for (j, column) in sums.iter().enumerate() {
                for (i, &sum) in column.iter().enumerate() {
                    // SAFETY: the caller's, for C: the whole tile is inside it.
                    unsafe { update.one(sum, c.at(i * V::LANES, j), 1, V::LANES) };
                }
            }
        } else {
            // A copy: the compiler keeps in memory what is indexed at run time, and would do so in the loop above too.
            let kept = sums;
            for (j, column) in kept.iter().enumerate().take(c.cols) {
                for (i, &sum) in column.iter().enumerate() {
                    let rows = c.rows.saturating_sub(i * V::LANES).min(V::LANES);
                    // SAFETY: the caller's, for C: `rows` rows from `i * LANES` on and column j are inside it.
                    unsafe { update.one(sum, c.at(i * V::LANES, j), c.row_stride, rows) };
                }
            }
        }
    }
}

/// Where the next steps of k are, in two panels.
struct Steps<V: Vector, const MV: usize, const NR: usize, const NEW_A: bool, const NEW_B: bool> {
    packed_a: *mut V::Elem,
    packed_b: *mut V::Elem,
    /// The next column of A, and how far the one after it is.
    source_a: *mut V::Elem,
    stride_a: isize,
    /// The columns of B, how far this step is from their start, and how far the next step is from this one.
    source_b: [*mut V::Elem; NR],
    offset_b: isize,
    stride_b: isize,
}

impl<V: Vector, const MV: usize, const NR: usize, const NEW_A: bool, const NEW_B: bool> Steps<V, MV, NR, NEW_A, NEW_B> {
    #[inline(always)]
    fn new(a: Panel<V::Elem>, b: Panel<V::Elem>) -> Self {
        Self {
            packed_a: a.packed,
            packed_b: b.packed,
            source_a: a.source.at(0, 0),
            stride_a: a.source.col_stride,
            source_b: array::from_fn(|j| b.source.at(j, 0)),
            offset_b: 0,
            stride_b: b.source.col_stride,
        }
    }

    /// Step `p` from here: `MV * LANES` elements of A by `NR` elements of B.
    ///
    /// # Safety
    /// As [`RegisterTile`].
    #[inline(always)]
    unsafe fn one(&self, p: usize, sums: &mut [[V; MV]; NR]) {
        // SAFETY: the caller's.
        unsafe {
            let (a, b) = (self.packed_a.add(p * MV * V::LANES), self.packed_b.add(p * NR));
            let source = self.source_a.wrapping_offset(p as isize * self.stride_a);
            let x = array::from_fn::<V, MV, _>(|i| V::load(if NEW_A { source } else { a }.add(i * V::LANES)));
            if NEW_A {
                for (i, x) in x.iter().enumerate() {
                    V::prefetch(source.wrapping_offset(AHEAD.wrapping_mul(self.stride_a)).wrapping_add(i * V::LANES));
                    x.store(a.add(i * V::LANES));
                }
            }
            for (j, sums) in sums.iter_mut().enumerate() {
                let y = if NEW_B {
                    let y = *self.source_b[j].wrapping_offset(self.offset_b + p as isize * self.stride_b);
                    *b.add(j) = y;
                    y
                } else {
                    *b.add(j)
                };
                let y = V::splat(y);
                for (sum, &x) in sums.iter_mut().zip(&x) {
                    *sum = x.mul_add(y, *sum);
                }
            }
        }
    }

    /// Moves on by `steps`.
    #[inline(always)]
    fn forward(&mut self, steps: usize) {
        self.packed_a = self.packed_a.wrapping_add(steps * MV * V::LANES);
        self.packed_b = self.packed_b.wrapping_add(steps * NR);
        self.source_a = self.source_a.wrapping_offset(steps as isize * self.stride_a);
        self.offset_b += steps as isize * self.stride_b;
    }
}

impl<T: Element> Update<T> {
    /// Updates `rows <= LANES` elements of one column of C, `stride` apart.
    ///
    /// # Safety
    /// The elements are readable and writable.
    #[inline(always)]
    unsafe fn one<V: Vector<Elem = T>>(self, sum: V, c: *mut T, stride: isize, rows: usize) {
        // SAFETY: the caller's; the sum proves that the CPU has the instructions of V.
        unsafe {
            let new = match self {
                Self::Set { alpha } => sum.mul(V::splat(alpha)),
                Self::Add { alpha } => sum.mul_add(V::splat(alpha), V::gather(c, stride, rows)),
                Self::Scale { alpha, beta } => {
                    sum.mul_add(V::splat(alpha), V::gather(c, stride, rows).mul(V::splat(beta)))
                }
            };
            new.scatter(c, stride, rows);
        }
    }
}
