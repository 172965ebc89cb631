//! Checks a product with a random vector before it is written.

use gingham_core::Scalar;
use ndarray::ArrayView2;

use crate::workload::freivalds::Rows;

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

/// Judges C = A B. Returns false if some row could not be judged; the other rows are judged.
///
/// # Errors
/// [`Wrong`], for the first wrong row.
pub(super) fn check<T: Scalar>(
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    c: ArrayView2<'_, T>,
    rng: &mut impl rand::Rng,
) -> Result<bool, Wrong> {
    let mut all = true;
    for (row, (got, right)) in Rows::of(a, b, rng).compared(c).enumerate() {
        let is_right = right.ratio(got) <= 1.0;
        if right.bound.is_infinite() {
            all = false;
        } else if !is_right {
            return Err(Wrong { row, got, expected: right.value, bound: right.bound });
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ShapeBuilder};
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};

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
