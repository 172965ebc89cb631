//! `e^x`, within 0.6 ULP.
//!
//! `x = n ln 2 + r` with `n` a multiple of 1/16 and `|r| <= ln 2 / 32`, so that `e^x = 2^n (1 + (e^r - 1))`: a table of
//! 16 entries gives 2 to the fraction of `n`, the exponent field 2 to the rest.

use super::polynomial::polynomial;
use crate::vector::{Element, Vector};

/// What differs between the element types.
pub(crate) trait Constants: Element {
    /// Below it, the result rounds to zero.
    const LOWEST: Self;
    /// Above it, the result rounds to infinity.
    const HIGHEST: Self;
    /// `1 / ln 2`
    const LOG2_E: Self;
    /// 1.5 times the power of two whose last bit means 1/16: a sum with it rounds to a multiple of 1/16, which the low
    /// bits of its pattern hold.
    const ROUNDER: Self;
    /// `ln 2` in few enough bits for its product with any `n` to be exact.
    const LN_2_HIGH: Self;
    /// What `LN_2_HIGH` leaves out.
    const LN_2_LOW: Self;
    /// `2^(i/16)`, rounded.
    const POWERS: [Self; 16];
    /// What `POWERS` leaves out, relative to it.
    const POWERS_LOW: [Self; 16];

    /// `(e^r - 1 - r) / r^2` for `|r| <= ln 2 / 32`.
    fn tail<V: Vector<Elem = Self>>(r: V) -> V;
}

impl Constants for f64 {
    const LOWEST: Self = -746.0;
    const HIGHEST: Self = 710.0;
    const LOG2_E: Self = std::f64::consts::LOG2_E;
    const ROUNDER: Self = 1.5 * (1u64 << 48) as Self;
    const LN_2_HIGH: Self = 0.6931471805582987;
    const LN_2_LOW: Self = 1.6465949582897082e-12;
    const POWERS: [Self; 16] = [
        1.0,
        1.0442737824274138,
        1.0905077326652577,
        1.1387886347566916,
        1.189207115002721,
        1.241857812073484,
        1.2968395546510096,
        1.3542555469368927,
        std::f64::consts::SQRT_2,
        1.4768261459394993,
        1.5422108254079407,
        1.6104903319492543,
        1.681792830507429,
        1.7562521603732995,
        1.8340080864093424,
        1.9152065613971474,
    ];
    const POWERS_LOW: [Self; 16] = [
        0.0,
        8.189317638195515e-17,
        -2.7939114859515733e-17,
        7.826573258636076e-17,
        3.3484623336251524e-17,
        3.750854201303127e-17,
        1.9572585293112036e-17,
        5.68648095791174e-17,
        -6.835808657661922e-17,
        -2.3591094770850053e-17,
        5.1548301170786783e-17,
        1.5341410053603723e-17,
        4.875160526227062e-17,
        1.685487290628973e-17,
        1.790126907604513e-17,
        -5.545065618639427e-17,
    ];

    /// Within 2^-56.2 of `e^r`.
    #[inline(always)]
    fn tail<V: Vector<Elem = Self>>(r: V) -> V {
        const TERMS: [f64; 5] =
            [0.5000000000000006, 0.16666666664416951, 0.04166666665966868, 0.008333471951409169, 0.0013889128843201641];
        polynomial(r, TERMS)
    }
}

impl Constants for f32 {
    const LOWEST: Self = -104.0;
    const HIGHEST: Self = 89.0;
    const LOG2_E: Self = std::f32::consts::LOG2_E;
    const ROUNDER: Self = 1.5 * (1u64 << 19) as Self;
    const LN_2_HIGH: Self = 0.69311523;
    const LN_2_LOW: Self = 3.1946183e-05;
    const POWERS: [Self; 16] = [
        1.0,
        1.0442737,
        1.0905077,
        1.1387886,
        1.1892071,
        1.2418578,
        1.2968396,
        1.3542556,
        std::f32::consts::SQRT_2,
        1.4768262,
        1.5422108,
        1.6104903,
        1.6817929,
        1.7562522,
        1.8340081,
        1.9152066,
    ];
    const POWERS_LOW: [Self; 16] = [
        0.0,
        4.628547e-08,
        -1.19921575e-08,
        4.7297824e-08,
        3.193418e-08,
        3.6210572e-08,
        -3.099072e-08,
        -7.475213e-09,
        1.7114271e-08,
        -3.0476834e-08,
        5.233334e-09,
        6.1075918e-09,
        -1.4719605e-08,
        -5.258795e-09,
        -6.1282597e-09,
        5.1406093e-09,
    ];

    /// Within 2^-37.4 of `e^r`.
    #[inline(always)]
    fn tail<V: Vector<Elem = Self>>(r: V) -> V {
        polynomial(r, [0.5, 0.16667007, 0.04166766])
    }
}

/// `e^x`. NaN passes through.
#[inline(always)]
pub(super) fn exp<V: Vector<Elem: Constants>>(x: V) -> V {
    exp_within(clamp(x), |r| r)
}

/// Limits `x` to the range beyond which [`exp`] is zero or infinite.
#[inline(always)]
pub(super) fn clamp<V: Vector<Elem: Constants>>(x: V) -> V {
    x.clamp(x.like(V::Elem::LOWEST), x.like(V::Elem::HIGHEST))
}

/// `e^(high + low)` for a `high` that [`clamp`] leaves as it is and a `low` of at most a unit in its last place.
#[inline(always)]
pub(super) fn exp_sum<V: Vector<Elem: Constants>>(high: V, low: V) -> V {
    exp_within(high, |r| r.add(low))
}

/// `e^x`, with `correct` applied to `r`.
#[inline(always)]
fn exp_within<V: Vector<Elem: Constants>>(x: V, correct: impl Fn(V) -> V) -> V {
    let rounder = x.like(V::Elem::ROUNDER);
    let sum = x.mul_add(x.like(V::Elem::LOG2_E), rounder);
    let n = sum.sub(rounder);
    let r = n.neg_mul_add(x.like(V::Elem::LN_2_HIGH), x);
    let r = correct(n.neg_mul_add(x.like(V::Elem::LN_2_LOW), r));
    let (power, power_low) = (sum.lookup(&V::Elem::POWERS), sum.lookup(&V::Elem::POWERS_LOW));
    let grown = V::Elem::tail(r).mul_add(r.mul(r), r.add(power_low));
    power.mul_add(grown, power).scale(n)
}
