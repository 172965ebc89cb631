//! `x^y = e^(y ln x)`, within 1.1 ULP (0.9 where products are fused; `f32`: 1.7).
//!
//! `y ln x` may be 745, and its absolute error is the relative error of the result. So two numbers hold the logarithm,
//! for `f64` to 2^-67 or so ([`super::pow_pairs`] for `f32`). If the base or the result is not positive, finite and
//! normal, a slower path (for `f32` in `f64`) obeys C's Annex F.

use super::exp::{self, clamp, exp_sum};
use super::ln::{Split, ordinary};
use super::polynomial::polynomial;
use super::pow_pairs;
use super::unusual::{Anywhere, usually};
use crate::vector::{Element, InF64, Mask, Vector};

/// `x^y`
#[inline(always)]
pub(super) fn pow<V: Vector<Elem: Power>>(x: V, y: V) -> V {
    V::Elem::power(x, y)
}

/// What differs between the element types.
pub(crate) trait Power: Element {
    /// `x^y`
    fn power<V: Vector<Elem = Self>>(x: V, y: V) -> V;
}

impl Power for f64 {
    #[inline(always)]
    fn power<V: Vector<Elem = Self>>(x: V, y: V) -> V {
        let (high, low) = y_ln(Split::new(x), y);
        // Beyond 700, the result may be infinite or subnormal. If y is infinite or NaN, so is `high`.
        let usual = ordinary(x) & high.abs().le(x.like(700.0));
        if !(!usual).any() {
            return exp_sum(high, low);
        }
        let (high, low) = y_ln(Split::of_any(x.abs()), saturating(y));
        let low = V::select(high.abs().le(x.like(-<Self as exp::Constants>::LOWEST)), low, x.like(0.0));
        with_special_values(x, y, exp_sum(clamp(high), low))
    }
}

impl Power for f32 {
    #[inline(always)]
    fn power<V: Vector<Elem = Self>>(x: V, y: V) -> V {
        if !V::FUSED {
            return AnyPower.apply([x, y]);
        }
        let (power, is_right) = pow_pairs::pow(x, y);
        usually(ordinary(x) & is_right, power, [x, y], AnyPower)
    }
}

/// `x^y` of any numbers.
#[derive(Clone, Copy)]
struct AnyPower;

impl Anywhere<2> for AnyPower {
    #[inline(always)]
    fn apply<V: Vector<Elem = f32>>(self, [x, y]: [V; 2]) -> V {
        let usual = ordinary(x) & y.abs().lt(x.like(f32::INFINITY));
        if !(!usual).any() {
            return V::in_f64([x, y], PowerOfSingles);
        }
        with_special_values(x, y, V::in_f64([x.abs(), saturating(y)], PowerOfSingles))
    }
}

/// Limits `y` to a range beyond which `x^y` has long been zero or infinite for every `x` but 1: `ln x` is at least
/// 2^-53 in size.
#[inline(always)]
fn saturating<V: Vector>(y: V) -> V {
    let limit = y.number((1u64 << 63) as f64 * 128.0);
    y.clamp(limit.neg(), limit)
}

/// `(high, low)`, whose sum is `y ln x` with a relative error of some 2^-67.
#[inline(always)]
fn y_ln<V: Vector<Elem = f64>>(x: Split<V>, y: V) -> (V, V) {
    /// `(ln(1 + r) - r + r^2 / 2) / r^3`, times -2, where `-0.0335 <= r <= 0.0323`: `ln(1 + r)` within 2^-72.8.
    const TAIL: [f64; 9] = [
        -2.0 * 0.33333333333333337,
        2.0 * 0.2499999999999837,
        -2.0 * 0.1999999999995217,
        2.0 * 0.16666666677592548,
        -2.0 * 0.1428571443574926,
        2.0 * 0.12499974800317541,
        -2.0 * 0.11110921871957834,
        2.0 * 0.10024252173618173,
        -2.0 * 0.09180945108290034,
    ];
    let (base, base_low) = x.ln_without_r();
    let r = x.r;
    // base + r - r^2 / 2, with the rounding error of each sum: the first term is the larger one, or zero.
    let (square, square_low) = r.mul_exact(r.mul(r.like(-0.5)));
    let sum = base.add(r);
    let sum_low = base.sub(sum).add(r);
    let all = sum.add(square);
    let all_low = sum.sub(all).add(square);
    let low = base_low.add(sum_low).add(all_low.add(square_low));
    let low = polynomial(r, TAIL).mul_add(square.mul(r), low);
    let high = all.add(low);
    let low = all.sub(high).add(low);
    // Without fused products, `mul_exact` overflows for a huge y, even if the logarithm is zero.
    let y = if V::FUSED { y } else { saturating(y) };
    let (product, product_low) = y.mul_exact(high);
    (product, y.mul_add(low, product_low))
}

/// `-log2 c`
const LOG2_C: [f64; 16] = [
    -0.42626475470209796,
    -0.3575520046180837,
    -0.28540221886224837,
    -0.2479275134435855,
    -0.20945336562894978,
    -0.12928301694496647,
    -0.0874628412503394,
    -0.044394119358453436,
    0.0,
    0.09310940439148147,
    0.16710998583525832,
    0.24511249783653147,
    0.3275746580285044,
    0.38529015588479176,
    0.4764380439429871,
    0.5405683813627028,
];
/// `log2(1 + r) / r` where `-0.0335 <= r <= 0.0323`, within 2^-36.8.
const LOG2: [f64; 6] = [
    1.4426950408970294,
    -0.7213475206563948,
    0.48089821242541775,
    -0.36067267338848424,
    0.2888719059837005,
    -0.24161506776152572,
];
/// `2^r` where `|r| <= 1/32`, within 2^-29.6.
const EXP2: [f64; 4] = [0.9999999988534027, 0.6931471799241411, 0.24023589981020813, 0.05550606184820911];

/// `x^y` of `f32` widened to `f64`, exact enough to be rounded to `f32`: `2^(y log2 x)`, the logarithm within 2^-41.
#[derive(Clone, Copy)]
struct PowerOfSingles;

impl InF64<2> for PowerOfSingles {
    #[inline(always)]
    fn apply<W: Vector<Elem = f64>>(self, [x, y]: [W; 2]) -> W {
        let Split { k, cell, r } = Split::new(x);
        let log2 = polynomial(r, LOG2).mul_add(r, k.add(cell.lookup(&LOG2_C)));
        // In f32, 2^129 is infinite and 2^-152 zero.
        let power = y.mul(log2).clamp(x.like(-152.0), x.like(129.0));
        let rounder = x.like(<f64 as exp::Constants>::ROUNDER);
        let sum = power.add(rounder);
        let n = sum.sub(rounder);
        let table = sum.lookup(&<f64 as exp::Constants>::POWERS);
        table.mul(polynomial(power.sub(n), EXP2)).scale(n)
    }
}

/// `x^y` as Annex F defines it. `magnitude` is `|x|^y` if `x` and `y` are finite and not zero.
#[inline(always)]
fn with_special_values<V: Vector>(x: V, y: V, magnitude: V) -> V {
    let [zero, one, infinity, nan] = [0.0, 1.0, f64::INFINITY, f64::NAN].map(|value| x.number(value));
    // From this size on, every number is an integer.
    let integers = x.number((1u64 << V::Elem::FRACTION_BITS) as f64);
    let is_integer = |y: V| integers.le(y) | y.add(integers).sub(integers).eq(y);
    let (size, falls) = (x.abs(), y.lt(zero));
    let integer = is_integer(y.abs());
    let odd = integer & !is_integer(y.abs().mul(x.number(0.5)));

    let power = V::select(size.eq(zero), V::select(falls, infinity, zero), magnitude);
    let power = V::select(size.eq(infinity), V::select(falls, zero, infinity), power);
    let power = V::select(odd, power.xor(x.and(zero.neg())), power);
    let power = V::select(infinity.neg().lt(x) & x.lt(zero) & !integer, nan, power);
    let power = V::select(x.eq(x) & y.eq(y), power, nan);
    V::select(x.eq(one) | y.eq(zero), one, power)
}
