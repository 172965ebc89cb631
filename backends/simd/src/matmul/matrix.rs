//! A matrix as the kernels see it: a pointer and two strides.

use gingham_core::ndarray::{ArrayView2, ArrayViewMut2};

/// Element (i, j) is at `origin + i row_stride + j col_stride`, for i below `rows` and j below `cols`. Code that reads
/// or writes through a matrix answers for that; only one made from a mutable view may be written.
#[derive(Clone, Copy)]
pub(super) struct Matrix<T> {
    origin: *mut T,
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row_stride: isize,
    pub(super) col_stride: isize,
}

impl<T: Copy> Matrix<T> {
    /// For reading only.
    #[inline(always)]
    pub(super) fn of(view: &ArrayView2<'_, T>) -> Self {
        let ((rows, cols), strides) = (view.dim(), view.strides());
        Self { origin: view.as_ptr().cast_mut(), rows, cols, row_stride: strides[0], col_stride: strides[1] }
    }

    /// For reading and writing.
    #[inline(always)]
    pub(super) fn of_mut(view: &mut ArrayViewMut2<'_, T>) -> Self {
        let origin = view.as_mut_ptr();
        Self { origin, ..Self::of(&view.view()) }
    }

    /// As [`Matrix::of`], but takes the view.
    pub(super) fn new(view: ArrayView2<'_, T>) -> Self {
        Self::of(&view)
    }

    /// As [`Matrix::of_mut`], but takes the view.
    pub(super) fn new_mut(mut view: ArrayViewMut2<'_, T>) -> Self {
        Self::of_mut(&mut view)
    }

    /// Whether vectors better run along its rows than down its columns: if only rows are contiguous, or both are and
    /// rows are longer.
    #[inline(always)]
    pub(super) fn lies_by_rows(self) -> bool {
        self.col_stride == 1 && (self.row_stride != 1 || self.cols > self.rows)
    }

    /// Rows and columns exchanged.
    #[inline(always)]
    pub(super) fn transposed(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            origin: self.origin,
        }
    }

    /// A matrix of the same shape and strides at `origin`.
    #[inline(always)]
    pub(super) fn moved_to(self, origin: *mut T) -> Self {
        Self { origin, ..self }
    }

    /// The same elements, copied to `origin` with contiguous columns, `rows` apart.
    #[inline(always)]
    pub(super) fn contiguous_at(self, origin: *mut T, rows: usize) -> Self {
        Self { origin, row_stride: 1, col_stride: rows as isize, ..self }
    }

    /// The address of element (i, j). Past the last element, it is an address that must not be read.
    #[inline(always)]
    pub(super) fn at(self, i: usize, j: usize) -> *mut T {
        let offset =
            (i as isize).wrapping_mul(self.row_stride).wrapping_add((j as isize).wrapping_mul(self.col_stride));
        self.origin.wrapping_offset(offset)
    }

    /// The block of `rows` rows from `i` on and `cols` columns from `j` on, without what lies outside.
    #[inline(always)]
    pub(super) fn block(self, i: usize, rows: usize, j: usize, cols: usize) -> Self {
        Self { origin: self.at(i, j), rows: rows.min(self.rows - i), cols: cols.min(self.cols - j), ..self }
    }
}
