//! The product with a single column, `y <- alpha A x + beta y`, where A lies by rows in the nearest caches.
//!
//! Such rows are short: adding up the lanes of one vector takes as long as multiplying a hundred elements. So the
//! kernel reads as many rows side by side as a vector has lanes, and adds up their vectors together: one vector is
//! left, with the sum of each row.

use gingham_core::ndarray::{ArrayView2, ArrayViewMut2};

use super::limits::NEAR_BYTES;
use super::matrix::Matrix;
use crate::arch::Vectors;
use crate::level::Available;
use crate::vector::{Element, Kernel, MAX_LANES, Vector};

/// Elements of the longest rows, if A has fewer rows than a tile.
const SHORT: usize = 64;

/// Computes a product with a single column or row, if A is near. Returns whether it did.
#[inline(always)]
pub(super) fn product<T: Vectors>(
    level: Available,
    alpha: T,
    a: &ArrayView2<'_, T>,
    b: &ArrayView2<'_, T>,
    beta: T,
    c: &mut ArrayViewMut2<'_, T>,
) -> bool {
    let (a, b, c) = (Matrix::of(a), Matrix::of(b), Matrix::of_mut(c));
    let column = match (c.rows, c.cols) {
        (_, 1) => Column { alpha, a, x: b, beta, y: c },
        (1, _) => Column { alpha, a: b.transposed(), x: a.transposed(), beta, y: c.transposed() },
        _ => return false,
    };
    let is_near = column.is_near();
    if is_near {
        level.run(column);
    }
    is_near
}

/// One product with a single column.
struct Column<T> {
    alpha: T,
    a: Matrix<T>,
    x: Matrix<T>,
    beta: T,
    y: Matrix<T>,
}

impl<T: Element> Column<T> {
    /// Whether A is small and its rows, x and y are contiguous.
    #[inline(always)]
    fn is_near(&self) -> bool {
        let (m, k) = (self.a.rows, self.a.cols);
        self.alpha != T::zero()
            && k > 0
            && m.saturating_mul(k) <= NEAR_BYTES / size_of::<T>()
            && (m >= 4 || k <= SHORT)
            && (self.a.col_stride == 1 && self.x.row_stride == 1 || k == 1)
            && (self.y.row_stride == 1 || m == 1)
    }
}

impl<T: Element> Kernel<T> for Column<T> {
    type Output = ();

    /// Eight rows at a time give as many sums as two FMA units with a latency of four cycles need.
    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) {
        let Self { alpha, a, x, beta, y } = self;
        // SAFETY: the caller's; only rows that exist are taken.
        unsafe {
            let mut rows = Rows::<V> {
                a: a.at(0, 0),
                apart: a.row_stride,
                k: a.cols,
                x: x.at(0, 0),
                y: y.at(0, 0),
                alpha: V::splat(alpha),
                beta: (beta != T::zero()).then(|| V::splat(beta)),
            };
            let mut left = y.rows;
            while V::LANES == 16 && left >= 16 {
                rows.take::<16>(16);
                left -= 16;
            }
            while left >= 8 {
                rows.take::<8>(8);
                left -= 8;
            }
            if left >= 4 {
                rows.take::<4>(4);
                left -= 4;
            }
            if left > 0 {
                rows.take::<4>(left);
            }
        }
    }
}

/// The rows that are still to be computed. The pointers move on, which saves a multiplication for each row.
struct Rows<V: Vector> {
    a: *const V::Elem,
    /// Elements from a row of A to the next.
    apart: isize,
    k: usize,
    x: *const V::Elem,
    y: *mut V::Elem,
    alpha: V,
    beta: Option<V>,
}

impl<V: Vector> Rows<V> {
    /// Computes the next `count <= R` rows side by side. If `count` is less than `R`, the last row is read again in the
    /// place of each missing one; where the compiler knows `count`, it drops that.
    ///
    /// # Safety
    /// The CPU has the instructions of V; the elements are readable, those of y writable and accessed by nothing else;
    /// the rows exist.
    #[inline(always)]
    unsafe fn take<const R: usize>(&mut self, count: usize) {
        let (mut a, mut x, mut k) = (self.a, self.x, self.k);
        // SAFETY: the caller's; vectors end before column k, and before the last row of y.
        unsafe {
            let mut sums = [V::splat(V::Elem::default()); R];
            while k >= V::LANES {
                let of_x = V::load(x);
                for (r, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(self.row(a, r, count)).mul_add(of_x, *sum);
                }
                (a, x, k) = (a.add(V::LANES), x.add(V::LANES), k - V::LANES);
            }
            if k > 0 {
                let of_x = V::load_first(x, k);
                for (r, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load_first(self.row(a, r, count), k).mul_add(of_x, *sum);
                }
            }
            self.a = self.a.wrapping_offset(R as isize * self.apart);
            for (i, sums) in sums.chunks(V::LANES).enumerate().take(count.div_ceil(V::LANES)) {
                let (sum, n) = (across(sums).mul(self.alpha), V::LANES.min(count - i * V::LANES));
                let new = match self.beta {
                    Some(beta) => V::load_first(self.y, n).mul_add(beta, sum),
                    None => sum,
                };
                new.store_first(self.y, n);
                self.y = self.y.wrapping_add(n);
            }
        }
    }

    /// Row r of the `count` rows that begin at `a`.
    #[inline(always)]
    fn row(&self, a: *const V::Elem, r: usize, count: usize) -> *const V::Elem {
        a.wrapping_offset(r.min(count - 1) as isize * self.apart)
    }
}

/// A vector whose lane i is the sum of the lanes of vector i. The vectors are four, eight, or as many as a vector has
/// lanes; further ones are ignored. Each step interleaves one half of the vectors with the other and adds the two
/// results, which halves their number. If the vectors are fewer than the lanes, the last one holds several parts of
/// each sum, and is folded.
///
/// # Safety
/// The CPU has the instructions of V.
#[inline(always)]
unsafe fn across<V: Vector>(vectors: &[V]) -> V {
    // SAFETY: the caller's.
    let mut sums = [unsafe { V::splat(V::Elem::default()) }; MAX_LANES];
    let count = V::LANES.min(vectors.len());
    sums[..count].copy_from_slice(&vectors[..count]);
    let mut n = count;
    while n > 1 {
        n /= 2;
        for i in 0..n {
            let (low, high) = sums[i].interleave(sums[i + n]);
            sums[i] = low.add(high);
        }
    }
    let (mut sum, mut width) = (sums[0], V::LANES);
    while width > count {
        width /= 2;
        sum = sum.folded(width);
    }
    sum
}
