//! The operands as faer's views, which take any strides.

use faer::{ColMut, ColRef, MatMut, MatRef};
use gingham_core::ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2};

pub(crate) fn mat<'a, T>(x: &ArrayView2<'a, T>) -> MatRef<'a, T> {
    let (rows, columns) = x.dim();
    // SAFETY: the view is valid for its shape and strides during 'a, in which nothing writes to its elements.
    unsafe { MatRef::from_raw_parts(x.as_ptr(), rows, columns, x.strides()[0], x.strides()[1]) }
}

pub(crate) fn mat_mut<'a, T>(x: &'a mut ArrayViewMut2<'_, T>) -> MatMut<'a, T> {
    let ((rows, columns), row_stride, column_stride) = (x.dim(), x.strides()[0], x.strides()[1]);
    // SAFETY: the view is valid for its shape and strides and borrowed mutably during 'a; no two of its indices name
    // one element.
    unsafe { MatMut::from_raw_parts_mut(x.as_mut_ptr(), rows, columns, row_stride, column_stride) }
}

pub(crate) fn col<'a, T>(x: &ArrayView1<'a, T>) -> ColRef<'a, T> {
    // SAFETY: as in `mat`.
    unsafe { ColRef::from_raw_parts(x.as_ptr(), x.len(), x.strides()[0]) }
}

pub(crate) fn col_mut<'a, T>(x: &'a mut ArrayViewMut1<'_, T>) -> ColMut<'a, T> {
    let (len, stride) = (x.len(), x.strides()[0]);
    // SAFETY: as in `mat_mut`.
    unsafe { ColMut::from_raw_parts_mut(x.as_mut_ptr(), len, stride) }
}
