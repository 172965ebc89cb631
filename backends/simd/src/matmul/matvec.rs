//! The product with a single column, `y <- alpha A x + beta y`. Every element of A is used once, so reading A sets the
//! pace: it is read in [`STREAMS`] places at a time, with prefetches, along whichever of its axes is contiguous.

use std::mem::MaybeUninit;

use gingham_core::Error;
use gingham_core::ndarray::{ArrayView2, ArrayViewMut2, Axis};

use super::matrix::Matrix;
use super::scratch::{Line, Scratch, lines};
use crate::level::Available;
use crate::team;
use crate::vector::{Element, Kernel, Vector};

/// Rows, or columns, of A that are read side by side. On Zen 5 one core read 41 GB/s from four places, with prefetches,
/// and 35 GB/s from one.
const STREAMS: usize = 4;

/// Bytes that a prefetch runs ahead, on each stream.
const AHEAD: usize = 512;

/// Bytes of A below which a second thread does not pay: they are read in the time that a thread takes to start.
const LEAST: usize = 2 << 20;

/// Elements of x that are copied where x is not contiguous. A longer one is gathered where it lies.
const LONGEST: usize = 1 << 20;

/// Bytes of sums that are kept in L2 while columns are added to them.
const SUMS: usize = 64 << 10;

/// `y <- alpha A x + beta y`, x and y being the columns that `x` and `y` consist of.
pub(super) fn product<T: Element>(
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
    let parts = threads.min(m.saturating_mul(k).saturating_mul(size_of::<T>()) / LEAST).max(1);
    let piece = m.div_ceil(parts).next_multiple_of(STREAMS);
    let pieces = a.axis_chunks_iter(Axis(0), piece).zip(y.axis_chunks_iter_mut(Axis(0), piece));
    team::share(parts, pieces, |(a, mut y)| {
        let x = &x;
        level.run(Piece { alpha, a: Matrix::of(&a), x: x.0, beta, y: Matrix::of_mut(&mut y) });
    });
    Ok(())
}

/// The column x, which threads read together.
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

impl<T: Element> Kernel<T> for Piece<T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) {
        let a = self.a;
        // SAFETY: the caller's.
        unsafe {
            if a.row_stride == 1 && (a.col_stride != 1 || a.cols == 1) {
                self.by_columns::<V>();
            } else if a.col_stride == 1 && self.x.row_stride == 1 {
                self.by_rows::<V, true>();
            } else {
                self.by_rows::<V, false>();
            }
        }
    }
}

impl<T: Element> Piece<T> {
    /// `y_i <- alpha sum + beta y_i`
    ///
    /// # Safety
    /// Row i is there, and nobody else's.
    #[inline(always)]
    unsafe fn finish(&self, i: usize, sum: T) {
        let y = self.y.at(i, 0);
        // SAFETY: the caller's.
        unsafe { *y = if self.beta == T::zero() { self.alpha * sum } else { self.alpha * sum + self.beta * *y } };
    }

    /// Each sum is a dot product; rows of A and x are `CONTIGUOUS`, or of any strides.
    ///
    /// # Safety
    /// The CPU has the instructions of V; the elements are readable, those of y writable and nobody else's.
    #[inline(always)]
    unsafe fn by_rows<V: Vector<Elem = T>, const CONTIGUOUS: bool>(&self) {
        let mut i = 0;
        // SAFETY: the caller's.
        unsafe {
            while i + STREAMS <= self.a.rows {
                self.rows::<V, STREAMS, CONTIGUOUS>(i);
                i += STREAMS;
            }
            while i < self.a.rows {
                self.rows::<V, 1, CONTIGUOUS>(i);
                i += 1;
            }
        }
    }

    /// `R` rows from row i on.
    ///
    /// # Safety
    /// As [`Self::by_rows`].
    #[inline(always)]
    unsafe fn rows<V: Vector<Elem = T>, const R: usize, const CONTIGUOUS: bool>(&self, i: usize) {
        let k = self.a.cols;
        let row: [*mut T; R] = std::array::from_fn(|r| self.a.at(i + r, 0));
        // SAFETY: the caller's; vectors end before column k.
        unsafe {
            let zero = V::splat(T::zero());
            // Two arrays and no loop over them: one of pairs was kept in memory.
            let (mut sums, mut odd) = ([zero; R], [zero; R]);
            let mut p = 0;
            while CONTIGUOUS && p + 2 * V::LANES <= k {
                let x = self.x.at(p, 0);
                let (x_even, x_odd) = (V::load(x), V::load(x.add(V::LANES)));
                for ((even, odd), row) in sums.iter_mut().zip(&mut odd).zip(row) {
                    let row = row.add(p);
                    V::prefetch(row.wrapping_add(AHEAD / size_of::<T>()));
                    V::prefetch(row.wrapping_add(AHEAD / size_of::<T>() + V::LANES));
                    *even = V::load(row).mul_add(x_even, *even);
                    *odd = V::load(row.add(V::LANES)).mul_add(x_odd, *odd);
                }
                p += 2 * V::LANES;
            }
            while p < k {
                let n = V::LANES.min(k - p);
                let x = V::gather(self.x.at(p, 0), if CONTIGUOUS { 1 } else { self.x.row_stride }, n);
                let (offset, stride) = match CONTIGUOUS {
                    true => (p as isize, 1),
                    false => (p as isize * self.a.col_stride, self.a.col_stride),
                };
                for (sum, row) in sums.iter_mut().zip(row) {
                    *sum = V::gather(row.offset(offset), stride, n).mul_add(x, *sum);
                }
                p += n;
            }
            for (r, (even, odd)) in sums.into_iter().zip(odd).enumerate() {
                self.finish(i + r, even.add(odd).sum());
            }
        }
    }

    /// Columns of A, which are contiguous, are added up, some thousand rows at a time.
    ///
    /// # Safety
    /// As [`Self::by_rows`].
    #[inline(always)]
    unsafe fn by_columns<V: Vector<Elem = T>>(&self) {
        let mut room = MaybeUninit::<[Line; SUMS / size_of::<Line>()]>::uninit();
        let sums: *mut T = room.as_mut_ptr().cast();
        let (rows, k) = (SUMS / size_of::<T>(), self.a.cols);
        let mut i = 0;
        while i < self.a.rows {
            let a = self.a.block(i, rows, 0, k);
            let mut p = 0;
            // SAFETY: the caller's; the room has `rows` elements, of which the first columns write as many as are read.
            unsafe {
                while p + STREAMS <= k {
                    self.columns::<V, STREAMS>(a, p, sums);
                    p += STREAMS;
                }
                while p < k {
                    self.columns::<V, 1>(a, p, sums);
                    p += 1;
                }
                for r in 0..a.rows {
                    self.finish(i + r, if k == 0 { T::zero() } else { *sums.add(r) });
                }
            }
            i += rows;
        }
    }

    /// Adds `N` columns from column p on to `sums`, which the first ones find unwritten.
    ///
    /// # Safety
    /// As [`Self::by_rows`]; `sums` has room for the rows of `a`.
    #[inline(always)]
    unsafe fn columns<V: Vector<Elem = T>, const N: usize>(&self, a: Matrix<T>, p: usize, sums: *mut T) {
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
                    V::prefetch(column.wrapping_add(i + AHEAD / size_of::<T>()));
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
