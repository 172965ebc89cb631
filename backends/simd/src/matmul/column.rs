//! The product with a single column, `y <- alpha A x + beta y`, where A lies by rows in the nearest caches.
//!
//! There a row is over before its sum is: adding up the lanes of one vector takes as long as multiplying a hundred
//! elements. So as many rows are read side by side as a vector has lanes, and their vectors are added up together, which
//! leaves one vector of sums.

use gingham_core::Error;

use super::direct;
use super::operands::Operands;
use crate::level::Available;
use crate::vector::{Element, Kernel, MAX_LANES, Vector};

/// A product of [`Operands::are_near_column`]. Columns of A are taken as those of other products are.
#[inline(always)]
pub(super) fn product<T: Element>(level: Available, operands: &Operands<T>) -> Result<(), Error> {
    if operands.lie_by_columns() {
        return level.run(direct::One(operands));
    }
    level.run(Column(operands));
    Ok(())
}

/// One product whose rows of A are contiguous.
struct Column<'a, T>(&'a Operands<T>);

impl<T: Element> Kernel<T> for Column<'_, T> {
    type Output = ();

    /// Eight rows at a time are as many sums as two FMA units with a latency of four cycles ask for.
    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) {
        let rows = self.0.c.rows;
        let mut i = 0;
        // SAFETY: the caller's; the rows are there.
        unsafe {
            while V::LANES == 16 && i + 16 <= rows {
                self.rows::<V, 16>(i);
                i += 16;
            }
            while i + 8 <= rows {
                self.rows::<V, 8>(i);
                i += 8;
            }
            match rows - i {
                0 => {}
                1..=4 => self.rows::<V, 4>(i),
                _ => self.rows::<V, 8>(i),
            }
        }
    }
}

impl<T: Element> Column<'_, T> {
    /// `R` rows from row i on. In the place of those that A does not have its last one is read again.
    ///
    /// # Safety
    /// The CPU has the instructions of V; the elements are readable, those of y writable and nobody else's; row i is
    /// there.
    #[inline(always)]
    unsafe fn rows<V: Vector<Elem = T>, const R: usize>(&self, i: usize) {
        let &Operands { alpha, a, b: x, beta, c: y, .. } = self.0;
        let (k, count) = (a.cols, R.min(a.rows - i));
        let row: [*mut T; R] = std::array::from_fn(|r| a.at(i + r.min(count - 1), 0));
        // SAFETY: the caller's; vectors end before column k, and before the last row of y.
        unsafe {
            let mut sums = [V::splat(T::zero()); R];
            let mut p = 0;
            while p + V::LANES <= k {
                let x = V::gather(x.at(p, 0), x.row_stride, V::LANES);
                for (sum, row) in sums.iter_mut().zip(row) {
                    *sum = V::load(row.add(p)).mul_add(x, *sum);
                }
                p += V::LANES;
            }
            if p < k {
                let x = V::gather(x.at(p, 0), x.row_stride, k - p);
                for (sum, row) in sums.iter_mut().zip(row) {
                    *sum = V::load_first(row.add(p), k - p).mul_add(x, *sum);
                }
            }
            for first in (0..R).step_by(V::LANES) {
                if first >= count {
                    break;
                }
                let (sum, n) = (across(&sums[first..]), V::LANES.min(count - first));
                let to = y.at(i + first, 0);
                let new = match beta == T::zero() {
                    true => sum.mul(V::splat(alpha)),
                    false => sum.mul_add(V::splat(alpha), V::gather(to, y.row_stride, n).mul(V::splat(beta))),
                };
                new.scatter(to, y.row_stride, n);
            }
        }
    }
}

/// The sum of the lanes of each vector, of the first one in the first lane. They are four, or eight, or as many as a
/// vector has lanes; more do not count. In each step half of them, interleaved with the other half, add their upper lanes
/// to their lower ones; where they are fewer than the lanes, one vector is left with several parts of each sum.
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
