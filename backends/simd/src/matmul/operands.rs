//! One product as the direct kernels see it, transposed and judged once.

use gingham_core::ndarray::{ArrayView2, ArrayViewMut2};
use gingham_core::{OpThreads, Product};

use super::limits::{DIRECT_STEPS, NEAR_BYTES, parts};
use super::matrix::Matrix;
use crate::vector::Element;

/// Multiply-adds, times the bytes of an element, up to which a product of any shape is computed where it lies. Larger
/// operands come from L3 more often: on Zen 4 the direct and the blocked product are equally fast at 240 (f64) or 300
/// (f32).
const SMALL: usize = 224 * 224 * 224 * 8;

/// Packing does not pay if A has at most this many rows, B as many columns, or k as many steps, whatever the other two.
const SKINNY: usize = 16;

/// `C <- alpha A B + beta C`, transposed so that the columns of C are contiguous if either of its axes is.
#[derive(Clone, Copy)]
pub(super) struct Operands<T> {
    pub(super) alpha: T,
    pub(super) a: Matrix<T>,
    pub(super) b: Matrix<T>,
    pub(super) beta: T,
    pub(super) c: Matrix<T>,
    /// Whether the product was transposed: A is what was given as B.
    pub(super) turned: bool,
}

/// Where the first elements of A, B and C are.
#[derive(Clone, Copy)]
pub(super) struct Origins<T> {
    pub(super) a: *mut T,
    pub(super) b: *mut T,
    pub(super) c: *mut T,
}

impl<T: Element> Operands<T> {
    /// Transposes the operands if C lies by rows, without changing the product: `C' = B' A'`.
    #[inline(always)]
    pub(super) fn new(
        alpha: T,
        a: &ArrayView2<'_, T>,
        b: &ArrayView2<'_, T>,
        beta: T,
        c: &mut ArrayViewMut2<'_, T>,
    ) -> Self {
        let (a, b, c) = (Matrix::of(a), Matrix::of(b), Matrix::of_mut(c));
        let fits = a.cols == b.rows && a.rows == c.rows && b.cols == c.cols;
        assert!(fits, "the checked entry lets shapes that fit through alone");
        if c.lies_by_rows() {
            Self { alpha, a: b.transposed(), b: a.transposed(), beta, c: c.transposed(), turned: true }
        } else {
            Self { alpha, a, b, beta, c, turned: false }
        }
    }

    /// Whether one of `threads` threads should compute the product where it lies.
    #[inline(always)]
    pub(super) fn are_direct(&self, threads: OpThreads) -> bool {
        let (m, k, n) = (self.c.rows, self.a.cols, self.c.cols);
        let work = m.saturating_mul(n).saturating_mul(k);
        let is_small = match (m, n) {
            (_, 1) => self.lie_by_columns() && work <= NEAR_BYTES / size_of::<T>(),
            (1, _) => false,
            _ => m.min(n).min(k) <= SKINNY || work <= SMALL / size_of::<T>() && parts(work, threads) == 1,
        };
        self.c.row_stride == 1 && self.alpha != T::zero() && k > 0 && k <= DIRECT_STEPS && is_small
    }

    /// Whether the columns of A are contiguous and its rows are not, or have one element.
    #[inline(always)]
    fn lie_by_columns(&self) -> bool {
        let a = self.a;
        a.row_stride == 1 && a.rows > 1 && (a.col_stride != 1 || a.cols == 1)
    }

    /// Where A, B and C are.
    #[inline(always)]
    pub(super) fn origins(&self) -> Origins<T> {
        Origins { a: self.a.at(0, 0), b: self.b.at(0, 0), c: self.c.at(0, 0) }
    }

    /// Where the operands of `product` are, transposed if these are.
    #[inline(always)]
    pub(super) fn origins_of(&self, product: &mut Product<'_, T>) -> Origins<T> {
        let (a, b, c) = (product.a.as_ptr().cast_mut(), product.b.as_ptr().cast_mut(), product.c.as_mut_ptr());
        if self.turned { Origins { a: b, b: a, c } } else { Origins { a, b, c } }
    }

    /// The same operands at other addresses.
    #[inline(always)]
    pub(super) fn moved_to(&self, Origins { a, b, c }: Origins<T>) -> Self {
        Self { a: self.a.moved_to(a), b: self.b.moved_to(b), c: self.c.moved_to(c), ..*self }
    }
}
