//! The register tile: MV vectors by NR columns of C, kept in registers while k runs.
//!
//! Each step of k loads MV vectors of the packed A and spreads NR elements of the packed B: `MV * NR` fused
//! multiply-adds for `MV + NR` loads. Two FMA units with a latency of four cycles ask for at least eight sums at a time.
//! With 32 registers a tile of 3 x 8 vectors takes 24 + 3 + 1 of them; with 16 registers one of 2 x 6 takes 12 + 2 + 1.
//! (3 x 4 takes 12 + 3 + 1, all 16, and the compiler then keeps one sum in memory: half the speed.)

use std::array;

use super::matrix::Matrix;
use crate::vector::{Element, Vector};

/// Steps of k between two columns of C that are asked for. All at once they would keep the few requests that a core can
/// have under way busy with C, and the panels waiting.
pub(super) const UNROLLED: usize = 4;

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

/// Updates the elements of `c`, at most `MV * LANES` by `NR`, by the product of two panels of `k` steps.
///
/// # Safety
/// The CPU has the instructions of V; `a` holds `k` steps of `MV * LANES` elements, `b` `k` steps of `NR`; the elements
/// of `c` are readable and writable, and nobody else's.
#[inline(always)]
pub(super) unsafe fn tile<V: Vector, const MV: usize, const NR: usize>(
    k: usize,
    mut a: *const V::Elem,
    mut b: *const V::Elem,
    update: Update<V::Elem>,
    c: Matrix<V::Elem>,
) {
    // The columns of C still to be asked for.
    let (mut column, mut left) = (c.at(0, 0), if c.row_stride == 1 { c.cols } else { 0 });
    // SAFETY: the caller's, for the panels and for V.
    let sums = unsafe {
        let mut sums = [[V::splat(V::Elem::default()); MV]; NR];
        for _ in 0..k / UNROLLED {
            if left > 0 {
                left -= 1;
                for i in 0..MV {
                    V::prefetch(column.wrapping_add(i * V::LANES));
                }
                column = column.wrapping_offset(c.col_stride);
            }
            for p in 0..UNROLLED {
                step(a.add(p * MV * V::LANES), b.add(p * NR), &mut sums);
            }
            (a, b) = (a.add(UNROLLED * MV * V::LANES), b.add(UNROLLED * NR));
        }
        for p in 0..k % UNROLLED {
            step(a.add(p * MV * V::LANES), b.add(p * NR), &mut sums);
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
        // A copy, so that indices known only here do not drive the sums out of their registers above.
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

/// One step of k: `MV * LANES` elements of A by `NR` elements of B.
///
/// # Safety
/// As [`tile`], for a panel of one step.
#[inline(always)]
unsafe fn step<V: Vector, const MV: usize, const NR: usize>(
    a: *const V::Elem,
    b: *const V::Elem,
    sums: &mut [[V; MV]; NR],
) {
    // SAFETY: the caller's.
    unsafe {
        let x = array::from_fn::<V, MV, _>(|i| V::load(a.add(i * V::LANES)));
        for (j, sums) in sums.iter_mut().enumerate() {
            let y = V::splat(*b.add(j));
            for (sum, &x) in sums.iter_mut().zip(&x) {
                *sum = x.mul_add(y, *sum);
            }
        }
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
