//! Medians and their spread.

/// The median; the mean of the middle two for an even count, NaN for none.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// The exact order-statistic interval of the median: the narrowest symmetric pair of order statistics that covers the
/// median of any continuous distribution with probability at least 95 % (David and Nagaraja, Order Statistics, 3rd
/// ed., section 7.1). `None` for fewer than six values, whose extremes cover it less often.
#[must_use]
pub fn median_interval(values: &[f64]) -> Option<[f64; 2]> {
    let n = values.len();
    // P(the median lies below the k-th smallest of n) = P(Binomial(n, 1/2) < k): the probability that is left out on
    // each side.
    let mut left_out = 0.0;
    let mut ways = 0.5_f64.powi(i32::try_from(n).ok()?);
    let mut rank = None;
    for k in 0..n / 2 {
        left_out += ways;
        if left_out > 0.025 {
            break;
        }
        rank = Some(k);
        ways *= (n - k) as f64 / (k + 1) as f64;
    }
    let sorted = sorted(values);
    rank.map(|k| [sorted[k], sorted[n - 1 - k]])
}

/// The values from the least to the greatest.
pub(crate) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    /// The ranks of the table in Conover, Practical Nonparametric Statistics: n = 6 takes the extremes (96.9 %),
    /// n = 12 the third from each end (96.1 %), n = 20 the sixth (95.9 %).
    #[test]
    fn interval_ranks() {
        let upto = |n: usize| (1..=n).map(|x| x as f64).collect::<Vec<_>>();
        assert_eq!(median_interval(&upto(5)), None);
        assert_eq!(median_interval(&upto(6)), Some([1.0, 6.0]));
        assert_eq!(median_interval(&upto(12)), Some([3.0, 10.0]));
        assert_eq!(median_interval(&upto(20)), Some([6.0, 15.0]));
    }
}
