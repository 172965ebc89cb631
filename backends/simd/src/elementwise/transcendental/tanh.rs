//! `tanh x`, within 1.1 ULP (`f32`: 1.3).
//!
//! `f64`: `tanh a = E / (E + 2)` with `E = e^(2 a) - 1`, by the reduction of [`super::exp`]: `e^(2 a) = s (1 + g)`, and
//! `s - 1` is exact. The quotient is corrected once; uncorrected, it errs by up to 2.3 ULP. [`super::tanh_cells`]
//! computes `f32`.

use super::exp::Constants;
use super::polynomial::polynomial;
use super::tanh_cells;
use crate::vector::{Element, Vector};

/// `tanh x`. NaN passes through.
#[inline(always)]
pub(super) fn tanh<V: Vector<Elem: Tanh>>(x: V) -> V {
    V::Elem::tanh(x)
}

/// What differs between the element types.
pub(crate) trait Tanh: Element {
    /// `tanh x`. NaN passes through.
    fn tanh<V: Vector<Elem = Self>>(x: V) -> V;
}

impl Tanh for f32 {
    #[inline(always)]
    fn tanh<V: Vector<Elem = Self>>(x: V) -> V {
        tanh_cells::tanh(x)
    }
}

/// `(e^r - 1 - r) / r^2` for `|r| <= ln 2 / 32`, to bring `e^r - 1` within 2^-59.9 of itself: [`Constants::tail`],
/// which is close to `e^r`, is not close enough where `e^r - 1` is small.
const TAIL: [f64; 6] = [
    0.5000000000000003,
    0.1666666666666668,
    0.04166666666186354,
    0.008333333331727718,
    0.0013889093080923004,
    0.00019841725172485203,
];

impl Tanh for f64 {
    #[inline(always)]
    fn tanh<V: Vector<Elem = Self>>(x: V) -> V {
        // From 22 on, tanh is 1.
        let a = x.abs().clamp(x.like(0.0), x.like(22.0));
        let argument = a.add(a);
        let rounder = x.like(Self::ROUNDER);
        let sum = argument.mul_add(x.like(Self::LOG2_E), rounder);
        let n = sum.sub(rounder);
        let exact = n.neg_mul_add(x.like(Self::LN_2_HIGH), argument);
        let low = n.mul(x.like(Self::LN_2_LOW));
        let r = exact.sub(low);
        let r_low = exact.sub(r).sub(low);
        let power = sum.lookup(&Self::POWERS).scale(n);

        // E is a small difference where n is 1/16, so the error of every rounding is kept until the last one.
        let rest = polynomial(r, TAIL).mul_add(r.mul(r), r_low.add(sum.lookup(&Self::POWERS_LOW)));
        let base = power.sub(x.like(1.0));
        let (growth, growth_low) = power.mul_exact(r);
        let high = base.add(growth);
        let low = base.sub(high).add(growth).add(power.mul_add(rest, growth_low));
        corrected_quotient(high, low).or(x.and(x.like(-0.0)))
    }
}

/// `E / (E + 2)` where `E = high + low`.
#[inline(always)]
fn corrected_quotient<V: Vector>(high: V, low: V) -> V {
    let (high, low) = sum_ordered(high, low);
    let two = high.number(2.0);
    let divisor = high.add(two);
    let divisor_low = high.sub(divisor.sub(two)).add(low);
    let inverse = divisor.recip();
    let quotient = high.mul(inverse);
    let remainder = if V::FUSED {
        quotient.neg_mul_add(divisor, high)
    } else {
        let (product, product_low) = quotient.mul_exact(divisor);
        high.sub(product).sub(product_low)
    };
    remainder.add(quotient.neg_mul_add(divisor_low, low)).mul_add(inverse, quotient)
}

/// The sum of a number and a smaller one, and its rounding error.
#[inline(always)]
fn sum_ordered<V: Vector>(a: V, b: V) -> (V, V) {
    let sum = a.add(b);
    (sum, a.sub(sum).add(b))
}
