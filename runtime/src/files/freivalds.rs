//! Checks C = A B with a random vector r: compares C r with A (B r), in O(n^2) operations (Freivalds 1977).
//!
//! The signs of r are random and independent, so the rounding errors of a row add up to at most 9 times their 2-norm,
//! except for one row in 10^17 (Hoeffding 1963: the sum exceeds t times the norm with probability 2 exp(-t^2 / 2)). By
//! the contract of [`MatMul`](gingham_core::MatMul) that norm is at most `gamma_(k+2) |a| s`, where s_p is at least the
//! 2-norm of row p of B. The absolute values of r are random too, in [1/2, 1), so that two errors of the same size, two
//! columns in each other's place, do not cancel.

use gingham_core::Scalar;
use gingham_core::bounds::{eta, gamma};
use ndarray::{ArrayView2, Axis};
use rand::RngExt;

/// How many 2-norms the rounding errors of a row may add up to.
const DEVIATIONS: f64 = 9.0;

/// Sums that are computed side by side, so that the compiler vectorises them.
const LANES: usize = 8;

/// A row that differs from the product's.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("wrong product: row {row} times a random vector is {got:e}, expected {expected:e} within {bound:e}")]
pub struct Wrong {
    /// Its index, from 0.
    pub row: usize,
    /// What C gives.
    pub got: f64,
    /// What A and B give.
    pub expected: f64,
    /// The largest error of a right product.
    pub bound: f64,
}

/// Judges C = A B. Returns false if some row could not be judged, because its factors or its sums may be too large or
/// are NaN; the other rows are judged.
///
/// # Errors
/// [`Wrong`], for the first wrong row.
pub(super) fn check<T: Scalar>(
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    c: ArrayView2<'_, T>,
    rng: &mut impl rand::Rng,
) -> Result<bool, Wrong> {
    let (k, n) = b.dim();
    let r: Vec<f64> = (0..n).map(|_| rng.random_range(0.5..1.0) * if rng.random() { 1.0 } else { -1.0 }).collect();
    let rounding = DEVIATIONS * gamma::<T>(k + 2);
    // The sums of this check, in f64, have n terms, k, and n again.
    let own = gamma::<f64>(2 * n + k + 4);
    let of_b = Weighed::of(b, &r, &vec![1.0; n]);
    // The 2-norm of a row is at most the root of its largest element times their sum, which neither overflows nor
    // underflows on the way.
    let norms = of_b.largest.iter().zip(&of_b.absolute).map(|(largest, sum)| (largest.sqrt() * sum.sqrt(), sum));
    let weights: Vec<f64> = norms.map(|(norm, sum)| rounding * norm + own * sum).collect();
    let of_a = Weighed::of(a, &of_b.sum, &weights);
    let of_c = Weighed::of(c, &r, &r);
    // Products that underflow are off by the smallest subnormal each.
    let underflow = (n * (k + 2)) as f64 * eta::<T>();
    // If a bound is below this, neither an element of its row nor their sum overflows.
    let largest_bound = rounding * T::max_value().into_f64() / (2 * n).max(1) as f64;
    let mut all = true;
    for (row, ((&got, &expected), bound)) in of_c.sum.iter().zip(&of_a.sum).zip(of_a.absolute).enumerate() {
        if !expected.is_finite() || !rounding.is_finite() || bound.is_nan() || bound >= largest_bound {
            all = false;
            continue;
        }
        let bound = bound + underflow;
        let ok = (got - expected).abs() <= bound;
        if !ok {
            return Err(Wrong { row, got, expected, bound });
        }
    }
    Ok(all)
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

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ShapeBuilder};
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    use super::*;

    fn random<T: Scalar>(rows: usize, columns: usize, by_columns: bool, rng: &mut ChaCha8Rng) -> Array2<T> {
        let mut array = Array2::zeros((rows, columns).set_f(by_columns));
        array.mapv_inplace(|_: T| T::from_f64(rng.random_range(-1.0..1.0)));
        array
    }

    /// Factors, their product in T, and the verdict on it.
    fn judged<T: Scalar>(spoil: impl Fn(&mut Array2<T>)) -> Vec<Result<bool, Wrong>> {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut results = Vec::new();
        for (m, k, n) in [(1, 1, 1), (5, 3, 17), (40, 300, 33), (64, 64, 64), (2, 700, 9)] {
            for (a_by_columns, b_by_columns) in [(false, false), (true, false), (false, true), (true, true)] {
                let a = random::<T>(m, k, a_by_columns, &mut rng);
                let b = random::<T>(k, n, b_by_columns, &mut rng);
                let mut c = a.dot(&b);
                spoil(&mut c);
                results.push(check(a.view(), b.view(), c.view(), &mut rng));
                let (a, b) = (a.slice(ndarray::s![..;2, ..]), b.slice(ndarray::s![.., ..;-1]));
                let mut c = a.dot(&b);
                spoil(&mut c);
                results.push(check(a, b, c.view(), &mut rng));
            }
        }
        results
    }

    #[test]
    fn right_products_pass() {
        assert!(judged::<f64>(|_| ()).iter().all(|result| *result == Ok(true)));
        assert!(judged::<f32>(|_| ()).iter().all(|result| *result == Ok(true)));
    }

    #[test]
    fn wrong_products_fail() {
        fn all_wrong<T: Scalar>(spoil: impl Fn(&mut Array2<T>)) -> bool {
            judged(spoil).iter().all(Result::is_err)
        }
        let element = |c: &mut Array2<f64>| *c.last_mut().unwrap() += 1e-6;
        assert!(all_wrong(element));
        assert!(all_wrong(|c: &mut Array2<f64>| *c.first_mut().unwrap() = f64::NAN));
        assert!(all_wrong(|c: &mut Array2<f32>| *c.last_mut().unwrap() += 0.5));
        // Errors that cancel in any vector of ones and signs of the same kind.
        assert!(
            judged(|c: &mut Array2<f64>| {
                if c.ncols() > 1 {
                    c[[0, 0]] += 1e-6;
                    c[[0, 1]] -= 1e-6;
                } else {
                    c[[0, 0]] += 1e-6;
                }
            })
            .iter()
            .all(Result::is_err)
        );
    }

    #[test]
    fn a_block_of_zeros_is_found_in_a_large_product() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (a, b) = (random::<f32>(100, 800, false, &mut rng), random::<f32>(800, 900, false, &mut rng));
        let mut c = a.dot(&b);
        assert_eq!(check(a.view(), b.view(), c.view(), &mut rng), Ok(true));
        c.slice_mut(ndarray::s![40..56, 800..864]).fill(0.0);
        let wrong = check(a.view(), b.view(), c.view(), &mut rng).unwrap_err();
        assert!((40..56).contains(&wrong.row), "{wrong}");
    }

    #[test]
    fn what_cannot_be_judged_is_no_failure() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for (special, factor) in [(f64::NAN, 1.0), (f64::INFINITY, 1.0), (1e200, 1e200), (1e308, 2.0)] {
            let mut a = random::<f64>(4, 5, false, &mut rng);
            let b = random::<f64>(5, 6, false, &mut rng) * factor;
            a[[2, 3]] = special;
            assert_eq!(check(a.view(), b.view(), a.dot(&b).view(), &mut rng), Ok(false), "{special} x {factor}");
            let mut wrong = a.dot(&b);
            wrong[[1, 1]] += factor;
            assert!(check(a.view(), b.view(), wrong.view(), &mut rng).is_err(), "the other rows: {special} x {factor}");
        }
        let (a, b) = (Array2::from_elem((2, 2), 1e30_f32), Array2::from_elem((2, 2), 1e30_f32));
        assert_eq!(check(a.view(), b.view(), a.dot(&b).view(), &mut rng), Ok(false), "overflow of f32");
    }

    #[test]
    fn tiny_values_pass_and_empty_ones() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for scale in [1e-200, 1e-160, 1e-300] {
            let (a, b) = (random::<f64>(9, 20, false, &mut rng) * scale, random::<f64>(20, 8, false, &mut rng) * scale);
            assert_eq!(check(a.view(), b.view(), a.dot(&b).view(), &mut rng), Ok(true), "{scale}");
        }
        for (m, k, n) in [(0, 3, 2), (2, 0, 3), (2, 3, 0)] {
            let (a, b) = (Array2::<f64>::zeros((m, k)), Array2::<f64>::zeros((k, n)));
            assert_eq!(check(a.view(), b.view(), a.dot(&b).view(), &mut rng), Ok(true), "{m} x {k} x {n}");
        }
    }
}
