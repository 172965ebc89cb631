//! The product with a single column, `y <- alpha A x + beta y`. Every element of A is used once, so the kernel is as
//! fast as it reads A: in several places at a time, along whichever axis is contiguous.

use std::mem::MaybeUninit;

use gingham_core::Error;
use gingham_core::ndarray::{ArrayView2, ArrayViewMut2, Axis};

use super::matrix::Matrix;
use super::scratch::{Line, Scratch, lines};
use crate::arch::Vectors;
use crate::cache::Caches;
use crate::level::Available;
use crate::team;
use crate::vector::{Element, Kernel, Vector};

/// If A is in the caches: rows of A that are read side by side, and consecutive vectors from each. On Zen 4, 1000 x
/// 1000 of `f64` were read from the last-level cache at 98 GB/s; in single rows at 94, in fours at 83, with prefetches
/// at 78.
const NEAR: (usize, usize) = (2, 4);

/// The same if A is in memory: x, which L1 then hardly holds, is read once for all these rows. On Zen 4, 8000 x 8000 of
/// `f64` were read at 29 GB/s, in fours at 28, in twos at 26, in single rows at 20.
const FAR: (usize, usize) = (8, 1);

/// Columns of A that are read side by side.
const COLUMNS: usize = 4;

/// Bytes by which a prefetch runs ahead on each stream if A is in memory.
const AHEAD: usize = 16 * 64;

/// Bytes of A below which a second thread does not pay: a thread takes as long to start as to read them.
const LEAST: usize = 2 << 20;

/// Elements of the longest x that is copied if it is not contiguous. A longer one is gathered where it lies.
const LONGEST: usize = 1 << 20;

/// Bytes of sums that stay in L1, on the stack, while columns are added to them.
const SUMS: usize = 16 << 10;

/// `y <- alpha A x + beta y`, where x and y are matrices of one column.
pub(super) fn product<T: Vectors>(
    level: Available,
    alpha: T,
    a: ArrayView2<'_, T>,
    x: ArrayView2<'_, T>,
    beta: T,
    mut y: ArrayViewMut2<'_, T>,
    threads: usize,
) -> Result<(), Error> {
    let (m, k) = a.dim();
    let x_given = x;
    let mut x = Matrix::of(&x_given);
    let mut scratch = None;
    if x.row_stride != 1 && k <= LONGEST {
        let copy = scratch.insert(Scratch::take(lines::<T>(k))?).lines().as_mut_ptr().cast::<T>();
        for (p, &x) in x_given.iter().enumerate() {
            // SAFETY: the scratch has room for k elements.
            unsafe { copy.add(p).write(x) };
        }
        x = x.contiguous_at(copy, k);
    }
    let x = Shared(x);
    let bytes = m.saturating_mul(k).saturating_mul(size_of::<T>());
    let is_far = bytes > Caches::get().l3 / 2;
    let parts = threads.min(bytes / LEAST).max(1);
    let piece = m.div_ceil(parts).next_multiple_of(FAR.0);
    let pieces = a.axis_chunks_iter(Axis(0), piece).zip(y.axis_chunks_iter_mut(Axis(0), piece));
    team::share(parts, pieces, |(a, mut y)| {
        let x = &x;
        let piece = Piece { alpha, a: Matrix::of(&a), x: x.0, beta, y: Matrix::of_mut(&mut y) };
        if is_far { level.run(Far(piece)) } else { level.run(Near(piece)) }
    });
    Ok(())
}

/// The column x, which the threads share.
struct Shared<T>(Matrix<T>);

// SAFETY: it is only read, and `product` holds what it points to until all threads are done.
unsafe impl<T: Sync> Sync for Shared<T> {}

/// Some rows of A and y.
struct Piece<T> {
    alpha: T,
    a: Matrix<T>,
    x: Matrix<T>,
    beta: T,
    y: Matrix<T>,
}

/// A piece whose part of A is in the caches.
struct Near<T>(Piece<T>);

/// A piece whose part of A is in memory.
struct Far<T>(Piece<T>);

impl<T: Element> Kernel<T> for Near<T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) {
        // SAFETY: the caller's.
        unsafe { self.0.run::<V, { NEAR.0 }, { NEAR.1 }, false>() }
    }
}

impl<T: Element> Kernel<T> for Far<T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) {
        // SAFETY: the caller's.
        unsafe { self.0.run::<V, { FAR.0 }, { FAR.1 }, true>() }
    }
}

impl<T: Element> Piece<T> {
    /// All rows, `R` at a time, `U` consecutive vectors from each.
    ///
    /// # Safety
    /// The CPU has the instructions of V; the elements are readable, those of y writable and accessed by nothing else.
    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>, const R: usize, const U: usize, const IS_FAR: bool>(&self) {
        let a = self.a;
        // SAFETY: the caller's.
        unsafe {
            if a.row_stride == 1 && (a.col_stride != 1 || a.cols == 1) {
                self.by_columns::<V, IS_FAR>();
            } else if a.col_stride == 1 && self.x.row_stride == 1 {
                self.by_rows::<V, R, U, IS_FAR, true>();
            } else {
                self.by_rows::<V, R, U, IS_FAR, false>();
            }
        }
    }

    /// `y_i <- alpha sum + beta y_i`
    ///
    /// # Safety
    /// Row i exists, and nothing else accesses it.
    #[inline(always)]
    unsafe fn finish(&self, i: usize, sum: T) {
        let y = self.y.at(i, 0);
        // SAFETY: the caller's.
        unsafe { *y = if self.beta == T::zero() { self.alpha * sum } else { self.alpha * sum + self.beta * *y } };
    }

    /// Each sum is a dot product; rows of A and x are `CONTIGUOUS` or of any strides. In memory, the kernel reads
    /// neighbouring rows together. In the caches, it reads rows far apart, so that each stream goes on with the row
    /// after its last one (on Zen 4, 98 GB/s instead of 86).
    ///
    /// # Safety
    /// As [`Self::run`].
    #[inline(always)]
    unsafe fn by_rows<V, const R: usize, const U: usize, const IS_FAR: bool, const CONTIGUOUS: bool>(&self)
    where
        V: Vector<Elem = T>,
    {
        let turns = self.a.rows / R;
        let (step, apart) = if IS_FAR { (R, 1) } else { (1, turns) };
        // SAFETY: the caller's.
        unsafe {
            for turn in 0..turns {
                self.rows::<V, R, U, IS_FAR, CONTIGUOUS>(turn * step, apart);
            }
            for i in R * turns..self.a.rows {
                self.rows::<V, 1, U, IS_FAR, CONTIGUOUS>(i, 0);
            }
        }
    }

    /// `R` rows from row i on, `apart` rows from each other.
    ///
    /// # Safety
    /// As [`Self::run`].
    #[inline(always)]
    unsafe fn rows<V, const R: usize, const U: usize, const IS_FAR: bool, const CONTIGUOUS: bool>(
        &self,
        i: usize,
        apart: usize,
    ) where
        V: Vector<Elem = T>,
    {
        let k = self.a.cols;
        let row: [*mut T; R] = std::array::from_fn(|r| self.a.at(i + r * apart, 0));
        // SAFETY: the caller's; vectors end before column k.
        unsafe {
            let mut sums = [[V::splat(T::zero()); R]; U];
            let mut p = 0;
            while CONTIGUOUS && p + U * V::LANES <= k {
                for sums in &mut sums {
                    let x = V::load(self.x.at(p, 0));
                    for (sum, row) in sums.iter_mut().zip(row) {
                        if IS_FAR {
                            V::prefetch_far(row.wrapping_add(p + AHEAD / size_of::<T>()));
                        }
                        *sum = V::load(row.add(p)).mul_add(x, *sum);
                    }
                    p += V::LANES;
                }
            }
            while p < k {
                let n = V::LANES.min(k - p);
                let x = V::gather(self.x.at(p, 0), if CONTIGUOUS { 1 } else { self.x.row_stride }, n);
                let (offset, stride) = match CONTIGUOUS {
                    true => (p as isize, 1),
                    false => (p as isize * self.a.col_stride, self.a.col_stride),
                };
                for (sum, row) in sums[0].iter_mut().zip(row) {
                    *sum = V::gather(row.offset(offset), stride, n).mul_add(x, *sum);
                }
                p += n;
            }
            for r in 0..R {
                let mut sum = sums[0][r];
                for sums in &sums[1..] {
                    sum = sum.add(sums[r]);
                }
                self.finish(i + r * apart, sum.sum());
            }
        }
    }

    /// Adds up the contiguous columns of A, some thousand rows at a time.
    ///
    /// # Safety
    /// As [`Self::run`].
    #[inline(always)]
    unsafe fn by_columns<V: Vector<Elem = T>, const IS_FAR: bool>(&self) {
        let mut room = MaybeUninit::<[Line; SUMS / size_of::<Line>()]>::uninit();
        let sums: *mut T = room.as_mut_ptr().cast();
        let (rows, k) = (SUMS / size_of::<T>(), self.a.cols);
        let mut i = 0;
        while i < self.a.rows {
            let a = self.a.block(i, rows, 0, k);
            let mut p = 0;
            // SAFETY: the caller's; the room has `rows` elements, of which the first columns write as many as are read.
            unsafe {
                while p + COLUMNS <= k {
                    self.columns::<V, COLUMNS, IS_FAR>(a, p, sums);
                    p += COLUMNS;
                }
                while p < k {
                    self.columns::<V, 1, IS_FAR>(a, p, sums);
                    p += 1;
                }
                for r in 0..a.rows {
                    self.finish(i + r, *sums.add(r));
                }
            }
            i += rows;
        }
    }

    /// Adds `N` columns from column p on to `sums`, or writes them there if p is 0.
    ///
    /// # Safety
    /// As [`Self::run`]; `sums` has room for the rows of `a`.
    #[inline(always)]
    unsafe fn columns<V: Vector<Elem = T>, const N: usize, const IS_FAR: bool>(
        &self,
        a: Matrix<T>,
        p: usize,
        sums: *mut T,
    ) {
        let column: [*mut T; N] = std::array::from_fn(|c| a.at(0, p + c));
        // SAFETY: the caller's; vectors end before the last row does.
        unsafe {
            let zero = V::splat(T::zero());
            let mut x = [zero; N];
            for (c, x) in x.iter_mut().enumerate() {
                *x = V::splat(*self.x.at(p + c, 0));
            }
            let mut i = 0;
            while i + V::LANES <= a.rows {
                let mut sum = if p == 0 { zero } else { V::load(sums.add(i)) };
                for (column, &x) in column.iter().zip(&x) {
                    if IS_FAR {
                        V::prefetch_far(column.wrapping_add(i + AHEAD / size_of::<T>()));
                    }
                    sum = V::load(column.add(i)).mul_add(x, sum);
                }
                sum.store(sums.add(i));
                i += V::LANES;
            }
            if i < a.rows {
                let n = a.rows - i;
                let mut sum = if p == 0 { zero } else { V::load_first(sums.add(i), n) };
                for (column, &x) in column.iter().zip(&x) {
                    sum = V::load_first(column.add(i), n).mul_add(x, sum);
                }
                sum.store_first(sums.add(i), n);
            }
        }
    }
}
