//! The judge: what a result must be, and how far it may lie from it.
//!
//! Sums of products are formed twice as precisely as f64 (Ogita, Rump and Oishi, Accurate sum and dot product, 2005,
//! algorithm Dot2), so that the judge's own error is nothing beside the bound, for f32 and f64 alike. Bounds are those
//! of Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1.

use crate::elementwise::{binary_scalar, unary_scalar};
use crate::{Binary, Op, Scalar};

/// Equal to the bit; any NaN equals any NaN.
pub(super) fn same<T: Scalar>(x: T, y: T) -> bool {
    x.into_f64().to_bits() == y.into_f64().to_bits() || (x.is_nan() && y.is_nan())
}

/// `gamma_j = j u / (1 - j u)`, u the unit roundoff of `T`.
pub(super) fn gamma<T: Scalar>(j: usize) -> f64 {
    let ju = j as f64 * T::epsilon().into_f64() / 2.0;
    ju / (1.0 - ju)
}

/// The smallest subnormal.
pub(super) fn eta<T: Scalar>() -> f64 {
    (T::min_positive_value() * T::epsilon()).into_f64()
}

/// A sum of products.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    high: f64,
    low: f64,
    /// The same sum in f64: it tells which infinity or NaN the terms give, in whatever order.
    plain: f64,
    /// The sum of absolute values.
    pub(super) magnitude: f64,
}

impl Sum {
    pub(super) fn add(&mut self, x: f64, y: f64) {
        let product = x * y;
        let rest = x.mul_add(y, -product);
        self.add_exactly(product);
        self.low += rest;
        self.magnitude += product.abs();
    }

    fn add_exactly(&mut self, x: f64) {
        let sum = self.high + x;
        let part = sum - self.high;
        self.low += (self.high - (sum - part)) + (x - part);
        self.high = sum;
        self.plain += x;
    }

    /// The sum times `factor`.
    pub(super) fn times(&self, factor: f64) -> Self {
        let mut scaled = Self::default();
        scaled.add(factor, self.high);
        scaled.low += factor * self.low;
        scaled.plain = factor * self.plain;
        scaled.magnitude = factor.abs() * self.magnitude;
        scaled
    }

    /// `|got - sum|`; infinite where one is NaN and the other is not, or an infinity is missed.
    pub(super) fn distance(&self, got: f64) -> f64 {
        match self.plain.is_finite() {
            true => ((got - self.high) - self.low).abs(),
            false if same(self.plain, got) => 0.0,
            false => f64::INFINITY,
        }
    }

    /// The sum, rounded.
    pub(super) fn value(&self) -> f64 {
        if self.plain.is_finite() { self.high + self.low } else { self.plain }
    }
}

/// `error / bound`; a result without error passes any bound.
pub(super) fn ratio(error: f64, bound: f64) -> f64 {
    if error == 0.0 { 0.0 } else { error / bound }
}

/// What `op` (an element-wise function) must give; `y` is not looked at where it takes one argument. The f32 functions
/// are judged by the f64 ones, and those by the standard library, whose own error of less than 1 ULP is thus part of
/// the 4 that are granted.
pub(super) fn function(op: Op, x: f64, y: f64) -> f64 {
    match op {
        Op::Unary(f) => unary_scalar::<f64>(f)(x),
        Op::Binary(f) => binary_scalar::<f64>(f)(x, y),
        Op::MatMul | Op::Dot | Op::Fill | Op::Random(_) => unreachable!("{op} is not element-wise"),
    }
}

/// The error of `got` as `op(x, y)`, over the error that the contract grants.
pub(super) fn function_ratio<T: Scalar>(op: Op, x: T, y: T, got: T) -> f64 {
    let exact = match op {
        Op::Unary(f) if f.is_exact() => Some(unary_scalar::<T>(f)(x)),
        Op::Binary(f) if f.is_exact() => Some(binary_scalar::<T>(f)(x, y)),
        _ => None,
    };
    let Some(want) = exact else { return ratio(ulps(function(op, x.into_f64(), y.into_f64()), got), 4.0) };
    let either_zero = matches!(op, Op::Binary(Binary::Min | Binary::Max)) && want == got;
    if same(want, got) || either_zero { 0.0 } else { f64::INFINITY }
}

/// The distance of `got` from `want` in units in the last place of `T` at `want`. A zero has a sign (Annex F of C), and
/// an infinity lies one unit beyond the largest number.
fn ulps<T: Scalar>(want: f64, got: T) -> f64 {
    let max = T::max_value().into_f64();
    let got = got.into_f64();
    let beyond = |x: f64| x.abs() > max;
    if want.is_nan() || got.is_nan() {
        return if want.is_nan() && got.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if want == 0.0 && got == 0.0 {
        return if want.is_sign_negative() == got.is_sign_negative() { 0.0 } else { f64::INFINITY };
    }
    if beyond(want) && beyond(got) && want.signum() == got.signum() {
        return 0.0;
    }
    let over = if beyond(want) || beyond(got) { 1.0 } else { 0.0 };
    let (want, got) = (want.clamp(-max, max), got.clamp(-max, max));
    (got - want).abs() / ulp::<T>(want) + over
}

/// The unit in the last place of `T` at `x`: 2^e epsilon for `2^e <= |x| < 2^(e+1)`, eta below the normal numbers.
fn ulp<T: Scalar>(x: f64) -> f64 {
    const EXPONENT: u64 = 0x7ff << 52;
    if x.abs() < T::min_positive_value().into_f64() {
        return eta::<T>();
    }
    f64::from_bits(x.to_bits() & EXPONENT) * T::epsilon().into_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unary;

    #[test]
    fn a_sum_keeps_what_f64_loses() {
        let sum = |terms: &[(f64, f64)]| {
            let mut sum = Sum::default();
            terms.iter().for_each(|&(x, y)| sum.add(x, y));
            sum
        };
        assert_eq!(sum(&[(1e16, 1.0), (1.0, 1.0), (-1e16, 1.0)]).times(3.0).distance(3.0), 0.0);
        let product = sum(&[(1.0 + f64::EPSILON, 1.0 - f64::EPSILON), (1.0, -1.0)]);
        assert_eq!((product.value(), product.magnitude), (-f64::EPSILON * f64::EPSILON, 2.0));
    }

    #[test]
    fn infinities_and_nan_are_themselves_only() {
        let mut sum = Sum::default();
        sum.add(f64::INFINITY, 1.0);
        assert_eq!((sum.distance(f64::INFINITY), sum.distance(1.0)), (0.0, f64::INFINITY));
        sum.add(f64::INFINITY, -1.0);
        assert_eq!((sum.distance(f64::NAN), sum.distance(f64::INFINITY)), (0.0, f64::INFINITY));
        let fine = ratio(Sum::default().distance(f64::NAN), 1.0) <= 1.0;
        assert!(!fine, "NaN is not 0");
    }

    #[test]
    fn units_in_the_last_place() {
        assert_eq!(ulps(1.0, 1.0 + f32::EPSILON), 1.0);
        assert_eq!(ulps(1.0, 1.0 - 2.0 * f32::EPSILON), 2.0);
        assert_eq!(ulps(0.0, f64::from_bits(3)), 3.0);
        assert_eq!(ulps(0.0, -0.0_f64), f64::INFINITY);
        assert_eq!(ulps(1e300, f32::INFINITY), 0.0);
        assert_eq!(ulps(f64::MAX, f64::INFINITY), 1.0);
        assert!(ulps(1.0, f64::INFINITY) > 4.0 && ulps(-1e300, f32::INFINITY) > 4.0);
        assert_eq!(function_ratio(Op::Unary(Unary::Sqrt), 2.0_f32, 0.0, 2.0_f32.sqrt()), 0.0);
        assert_eq!(function_ratio(Op::Unary(Unary::Sqrt), 2.0_f32, 0.0, 2.0_f32.sqrt().next_up()), f64::INFINITY);
        assert_eq!(function_ratio(Op::Binary(Binary::Min), 0.0_f64, -0.0, 0.0), 0.0);
    }
}
