//! `tanh x`, within 1.1 ULP.
//!
//! `tanh a = E / (E + 2)` with `E = e^(2 a) - 1`, by the reduction of [`super::exp`]: `e^(2 a) = s (1 + g)`, and `s - 1` is
//! exact. The quotient is corrected once; without that, it errs by up to 2.3 ULP.

use super::exp::Constants as Exponential;
use super::polynomial::polynomial;
use crate::vector::{Element, Vector};

/// What the element type decides.
pub(crate) trait Constants: Exponential {
    /// `(e^r - 1 - r) / r^2` for `|r| <= ln 2 / 32`. [`Exponential::tail`] is close to `e^r`, which is not close
    /// enough to `e^r - 1` where that is small.
    fn tail<V: Vector<Elem = Self>>(r: V) -> V
    where
        Self: Element;
}

impl Constants for f64 {
    /// Brings `e^r - 1` within 2^-59.9 of itself.
    #[inline(always)]
    fn tail<V: Vector<Elem = Self>>(r: V) -> V {
        polynomial(
            r,
            [
                0.5000000000000003,
                0.1666666666666668,
                0.04166666666186354,
                0.008333333331727718,
                0.0013889093080923004,
                0.00019841725172485203,
            ],
        )
    }
}

impl Constants for f32 {
    /// Brings `e^r - 1` within 2^-41.1 of itself.
    #[inline(always)]
    fn tail<V: Vector<Elem = Self>>(r: V) -> V {
        polynomial(r, [0.5, 0.16666667, 0.041667484, 0.0083335675])
    }
}

/// `tanh x`. NaN passes through.
#[inline(always)]
pub(super) fn tanh<V: Vector>(x: V) -> V {
    let a = x.abs();
    // From 22 on (for `f32` from 9.02 on) it is 1.
    let a = a.clamp(x.number(0.0), x.number(22.0));
    let argument = a.add(a);
    let rounder = x.like(V::Elem::ROUNDER);
    let sum = argument.mul_add(x.like(V::Elem::LOG2_E), rounder);
    let n = sum.sub(rounder);
    let exact = n.neg_mul_add(x.like(V::Elem::LN_2_HIGH), argument);
    let low = n.mul(x.like(V::Elem::LN_2_LOW));
    let r = exact.sub(low);
    let r_low = exact.sub(r).sub(low);
    let power = sum.lookup(&V::Elem::POWERS).scale(n);

    // E is a small difference where n is 1/16: what each rounding leaves out is kept until the last.
    let rest = <V::Elem as Constants>::tail(r).mul_add(r.mul(r), r_low.add(sum.lookup(&V::Elem::POWERS_LOW)));
    let base = power.sub(x.number(1.0));
    let (growth, growth_low) = power.mul_exact(r);
    let high = base.add(growth);
    let low = base.sub(high).add(growth).add(power.mul_add(rest, growth_low));
    corrected_quotient(high, low).or(x.and(x.number(-0.0)))
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

/// The sum of a number and a smaller one, and what its rounding leaves out.
#[inline(always)]
fn sum_ordered<V: Vector>(a: V, b: V) -> (V, V) {
    let sum = a.add(b);
    (sum, a.sub(sum).add(b))
}
