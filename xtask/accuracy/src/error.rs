//! The error of a value in units of the last place (ULP) of the exact one.
//!
//! The exact value is a real number, so that rounding can promise 0.5 at best. Its unit is the distance of the
//! neighbours at its place: 2^(e - 52) for `f64` where 2^e <= |exact| < 2^(e + 1), and at least the smallest subnormal.
//! Infinity counts as the number after the largest finite one. A wrong sign is an infinite error, even of zero; so is
//! NaN instead of a value, and a value instead of NaN.

use std::fmt::LowerExp;

use astro_float::{BigFloat, Consts, RoundingMode};
use gingham_core::Scalar;

use crate::function::{Function, big};

/// An element type: its values as patterns of bits, and their errors.
pub(crate) trait Element: Scalar + LowerExp {
    /// Bits of a value.
    const BITS: u32;

    fn from_pattern(bits: u64) -> Self;

    fn pattern(self) -> u64;

    /// The error of this value, if `nearest` is the exact one rounded to `f64`. An error that is not above `known`, the
    /// largest so far, need not be computed to the last digit.
    fn error(self, known: f64, nearest: f64, exact: &mut Exact) -> f64 {
        match (self.is_nan(), nearest.is_nan()) {
            (true, true) => 0.0,
            (false, false) if self.is_sign_negative() == nearest.is_sign_negative() => {
                self.distance(known, nearest, exact)
            }
            _ => f64::INFINITY,
        }
    }

    /// The error of a number that has the sign of `nearest`.
    fn distance(self, known: f64, nearest: f64, exact: &mut Exact) -> f64;
}

/// The exact value at an argument, computed at its first use.
pub(crate) struct Exact<'a> {
    function: Function,
    argument: (f64, f64),
    constants: &'a mut Consts,
    value: Option<BigFloat>,
}

impl<'a> Exact<'a> {
    pub(crate) fn new(function: Function, argument: (f64, f64), constants: &'a mut Consts) -> Self {
        Self { function, argument, constants, value: None }
    }

    /// The distance of its size from `x`, a size too, in units of 2^`unit`.
    fn distance(&mut self, x: f64, unit: i32) -> f64 {
        let (x_, y_) = self.argument;
        let value = self.value.get_or_insert_with(|| self.function.exact(x_, y_, self.constants).abs());
        let difference = value.sub(&big(x), 128, RoundingMode::ToEven);
        match (difference.mantissa_digits(), difference.exponent()) {
            (Some([.., top]), Some(exponent)) => (*top as f64 * 2f64.powi(-64)) * 2f64.powi(exponent - unit),
            _ => 0.0,
        }
    }
}

impl Element for f32 {
    const BITS: u32 = 32;

    fn from_pattern(bits: u64) -> Self {
        Self::from_bits(bits as u32)
    }

    fn pattern(self) -> u64 {
        self.to_bits().into()
    }

    /// `nearest` stands for the exact value, from which it is at most 2^-30 of an ULP away.
    fn distance(self, _known: f64, nearest: f64, _exact: &mut Exact) -> f64 {
        let limit = 2f64.powi(128);
        let exponent = ((nearest.abs().to_bits() >> 52) as i32 - 1023).clamp(-126, 127);
        let unit = f64::from_bits(((exponent - 23 + 1023) as u64) << 52);
        (f64::from(self.abs()).min(limit) - nearest.abs().min(limit)).abs() / unit
    }
}

impl Element for f64 {
    const BITS: u32 = 64;

    fn from_pattern(bits: u64) -> Self {
        Self::from_bits(bits)
    }

    fn pattern(self) -> u64 {
        self.to_bits()
    }

    /// The nearest value errs by half a unit at most. For another value, its distance from the nearest one decides
    /// whether the exact value is worth its time.
    fn distance(self, known: f64, nearest: f64, exact: &mut Exact) -> f64 {
        let steps = self.to_bits().abs_diff(nearest.to_bits());
        if steps == 0 {
            return 0.5;
        }
        if !(self.is_finite() && nearest.is_finite()) || steps as f64 + 0.5 <= known {
            return steps as f64;
        }
        let unit = |x: f64| ((x.abs().to_bits() >> 52) as i32).max(1) - 1075;
        let half = exact.distance(nearest.abs(), unit(nearest));
        assert!(half <= 0.5, "two references differ at {:?}: {half} ULP from {nearest:e}", exact.argument);
        exact.distance(self.abs(), unit(nearest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f64_error(got: f64, x: f64) -> f64 {
        let mut constants = Consts::new().unwrap();
        let nearest = Function::Exp.nearest(x, 0.0);
        got.error(0.0, nearest, &mut Exact::new(Function::Exp, (x, 0.0), &mut constants))
    }

    fn f32_error(got: f32, nearest: f64) -> f64 {
        let mut constants = Consts::new().unwrap();
        got.error(0.0, nearest, &mut Exact::new(Function::Exp, (0.0, 0.0), &mut constants))
    }

    #[test]
    fn an_f64_errs_by_its_distance_from_the_real_number() {
        // e = 2.71828182845904523536; the doubles around it are 0x4005bf0a8b145769, the nearest, and its neighbours.
        let e = std::f64::consts::E;
        assert_eq!(f64_error(e, 1.0), 0.5, "an upper bound for the nearest");
        let (above, below) = (f64_error(e.next_up(), 1.0), f64_error(e.next_down(), 1.0));
        assert!((above + below - 2.0).abs() < 1e-9, "{above} {below}");
        // e exceeds the double by 1.4456468917292502e-16, and a unit is 2^-51.
        assert!((below - 1.0 - 1.4456468917292502e-16 / 2f64.powi(-51)).abs() < 1e-9, "{below}");
    }

    #[test]
    fn subnormal_results_are_measured_in_the_smallest_number() {
        let x = -740.0;
        let nearest = Function::Exp.nearest(x, 0.0);
        let error = f64_error(f64::from_bits(nearest.to_bits() + 3), x);
        assert!((2.5..=3.5).contains(&error), "{error}");
        assert_eq!(f32_error(f32::from_bits(3), 2f64.powi(-149)), 2.0);
        assert_eq!(f32_error(0.0, 2f64.powi(-150)), 0.5);
    }

    #[test]
    fn an_f32_errs_by_its_distance_from_the_f64() {
        assert_eq!(f32_error(1.0, 1.0), 0.0);
        assert_eq!(f32_error(1.0, 1.0 + 2f64.powi(-24)), 0.5);
        assert_eq!(f32_error(1.0, 1.0 - 2f64.powi(-25)), 0.5);
        assert_eq!(f32_error(f32::INFINITY, f64::INFINITY), 0.0);
        assert_eq!(f32_error(f32::MAX, f64::INFINITY), 1.0);
        assert_eq!(f32_error(f32::INFINITY, f64::from(f32::MAX)), 1.0);
    }

    #[test]
    fn signs_and_nan_are_not_a_matter_of_degree() {
        assert_eq!(f32_error(f32::NAN, f64::NAN), 0.0);
        assert_eq!(f32_error(f32::NAN, 1.0), f64::INFINITY);
        assert_eq!(f32_error(1.0, f64::NAN), f64::INFINITY);
        assert_eq!(f32_error(-0.0, 0.0), f64::INFINITY);
        assert_eq!(f64_error(-0.0, -1e9), f64::INFINITY);
        assert_eq!(f64_error(0.0, -1e9), 0.5);
    }
}
