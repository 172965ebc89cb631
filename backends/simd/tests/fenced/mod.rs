//! Operands between two pages without access. An operand ends at one of them: a read or write past that end ends the
//! process. One past the other end, or into a gap, shows as a NaN or a lost canary.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr;
use std::slice;

use gingham_core::Scalar;
use gingham_core::ndarray::{ArrayView2, ArrayViewMut2, Axis, ShapeBuilder};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// At least the largest page of any machine that runs the tests.
const PAGE: usize = 1 << 16;

/// Bytes for operands, in whole pages.
const ROOM: usize = 1 << 20;

/// Elements beside an operand that are checked, on the side without such a page: four of the longest vectors.
const BESIDE: usize = 64;

/// Exact in both types, and far from every result.
const CANARY: f64 = -12_345_678.0;

/// Memory between two pages without access, for one operand at a time.
pub(crate) struct Fenced<T> {
    map: *mut c_void,
    elements: PhantomData<T>,
}

/// Which end of an operand lies at a page without access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    First,
    Last,
}

pub(crate) const SIDES: [Side; 2] = [Side::First, Side::Last];

/// How a matrix lies in its memory.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Layout {
    Rows,
    Columns,
    RowsApart,
    ColumnsApart,
    Strided,
    RowsReversed,
    ColumnsReversed,
    /// One row, column or element, repeated: only for inputs.
    OneRow,
    OneColumn,
    OneElement,
}

use Layout::*;

pub(crate) const OUTPUTS: [Layout; 7] =
    [Rows, Columns, RowsApart, ColumnsApart, Strided, RowsReversed, ColumnsReversed];

pub(crate) const INPUTS: [Layout; 10] =
    [Rows, Columns, RowsApart, ColumnsApart, Strided, RowsReversed, ColumnsReversed, OneRow, OneColumn, OneElement];

impl Layout {
    /// The strides of a matrix with these rows and columns, before any axis is reversed.
    fn strides(self, rows: usize, columns: usize) -> [usize; 2] {
        match self {
            Rows | RowsReversed => [columns, 1],
            Columns => [1, rows],
            RowsApart => [columns + 3, 1],
            ColumnsApart | ColumnsReversed => [1, rows + 1],
            Strided => [2 * columns + 1, 2],
            OneRow => [0, 1],
            OneColumn => [1, 0],
            OneElement => [0, 0],
        }
    }

    fn reversed(self) -> &'static [Axis] {
        match self {
            RowsReversed => &[Axis(0)],
            ColumnsReversed => &[Axis(0), Axis(1)],
            _ => &[],
        }
    }
}

/// A matrix in fenced memory.
pub(crate) struct Matrix<'a, T> {
    /// Its elements and the gaps between them.
    memory: &'a mut [T],
    beside: &'a mut [T],
    shape: (usize, usize),
    layout: Layout,
}

impl<T: Scalar> Fenced<T> {
    pub(crate) fn new() -> Self {
        // SAFETY: a new mapping, whose first and last page lose access; nothing lies there.
        let map = unsafe {
            let access = ProtFlags::READ | ProtFlags::WRITE;
            let map = mmap_anonymous(ptr::null_mut(), ROOM + 2 * PAGE, access, MapFlags::PRIVATE).unwrap();
            mprotect(map, PAGE, MprotectFlags::empty()).unwrap();
            mprotect(map.byte_add(PAGE + ROOM), PAGE, MprotectFlags::empty()).unwrap();
            map
        };
        Self { map, elements: PhantomData }
    }

    /// A matrix at the page of `side`, with at least one row and one column. `value` gives its elements by row and
    /// column. NaN surrounds and separates the elements of an input, a canary those of an output.
    pub(crate) fn matrix(
        &mut self,
        shape: (usize, usize),
        layout: Layout,
        side: Side,
        is_output: bool,
        value: impl Fn(usize, usize) -> T,
    ) -> Matrix<'_, T> {
        let (rows, columns) = shape;
        let strides = layout.strides(rows, columns);
        let len = (rows - 1) * strides[0] + (columns - 1) * strides[1] + 1;
        // SAFETY: the pages between the outer two are this value's alone, and zero bytes are a value of T.
        let room = unsafe { slice::from_raw_parts_mut(self.map.byte_add(PAGE).cast::<T>(), ROOM / size_of::<T>()) };
        let (memory, beside) = match side {
            Side::First => room[..len + BESIDE].split_at_mut(len),
            Side::Last => {
                let start = room.len() - len - BESIDE;
                let (beside, memory) = room[start..].split_at_mut(BESIDE);
                (memory, beside)
            }
        };
        let around = if is_output { T::from_f64(CANARY) } else { T::nan() };
        memory.fill(around);
        beside.fill(around);
        for i in 0..rows {
            for j in 0..columns {
                memory[i * strides[0] + j * strides[1]] = value(i, j);
            }
        }
        Matrix { memory, beside, shape, layout }
    }
}

impl<T> Drop for Fenced<T> {
    fn drop(&mut self) {
        // SAFETY: the mapping that `new` made, which nothing borrows any more.
        unsafe { munmap(self.map, ROOM + 2 * PAGE).unwrap() };
    }
}

impl<T: Scalar> Matrix<'_, T> {
    pub(crate) fn view(&self) -> ArrayView2<'_, T> {
        let strides = self.layout.strides(self.shape.0, self.shape.1);
        let mut view = ArrayView2::from_shape(self.shape.strides((strides[0], strides[1])), &*self.memory).unwrap();
        self.layout.reversed().iter().for_each(|&axis| view.invert_axis(axis));
        view
    }

    pub(crate) fn view_mut(&mut self) -> ArrayViewMut2<'_, T> {
        let strides = self.layout.strides(self.shape.0, self.shape.1);
        let mut view =
            ArrayViewMut2::from_shape(self.shape.strides((strides[0], strides[1])), &mut *self.memory).unwrap();
        self.layout.reversed().iter().for_each(|&axis| view.invert_axis(axis));
        view
    }

    /// Whether all canaries of an output are left, and all its elements were written.
    pub(crate) fn is_intact(&self) -> bool {
        let canaries = |part: &[T]| part.iter().filter(|&&x| x == T::from_f64(CANARY)).count();
        let elements = self.shape.0 * self.shape.1;
        canaries(self.memory) == self.memory.len() - elements && canaries(self.beside) == BESIDE
    }
}
