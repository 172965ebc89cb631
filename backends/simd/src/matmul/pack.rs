//! Packing: copies a block of A or B into panels that the tile reads in order.
//!
//! A panel is some `width` rows of A (columns of B), stored one step of k after the other: element (i, p) of the panel
//! is at `p * width + i`. The same code packs A and the transpose of B.
//!
//! If the source's columns are contiguous, a step of k is a copy. If its rows are, as many rows as a vector has lanes
//! (or the panel has rows) are transposed in registers.

use super::matrix::Matrix;
use crate::vector::{MAX_LANES, Vector};

/// Steps of k that are copied to all panels before the next ones. So reads run along whole columns of the source, which
/// may be pages apart, and a cache line that two panels share is still cached for the second one.
const STEPS: usize = 4;

/// Rows of the first panel of a block that has `rows`: `width`, a multiple of `granule`, while they suffice; then as
/// few whole granules as hold the rest. If three granules make a full panel, four are cut into two and two: the tile of
/// a single vector takes four fifths of the time of one of three (Zen 4, f64).
#[inline(always)]
pub(super) fn height(rows: usize, width: usize, granule: usize) -> usize {
    let (granules, most) = (rows.div_ceil(granule), width / granule);
    granule * if granules == most + 1 { granules.div_ceil(2) } else { granules.min(most) }
}

/// Packs `block` into panels of at most `width` rows, each as [`height`] gives it for the rows left. Rows past the end
/// are zero. Panels follow each other in `packed`.
///
/// # Safety
/// The CPU has the instructions of V; the elements of `block` are readable; `packed` has room for its rows, rounded up
/// to `granule`, times its columns.
#[inline(always)]
pub(super) unsafe fn panels<V: Vector>(block: Matrix<V::Elem>, width: usize, granule: usize, packed: *mut V::Elem) {
    let steps = if block.row_stride == 1 { STEPS } else { block.cols.max(1) };
    for p in (0..block.cols).step_by(steps) {
        let mut row = 0;
        while row < block.rows {
            let narrow = height(block.rows - row, width, granule);
            let source = block.block(row, narrow, p, steps);
            // SAFETY: the caller's; panels before this one are full, and take `row` times all columns.
            unsafe {
                let packed = packed.add(row * block.cols + p * narrow);
                if source.row_stride == 1 && narrow == width && source.rows == width {
                    copied::<V>(source, width, packed);
                } else if source.row_stride == 1 {
                    copied::<V>(source, narrow, packed);
                } else if source.col_stride == 1 && width.is_multiple_of(V::LANES) {
                    match V::LANES {
                        2 => transposed::<V, 2>(source, narrow, packed),
                        4 => transposed::<V, 4>(source, narrow, packed),
                        8 => transposed::<V, 8>(source, narrow, packed),
                        _ => transposed::<V, MAX_LANES>(source, narrow, packed),
                    }
                } else if source.col_stride == 1 && width == 8 && V::LANES > 8 {
                    transposed::<V, 8>(source, narrow, packed);
                } else {
                    match width {
                        6 => gathered::<V, 6>(source, narrow, packed),
                        _ => gathered::<V, 8>(source, narrow, packed),
                    }
                }
            }
            row += narrow;
        }
    }
}

/// Part of a panel from a source whose columns are contiguous.
///
/// # Safety
/// The CPU has the instructions of V; `source` is readable, and `packed` has room for `width`, at least its rows, times
/// its columns.
#[inline(always)]
unsafe fn copied<V: Vector>(source: Matrix<V::Elem>, width: usize, packed: *mut V::Elem) {
    for p in 0..source.cols {
        // SAFETY: the caller's; `i` counts rows of the source up to its last, and of the panel up to its width.
        unsafe {
            let (from, to) = (source.at(0, p), packed.add(p * width));
            let mut i = 0;
            while i < width {
                let filled = V::LANES.min(source.rows.saturating_sub(i));
                let x =
                    if filled == V::LANES { V::load(from.add(i)) } else { V::load_first(from.wrapping_add(i), filled) };
                x.scatter(to.add(i), 1, V::LANES.min(width - i));
                i += V::LANES;
            }
        }
    }
}

/// Part of a panel from a source whose rows are contiguous, `R` rows at a time. `R <= LANES` is a power of two: the
/// panel's width or `LANES`.
///
/// # Safety
/// As [`copied`].
#[inline(always)]
unsafe fn transposed<V: Vector, const R: usize>(source: Matrix<V::Elem>, width: usize, packed: *mut V::Elem) {
    for i in (0..width).step_by(R) {
        let rows = source.rows.saturating_sub(i).min(R);
        for p in (0..source.cols).step_by(V::LANES) {
            let steps = V::LANES.min(source.cols - p);
            // SAFETY: the caller's; `rows` rows from i on and `steps` columns from p on are in the source. What one
            // vector holds goes to `LANES / R` steps of the panel, which follow each other if they are more than one.
            unsafe {
                let from = source.at(i, p);
                let row = |r: usize| from.wrapping_offset(r as isize * source.row_stride);
                let to = packed.add(p * width + i);
                if rows == R && steps == V::LANES {
                    let x = transpose(std::array::from_fn::<V, R, _>(|r| V::load(row(r))));
                    for (q, x) in x.into_iter().enumerate() {
                        x.store(to.add(q * V::LANES / R * width));
                    }
                } else {
                    let zero = V::splat(V::Elem::default());
                    let x =
                        std::array::from_fn::<V, R, _>(|r| if r < rows { V::load_first(row(r), steps) } else { zero });
                    for (q, x) in transpose(x).into_iter().enumerate().take((steps * R).div_ceil(V::LANES)) {
                        let first = q * V::LANES / R;
                        x.scatter(to.add(first * width), 1, V::LANES.min((steps - first) * R));
                    }
                }
            }
        }
    }
}

/// The lanes of `R` rows in the order of their columns: lane j of row i becomes element `j R + i` of the result.
///
/// Each round interleaves the first half of the vectors with the second, which moves one bit of the row's number to the
/// end of the element's.
#[inline(always)]
fn transpose<V: Vector, const R: usize>(mut x: [V; R]) -> [V; R] {
    let mut rounds = 1;
    while rounds < R {
        let y = x;
        for i in 0..R / 2 {
            (x[2 * i], x[2 * i + 1]) = y[i].interleave(y[i + R / 2]);
        }
        rounds *= 2;
    }
    x
}

/// Part of a panel from a source of any strides, element by element, `G` rows at a time. A count that the compiler
/// knows makes this three times as fast. All rows of a panel at once would collide in L1 if they are a multiple of 4
/// KiB apart: 12 lines would share one set.
///
/// # Safety
/// As [`copied`].
#[inline(always)]
unsafe fn gathered<V: Vector, const G: usize>(source: Matrix<V::Elem>, width: usize, packed: *mut V::Elem) {
    for i in (0..width).step_by(G) {
        let group = G.min(width - i);
        let filled = source.rows.saturating_sub(i).min(G);
        for p in 0..source.cols {
            // SAFETY: the caller's; the first `filled` rows from i on are the source's, and the panel has `group`.
            unsafe {
                let (from, to) = (source.at(i, p), packed.add(p * width + i));
                let x = |r: usize| *from.wrapping_offset(r as isize * source.row_stride);
                if filled == G {
                    for r in 0..G {
                        *to.add(r) = x(r);
                    }
                } else {
                    for r in 0..group {
                        *to.add(r) = if r < filled { x(r) } else { V::Elem::default() };
                    }
                }
            }
        }
    }
}
