//! Packing: copies a block of A or B into panels that the tile reads in order.
//!
//! A panel is some `width` rows of A (columns of B), stored one step of k after the other: element (i, p) of the panel
//! is at `p * width + i`. A and B are packed by the same code, B as A's transpose.

use super::matrix::Matrix;
use crate::vector::{Element, Vector};

/// Rows copied together where the source runs along k: eight streams of reads, and eight `f64` fill a line of the
/// panel. More would collide in the L1 cache where rows are a multiple of 4 KiB apart (12 lines have one place).
const GROUP: usize = 8;

/// Packs `block` into panels of `width` rows, rows past the end being zero. The last panel has no more rows than it
/// needs, in whole multiples of `granule`. Panels follow each other in `packed`.
///
/// # Safety
/// The CPU has the instructions of V; the elements of `block` are readable; `packed` has room for its rows, rounded up
/// to `granule`, times its columns.
#[inline(always)]
pub(super) unsafe fn panels<V: Vector>(block: Matrix<V::Elem>, width: usize, granule: usize, mut packed: *mut V::Elem) {
    let mut row = 0;
    while row < block.rows {
        let rows = width.min(block.rows - row);
        let width = rows.next_multiple_of(granule);
        // SAFETY: the caller's; rows `row` to `row + rows` are in the block, and the panel takes `width` of the room.
        unsafe {
            let source = block.block(row, rows, 0, block.cols);
            if source.row_stride == 1 {
                along_rows::<V>(source, width, packed);
            } else {
                along_k(source, width, packed);
            }
            packed = packed.add(width * block.cols);
        }
        row += rows;
    }
}

/// One panel from a source whose columns are contiguous.
///
/// # Safety
/// As [`panels`].
#[inline(always)]
unsafe fn along_rows<V: Vector>(source: Matrix<V::Elem>, width: usize, packed: *mut V::Elem) {
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

/// One panel from a source of any strides, a group of rows at a time.
///
/// # Safety
/// As [`panels`].
#[inline(always)]
unsafe fn along_k<T: Element>(source: Matrix<T>, width: usize, packed: *mut T) {
    for i in (0..width).step_by(GROUP) {
        let group = GROUP.min(width - i);
        let rows = source.block(i.min(source.rows), group, 0, source.cols);
        // SAFETY: the caller's; the rows are the source's, and `group` elements from i on are in each step of the panel.
        unsafe {
            let packed = packed.add(i);
            match rows.rows {
                8 => copy::<T, 8>(rows, width, packed),
                6 => copy::<T, 6>(rows, width, packed),
                filled => {
                    for p in 0..rows.cols {
                        for r in 0..group {
                            *packed.add(p * width + r) = if r < filled { *rows.at(r, p) } else { T::zero() };
                        }
                    }
                }
            }
        }
    }
}

/// Copies `R` rows: eight, or the six of the narrow tile. A count known to the compiler makes this three times as fast.
///
/// # Safety
/// `rows` has `R` readable rows; steps of `packed`, `width` apart, have room for them.
#[inline(always)]
unsafe fn copy<T: Element, const R: usize>(rows: Matrix<T>, width: usize, packed: *mut T) {
    for p in 0..rows.cols {
        // SAFETY: the caller's.
        unsafe {
            let (from, to) = (rows.at(0, p), packed.add(p * width));
            for r in 0..R {
                *to.add(r) = *from.offset(r as isize * rows.row_stride);
            }
        }
    }
}
