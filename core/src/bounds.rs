//! How far a result may lie from the exact one, and sums precise enough to check that. The conformance suite and the
//! judges at run time both use it, so that they allow the same errors.
//!
//! Sums of products are carried in two doubles ([`Sum`]), which makes the judge's own error negligible beside the
//! bound, for f32 and f64 alike. The bounds ([`gamma`], [`eta`]) are those of Higham, Accuracy and Stability of
//! Numerical Algorithms, 2nd ed., sections 2.1 and 3.1; functions may err by [`FUNCTION_ULP`] units in the last place
//! ([`ulp`]).
//!
//! Compare with `ratio <= 1.0`, not with `ratio > 1.0`, so that a NaN is never within its bound.

use crate::Scalar;

/// Units in the last place by which functions that are not exact may err, by the contract of
/// [`Elementwise`](crate::Elementwise).
pub const FUNCTION_ULP: f64 = 4.0;

/// `gamma_j = j u / (1 - j u)`, u the unit roundoff of `T`, half its epsilon: the relative error of `j` rounded
/// operations, in any order (Higham, section 3.1). From `j u = 1/2` on, where it reaches 1 and could not separate a
/// result from a zero, it is infinite: 8 million terms of f32.
#[must_use]
pub fn gamma<T: Scalar>(j: usize) -> f64 {
    let ju = j as f64 * T::epsilon().into_f64() / 2.0;
    if ju < 0.5 { ju / (1.0 - ju) } else { f64::INFINITY }
}

/// The smallest subnormal of `T`, which is its smallest normal number times epsilon: the largest error of a product
/// that underflows (Higham, section 2.1), even where subnormal results become zero or are rounded twice.
#[must_use]
pub fn eta<T: Scalar>() -> f64 {
    T::min_positive_value().into_f64() * T::epsilon().into_f64()
}

/// The unit in the last place of `T` at `x`: `2^e epsilon` for `2^e <= |x| < 2^(e + 1)`, which is the distance to the
/// next number of larger magnitude, and [`eta`] below the normal numbers (Muller and others, Handbook of Floating-Point
/// Arithmetic, 2nd ed., section 2.3.2, Goldberg's definition). `x` need not be a number of `T`. Infinite where it is
/// not finite.
///
/// The exponent is read from the bits: a logarithm rounds up just below a power of two.
#[must_use]
pub fn ulp<T: Scalar>(x: f64) -> f64 {
    const EXPONENT: u64 = 0x7ff << 52;
    if x.abs() < T::min_positive_value().into_f64() {
        return eta::<T>();
    }
    f64::from_bits(x.to_bits() & EXPONENT) * T::epsilon().into_f64()
}

/// `error / bound`, at most 1 where the error is within the bound. An error of 0 is within every bound, an infinite
/// error within none.
#[must_use]
pub fn ratio(error: f64, bound: f64) -> f64 {
    if error == 0.0 { 0.0 } else { error / bound }
}

/// Equal to the bit; any NaN equals any NaN.
#[must_use]
pub fn same<T: Scalar>(x: T, y: T) -> bool {
    x.into_f64().to_bits() == y.into_f64().to_bits() || (x.is_nan() && y.is_nan())
}

/// A value, and how far from it a right result may lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounded {
    /// What a result should be.
    pub value: f64,
    /// The largest error of a right result.
    pub bound: f64,
}

impl Bounded {
    /// The error of `got` over the bound: at most 1 where it is right, as [`ratio`]. An infinity or NaN is right where
    /// the value is the same.
    #[must_use]
    pub fn ratio(self, got: f64) -> f64 {
        if same(self.value, got) { 0.0 } else { ratio((got - self.value).abs(), self.bound) }
    }
}

/// A sum of products carried in two doubles, beside the sum of their absolute values.
///
/// The rounding error of each product (by a fused multiply-add) and of each sum (Knuth's TwoSum) is kept: algorithm
/// Dot2 of Ogita, Rump and Oishi, Accurate sum and dot product, SIAM J. Sci. Comput. 26 (2005). Proposition 5.5 there:
/// the value errs by at most `u |sum| + gamma_n^2 magnitude` for n products of doubles that neither overflow nor
/// underflow.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum {
    /// The sum in plain f64: it also shows which infinity or NaN the terms give, in whatever order.
    high: f64,
    low: f64,
    magnitude: f64,
}

impl Sum {
    /// Adds `x y`.
    pub fn add(&mut self, x: f64, y: f64) {
        let product = x * y;
        let rest = x.mul_add(y, -product);
        *self = self.plus(Self { high: product, low: rest, magnitude: product.abs() });
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let high = self.high + other.high;
        let part = high - self.high;
        let rest = (self.high - (high - part)) + (other.high - part);
        Self { high, low: self.low + (other.low + rest), magnitude: self.magnitude + other.magnitude }
    }

    /// The sum times `factor`.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        let high = factor * self.high;
        let rest = factor.mul_add(self.high, -high);
        Self { high, low: rest + factor * self.low, magnitude: factor.abs() * self.magnitude }
    }

    /// The sum of the absolute values of the terms, to which bounds are proportional.
    #[must_use]
    pub fn magnitude(self) -> f64 {
        self.magnitude
    }

    /// The sum, rounded to f64.
    #[must_use]
    pub fn value(self) -> f64 {
        if self.high.is_finite() { self.high + self.low } else { self.high }
    }

    /// `|got - sum|`, without rounding the sum first; infinite where one is NaN and the other is not, or an infinity is
    /// missed.
    #[must_use]
    pub fn distance(self, got: f64) -> f64 {
        match self.high.is_finite() {
            true => ((got - self.high) - self.low).abs(),
            false if same(self.high, got) => 0.0,
            false => f64::INFINITY,
        }
    }

    /// The sum of `k` products with the error that the contract of [`MatMul`](crate::MatMul) allows for alpha = 1 and
    /// beta = 0: within `gamma_(k + 2)` of its magnitude, and [`eta`] for each operation, which covers products that
    /// underflow.
    #[must_use]
    pub fn bounded<T: Scalar>(self, k: usize) -> Bounded {
        let bound = gamma::<T>(k + 2) * self.magnitude + (k + 2) as f64 * eta::<T>();
        Bounded { value: self.value(), bound }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(terms: &[(f64, f64)]) -> Sum {
        let mut sum = Sum::default();
        terms.iter().for_each(|&(x, y)| sum.add(x, y));
        sum
    }

    /// Numbers `n 2^e` with products that are multiples of 2^-60 below 2^40, so that 1000 of them add up exactly in
    /// 110 bits of fixed point, while f64 keeps 53.
    fn number() -> impl Strategy<Value = (i32, i32)> {
        (-(1 << 20)..1 << 20, -30..=0)
    }

    /// The unit of the fixed point.
    const UNIT: f64 = 1.0 / (1_u64 << 60) as f64;

    proptest! {
        #[test]
        fn a_sum_is_as_near_as_the_proposition_says(
            pairs in prop::collection::vec((number(), number()), 1..1000),
            cut in any::<prop::sample::Index>(),
        ) {
            let fixed = |(n, e): (i32, i32), (m, d): (i32, i32)| (i128::from(n) * i128::from(m)) << (60 + e + d);
            let exact: i128 = pairs.iter().map(|&(x, y)| fixed(x, y)).sum();
            let float = |(n, e): (i32, i32)| f64::from(n) * f64::from(e).exp2();
            let terms: Vec<_> = pairs.iter().map(|&(x, y)| (float(x), float(y))).collect();
            let magnitude: f64 = terms.iter().map(|(x, y)| (x * y).abs()).sum();
            let u = f64::EPSILON / 2.0;
            let bound = u * UNIT * exact.unsigned_abs() as f64 + gamma::<f64>(terms.len() + 1).powi(2) * magnitude;
            let (left, right) = terms.split_at(cut.index(terms.len()));
            for whole in [sum(&terms), sum(left).plus(sum(right))] {
                // Values are multiples of the unit too.
                let error = UNIT * ((whole.value() / UNIT) as i128 - exact).unsigned_abs() as f64;
                prop_assert!(error <= bound, "{error} > {bound}");
                prop_assert!(whole.distance(whole.value()) <= ulp::<f64>(whole.value()));
                prop_assert!((whole.magnitude() - magnitude).abs() <= gamma::<f64>(terms.len()) * magnitude);
            }
        }

        #[test]
        fn a_sum_that_was_scaled_is_the_sum_of_scaled_terms(
            terms in prop::collection::vec((-1.0..1.0, -1.0..1.0), 1..100),
            factor in -4.0..4.0,
        ) {
            let scaled: Vec<_> = terms.iter().map(|&(x, y)| (4.0 * x, y)).collect();
            prop_assert!(same(sum(&terms).times(4.0).value(), sum(&scaled).value()), "powers of two are exact");
            let (scaled, plain) = (sum(&terms).times(factor), factor * sum(&terms).value());
            prop_assert!(scaled.distance(plain) <= 4.0 * f64::EPSILON * plain.abs() + 1e-25);
        }

        #[test]
        fn an_ulp_is_the_way_to_the_next_number(bits in any::<u64>()) {
            let x = f64::from_bits(bits).abs();
            if x < f64::MAX {
                prop_assert_eq!(ulp::<f64>(x), x.next_up() - x);
                prop_assert_eq!(ulp::<f64>(-x), x.next_up() - x);
            }
            let y = f32::from_bits(bits as u32).abs();
            if y < f32::MAX {
                prop_assert_eq!(ulp::<f32>(y.into()), f64::from(y.next_up()) - f64::from(y));
                // Doubles between the two belong to the lower one.
                prop_assert_eq!(ulp::<f32>(f64::from(y.next_up()).next_down()), ulp::<f32>(y.into()));
            }
        }

        #[test]
        fn within_the_bound_is_right_and_beyond_is_wrong(value in -1e3..1e3, bound in 1e-3..1.0, share in 0.0..0.999) {
            let bounded = Bounded { value, bound };
            for sign in [-1.0, 1.0] {
                prop_assert!(bounded.ratio(value + sign * share * bound) <= 1.0);
                prop_assert!(bounded.ratio(value + sign * (1.001 + share) * bound) > 1.0);
            }
        }
    }

    #[test]
    fn an_ulp_at_and_just_below_every_power_of_two() {
        for e in -1022..=1023 {
            let x = f64::from_bits(((e + 1023) as u64) << 52);
            assert_eq!(ulp::<f64>(x), x.next_up() - x, "2^{e}");
            assert_eq!(ulp::<f64>(x.next_down()), x - x.next_down(), "below 2^{e}");
            assert_eq!(ulp::<f32>(x.next_down()), if e <= -126 { 2_f64.powi(-149) } else { 2_f64.powi(e - 24) });
        }
        assert_eq!(ulp::<f64>(0.0), f64::from_bits(1));
        assert_eq!(ulp::<f32>(0.0), f64::from(f32::from_bits(1)));
        assert_eq!(ulp::<f64>(f64::NEG_INFINITY), f64::INFINITY);
    }

    #[test]
    fn gamma_and_eta_are_those_of_the_book() {
        assert_eq!(gamma::<f64>(0), 0.0);
        assert_eq!(gamma::<f32>(1), 2_f64.powi(-24) / (1.0 - 2_f64.powi(-24)));
        assert_eq!(gamma::<f32>((1 << 23) - 1), (0.5 - 2_f64.powi(-24)) / (0.5 + 2_f64.powi(-24)));
        assert_eq!(gamma::<f32>(1 << 23), f64::INFINITY);
        assert_eq!(gamma::<f32>(1 << 25), f64::INFINITY, "not negative");
        assert_eq!((eta::<f32>(), eta::<f64>()), (f64::from(f32::from_bits(1)), f64::from_bits(1)));
    }

    #[test]
    fn a_sum_keeps_what_f64_loses() {
        assert_eq!(sum(&[(1e16, 1.0), (1.0, 1.0), (-1e16, 1.0)]).times(3.0).distance(3.0), 0.0);
        let product = sum(&[(1.0 + f64::EPSILON, 1.0 - f64::EPSILON), (1.0, -1.0)]);
        assert_eq!((product.value(), product.magnitude()), (-f64::EPSILON * f64::EPSILON, 2.0));
    }

    #[test]
    fn infinities_and_nan_are_themselves_only() {
        let mut sum = Sum::default();
        sum.add(f64::INFINITY, 1.0);
        assert_eq!((sum.value(), sum.times(-1.0).value()), (f64::INFINITY, f64::NEG_INFINITY));
        assert_eq!((sum.distance(f64::INFINITY), sum.distance(1.0)), (0.0, f64::INFINITY));
        assert_eq!(sum.bounded::<f64>(1).ratio(f64::INFINITY), 0.0);
        sum.add(f64::INFINITY, -1.0);
        assert_eq!((sum.distance(f64::NAN), sum.distance(f64::INFINITY)), (0.0, f64::INFINITY));
        let fine = ratio(Sum::default().distance(f64::NAN), 1.0) <= 1.0;
        assert!(!fine, "NaN is not 0");
        for bound in [0.0, 1.0, f64::INFINITY, f64::NAN] {
            let finite = Bounded { value: 1.0, bound };
            assert_eq!(finite.ratio(1.0), 0.0, "no error is within {bound}");
            for got in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let fine = finite.ratio(got) <= 1.0;
                assert!(!fine, "{got} is not within {bound}");
            }
            assert_eq!(Bounded { value: f64::NAN, bound }.ratio(-f64::NAN), 0.0);
            let fine = Bounded { value: f64::INFINITY, bound }.ratio(f64::MAX) <= 1.0;
            assert!(!fine, "an infinity that was missed, within {bound}");
        }
    }
}
