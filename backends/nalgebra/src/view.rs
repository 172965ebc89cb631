//! The operands as nalgebra's views, and which of them it can address.
//!
//! A vector is either contiguous ([`U1`] as its stride, known to the compiler as in nalgebra's own vectors, without
//! which nothing is vectorised) or strided ([`Dyn`]).

use gingham_core::Scalar;
use gingham_core::ndarray::{
    ArrayBase, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, CowArray, Ix1, Ix2, RawData,
};
use nalgebra::{Dim, Dyn, Matrix, U1, ViewStorage, ViewStorageMut};

pub(crate) type Mat<'a, T> = Matrix<T, Dyn, Dyn, ViewStorage<'a, T, Dyn, Dyn, Dyn, Dyn>>;
pub(crate) type MatMut<'a, T> = Matrix<T, Dyn, Dyn, ViewStorageMut<'a, T, Dyn, Dyn, Dyn, Dyn>>;
pub(crate) type Vector<'a, T, S> = Matrix<T, Dyn, U1, ViewStorage<'a, T, Dyn, U1, S, Dyn>>;
pub(crate) type VectorMut<'a, T, S> = Matrix<T, Dyn, U1, ViewStorageMut<'a, T, Dyn, U1, S, Dyn>>;

/// Whether the columns of a matrix are contiguous and in order.
///
/// nalgebra 0.35 needs that from the left operand: its plain product (`axcpy_uninit`) makes a slice of each column,
/// from the first element to the last, and takes the length of the slice for the number of elements. At a row stride
/// above 1 it reads and writes out of bounds, at 0 it stops after one element. And no foreign element may lie in the
/// slice of a column of C: another thread might be writing to it.
pub(crate) fn has_columns((rows, columns): (usize, usize), strides: &[isize]) -> bool {
    (rows <= 1 || strides[0] == 1) && (columns <= 1 || strides[1] >= 0)
}

/// `x` itself where it has contiguous columns, otherwise a copy.
pub(crate) fn with_columns<'a, T: Scalar>(x: ArrayView2<'a, T>) -> CowArray<'a, T, Ix2> {
    if has_columns(x.dim(), x.strides()) {
        return x.into();
    }
    x.reversed_axes().as_standard_layout().into_owned().reversed_axes().into()
}

/// `x` itself where its strides are not negative, otherwise a copy.
pub(crate) fn unsigned<'a, T: Scalar>(x: ArrayView2<'a, T>) -> CowArray<'a, T, Ix2> {
    if is_unsigned(x.dim(), x.strides()) { x.into() } else { x.as_standard_layout().into_owned().into() }
}

fn is_unsigned((rows, columns): (usize, usize), strides: &[isize]) -> bool {
    (rows <= 1 || strides[0] >= 0) && (columns <= 1 || strides[1] >= 0)
}

/// `x` itself where its stride is positive, otherwise a copy. (nalgebra's iterators do not end at stride 0.)
pub(crate) fn forward<'a, T: Scalar>(x: ArrayView1<'a, T>) -> CowArray<'a, T, Ix1> {
    if x.len() <= 1 || x.strides()[0] > 0 { x.into() } else { x.as_standard_layout().into_owned().into() }
}

/// Whether the elements of a vector follow each other without gaps.
pub(crate) fn is_contiguous<S: RawData>(x: &ArrayBase<S, Ix1>) -> bool {
    x.len() <= 1 || x.strides()[0] == 1
}

/// `x`, whose strides are not negative.
pub(crate) fn mat<'a, T: Scalar>(x: &ArrayView2<'a, T>) -> Mat<'a, T> {
    assert!(is_unsigned(x.dim(), x.strides()), "copied where a stride is negative");
    let ((rows, columns), strides) = (x.dim(), strides(x.dim(), x.strides()));
    // SAFETY: the view is valid for its shape and strides during 'a, in which nothing writes to its elements.
    Matrix::from_data(unsafe { ViewStorage::from_raw_parts(x.as_ptr(), (Dyn(rows), Dyn(columns)), strides) })
}

/// `x`, which has contiguous columns.
pub(crate) fn mat_mut<'a, T: Scalar>(x: &'a mut ArrayViewMut2<'_, T>) -> MatMut<'a, T> {
    assert!(has_columns(x.dim(), x.strides()), "copied where it has no contiguous columns");
    let ((rows, columns), strides) = (x.dim(), strides(x.dim(), x.strides()));
    // SAFETY: the view is valid for its shape and strides and borrowed mutably during 'a; no two of its indices name
    // one element, and a slice of a column holds elements of the view only.
    Matrix::from_data(unsafe { ViewStorageMut::from_raw_parts(x.as_mut_ptr(), (Dyn(rows), Dyn(columns)), strides) })
}

/// `x`, whose stride is positive, and 1 for `S` = [`U1`].
pub(crate) fn vector<'a, T: Scalar, S: Dim>(x: &ArrayView1<'a, T>) -> Vector<'a, T, S> {
    let strides = vector_strides(x.len(), x.strides());
    // SAFETY: the view is valid for its length and stride during 'a, in which nothing writes to its elements.
    Matrix::from_data(unsafe { ViewStorage::from_raw_parts(x.as_ptr(), (Dyn(x.len()), U1), strides) })
}

/// `x`, whose stride is positive, and 1 for `S` = [`U1`].
pub(crate) fn vector_mut<'a, T: Scalar, S: Dim>(x: &'a mut ArrayViewMut1<'_, T>) -> VectorMut<'a, T, S> {
    let (len, strides) = (x.len(), vector_strides(x.len(), x.strides()));
    // SAFETY: the view is valid for its length and stride and borrowed mutably during 'a; no two of its indices name
    // one element.
    Matrix::from_data(unsafe { ViewStorageMut::from_raw_parts(x.as_mut_ptr(), (Dyn(len), U1), strides) })
}

/// The stride of an axis of length 0 or 1 means nothing and may be negative; 1 stands for it.
fn magnitude(len: usize, stride: isize) -> usize {
    if len <= 1 { 1 } else { stride.unsigned_abs() }
}

fn strides((rows, columns): (usize, usize), strides: &[isize]) -> (Dyn, Dyn) {
    (Dyn(magnitude(rows, strides[0])), Dyn(magnitude(columns, strides[1])))
}

fn vector_strides<S: Dim>(len: usize, strides: &[isize]) -> (S, Dyn) {
    assert!(len <= 1 || strides[0] > 0, "copied where the stride is not positive");
    // nalgebra takes a view as contiguous if the column stride is the length.
    (S::from_usize(magnitude(len, strides[0])), Dyn(len))
}
