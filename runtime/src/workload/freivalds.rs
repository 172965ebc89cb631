//! Checks C = A B with a random vector r: compares C r with A (B r), in O(n^2) operations (Freivalds 1977).
//!
//! The signs of r are random and independent, so the rounding errors of a row add up to at most 9 times their 2-norm,
//! except for one row in 10^17 (Hoeffding 1963: the sum exceeds t times the norm with probability 2 exp(-t^2 / 2)). By
//! the contract of [`MatMul`](gingham_core::MatMul) that norm is at most `gamma_(k+2) |a| s`, where s_p is at least the
//! 2-norm of row p of B. The absolute values of r are random too, in [1/2, 1), so that two errors of the same size, two
//! columns in each other's place, do not cancel.

use gingham_core::Scalar;
use gingham_core::bounds::{Bounded, eta, gamma};
use ndarray::{ArrayView2, Axis};
use rand::RngExt;

/// How many 2-norms the rounding errors of a row may add up to.
const DEVIATIONS: f64 = 9.0;

/// Sums that are computed side by side, so that the compiler vectorises them.
const LANES: usize = 8;

/// The rows of a product, each times one random vector.
pub(crate) struct Rows {
    vector: Vec<f64>,
    right: Vec<Bounded>,
}

impl Rows {
    /// Of the product of `a` and `b`.
    pub(crate) fn of<T: Scalar>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>, rng: &mut impl rand::Rng) -> Self {
        let (k, n) = b.dim();
        let mut weight = || rng.random_range(0.5..1.0) * if rng.random() { 1.0 } else { -1.0 };
        let vector: Vec<f64> = (0..n).map(|_| weight()).collect();
        let rounding = DEVIATIONS * gamma::<T>(k + 2);
        // The sums of this check, in f64, have n terms, k, and n again.
        let own = gamma::<f64>(2 * n + k + 4);
        let of_b = Weighed::of(b, &vector, &vec![1.0; n]);
        // The 2-norm of a row is at most the root of its largest element times their sum, which neither overflows nor
        // underflows on the way.
        let norms = of_b.largest.iter().zip(&of_b.absolute).map(|(largest, sum)| (largest.sqrt() * sum.sqrt(), sum));
        let weights: Vec<f64> = norms.map(|(norm, sum)| rounding * norm + own * sum).collect();
        let of_a = Weighed::of(a, &of_b.sum, &weights);
        // Products that underflow are off by the smallest subnormal each.
        let underflow = (n * (k + 2)) as f64 * eta::<T>();
        // If a bound is below this, neither an element of its row nor their sum overflows.
        let largest_bound = rounding * T::max_value().into_f64() / (2 * n).max(1) as f64;
        let right = of_a.sum.into_iter().zip(of_a.absolute).map(|(value, bound)| {
            let is_bounded = value.is_finite() && rounding.is_finite() && bound < largest_bound;
            Bounded { value, bound: if is_bounded { bound + underflow } else { f64::INFINITY } }
        });
        Self { right: right.collect(), vector }
    }

    /// What each row of `c` gives, and what the product gives. The bound is infinite for a row that cannot be judged,
    /// because its factors or its sums may be too large or are NaN.
    pub(crate) fn compared<T: Scalar>(&self, c: ArrayView2<'_, T>) -> impl Iterator<Item = (f64, Bounded)> {
        Weighed::of(c, &self.vector, &self.vector).sum.into_iter().zip(self.right.iter().copied())
    }
}

/// Sums over the elements of each row of a matrix.
struct Weighed {
    /// The sum of the elements times x.
    sum: Vec<f64>,
    /// The sum of their absolute values times w.
    absolute: Vec<f64>,
    /// The largest absolute value.
    largest: Vec<f64>,
}

impl Weighed {
    fn of<T: Scalar>(matrix: ArrayView2<'_, T>, x: &[f64], w: &[f64]) -> Self {
        let rows = matrix.nrows();
        let mut weighed = Self { sum: vec![0.0; rows], absolute: vec![0.0; rows], largest: vec![0.0; rows] };
        let Self { sum, absolute, largest } = &mut weighed;
        if matrix.strides()[0] == 1 && matrix.strides()[1] != 1 {
            for ((column, &x), &w) in matrix.axis_iter(Axis(1)).zip(x).zip(w) {
                let column = column.to_slice().expect("stride 1");
                for (((&value, sum), absolute), largest) in
                    column.iter().zip(&mut *sum).zip(&mut *absolute).zip(&mut *largest)
                {
                    let value = value.into_f64();
                    *sum += value * x;
                    *absolute += value.abs() * w;
                    *largest = larger(value.abs(), *largest);
                }
            }
        } else {
            for (i, row) in matrix.axis_iter(Axis(0)).enumerate() {
                let sums = match row.to_slice() {
                    Some(row) => weigh(row, x, w),
                    None => weigh(&row.to_vec(), x, w),
                };
                [sum[i], absolute[i], largest[i]] = sums;
            }
        }
        weighed
    }
}

/// Sum, absolute sum and largest of one row.
fn weigh<T: Scalar>(row: &[T], x: &[f64], w: &[f64]) -> [f64; 3] {
    let (mut sums, mut absolutes, mut largests) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    let mut add = |lane: usize, value: T, x: f64, w: f64| {
        let value = value.into_f64();
        sums[lane] += value * x;
        absolutes[lane] += value.abs() * w;
        largests[lane] = larger(value.abs(), largests[lane]);
    };
    let (rows, row_rest) = row.as_chunks::<LANES>();
    let (xs, x_rest) = x.as_chunks::<LANES>();
    let (ws, w_rest) = w.as_chunks::<LANES>();
    for ((row, x), w) in rows.iter().zip(xs).zip(ws) {
        for lane in 0..LANES {
            add(lane, row[lane], x[lane], w[lane]);
        }
    }
    for (lane, ((&value, &x), &w)) in row_rest.iter().zip(x_rest).zip(w_rest).enumerate() {
        add(lane, value, x, w);
    }
    [sums.iter().sum(), absolutes.iter().sum(), largests.iter().copied().fold(0.0, larger)]
}

/// A single instruction, unlike `f64::max` with its rule for NaN; NaN shows in the sums.
fn larger(x: f64, y: f64) -> f64 {
    if x > y { x } else { y }
}
