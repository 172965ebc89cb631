//! Normal numbers in pairs, `r cos` and `r sin` of a radius and an angle (Box and Muller, A note on the generation of
//! random normal deviates, 1958).
//!
//! Any two lanes of bits make two numbers. With rejection, lanes would wait for each other, and a rejected number would
//! move all that follow. The inverse of the distribution function takes as few bits, but for each number a quotient of
//! two polynomials in the middle and another one of `sqrt(-ln)` in the tails; here one logarithm, one root and one
//! angle serve two.
//!
//! The radius `sqrt(-2 ln u)` uses all 64 (32) bits of its lane, so that numbers reach as far as 9.41 (`f64`) or 6.66
//! (`f32`), as far as the largest of 10^20 (10^10) normal numbers. The angle lies within an eighth of a turn to either
//! side. One more bit gives the cosine its sign, another one exchanges cosine and sine.
//!
//! In `f32` a small radius or angle has all bits of `f32`, so that numbers near 0 lie as close as `f32` allows: the
//! angle uses 30 bits, and the logarithm of a u near 1 is computed from `1 - u`, which has 31 bits where u has 24. With
//! 23 bits for the angle, and from u alone, one in 14 million numbers was 0.

use gingham_core::{DType, Scalar};

use super::pairs::Pairs;
use crate::vector::Vector;
use crate::words::Words;

#[derive(Clone, Copy)]
pub(super) struct Normal;

/// Coefficients of polynomials, the lowest first.
struct Curves {
    /// Of `(ln(1 + f) / s - 2) / s^2` in `s^2`, with `s = f / (2 + f)`.
    ln: &'static [f64],
    /// Of `(sin x / x - 1) / x^2` in `x^2`.
    sin: &'static [f64],
    /// Of `(cos x - 1 + x^2 / 2) / x^4` in `x^2`.
    cos: &'static [f64],
}

/// From fdlibm's `e_log.c`, `k_sin.c` and `k_cos.c` (Sun Microsystems, 1993): errors below 2^-57.
const DOUBLE: Curves = Curves {
    ln: &[
        0.666_666_666_666_673_5,
        0.399_999_999_994_094_2,
        0.285_714_287_436_623_9,
        0.222_221_984_321_497_84,
        0.181_835_721_616_180_5,
        0.153_138_376_992_093_73,
        0.147_981_986_051_165_86,
    ],
    sin: &[
        -0.166_666_666_666_666_32,
        0.008_333_333_333_322_49,
        -0.000_198_412_698_298_579_5,
        2.755_731_370_707_006_8e-6,
        -2.505_076_025_340_686_3e-8,
        1.589_690_995_211_55e-10,
    ],
    cos: &[
        0.041_666_666_666_666_6,
        -0.001_388_888_888_887_411,
        2.480_158_728_947_673e-5,
        -2.755_731_435_139_066_3e-7,
        2.087_572_321_298_175e-9,
        -1.135_964_755_778_819_5e-11,
    ],
};

/// From FreeBSD's `e_logf.c` (after fdlibm) and Cephes' `sinf.c` (Moshier, 1992): errors below 2^-26.
const SINGLE: Curves = Curves {
    ln: &[0.666_666_626_93, 0.400_009_721_52, 0.284_987_866_88, 0.242_790_788_41],
    sin: &[-0.166_666_546_11, 0.008_332_160_873_6, -0.000_195_152_958_91],
    cos: &[0.041_666_645_682_988_27, -0.001_388_731_625_493_765, 2.443_315_711_809_948e-5],
};

impl Pairs for Normal {
    #[inline(always)]
    fn pair<V: Vector>(self, a: V::Words, b: V::Words) -> [V; 2] {
        let curves = match <V::Elem as Scalar>::DTYPE {
            DType::F64 => &DOUBLE,
            DType::F32 => &SINGLE,
        };
        let radius = radius::<V>(a, curves);
        let (sin, cos) = sin_cos(V::centred(b), curves);
        let cos = cos.flipped(b);
        [radius.mul(V::picked(b, cos, sin)), radius.mul(V::picked(b, sin, cos))]
    }
}

/// `x` in the lanes of a vector.
#[inline(always)]
fn lanes<V: Vector>(x: f64) -> V {
    // SAFETY: only called where a vector or words are in hand, which proves that the CPU has the instructions.
    unsafe { V::splat(V::Elem::from_f64(x)) }
}

#[inline(always)]
fn polynomial<V: Vector>(x: V, coefficients: &[f64]) -> V {
    let (last, rest) = coefficients.split_last().expect("a polynomial has coefficients");
    rest.iter().rev().fold(lanes(*last), |sum, &c| sum.mul_add(x, lanes(c)))
}

/// `sqrt(-2 ln u)` for a u in (0, 1], made of `bits`. With `u = 2^k (1 + f)` and s as above, `ln u = k ln 2 + s (2 +
/// s^2 P(s^2))`: this is 0 for u = 1 and negative for all others, so the root is of a number that is never negative.
#[inline(always)]
fn radius<V: Vector>(bits: V::Words, curves: &Curves) -> V {
    let (k, m) = V::positive(bits).scaled();
    let mut f = m.sub(lanes(1.0));
    if <V::Elem as Scalar>::DTYPE == DType::F32 {
        // The inverted bits make 1 - u, exact before it is rounded.
        f = V::select(k.eq(lanes(0.0)), V::positive(bits.inverted()).neg(), f);
    }
    let s = f.div(f.add(lanes(2.0)));
    let square = s.mul(s);
    let slope = polynomial(square, curves.ln).mul_add(square, lanes(2.0)).mul(lanes(-2.0));
    let squared = k.mul_add(lanes(-2.0 * std::f64::consts::LN_2), s.mul(slope));
    // 0 instead of -0 where u rounds to 1.
    squared.max(lanes(0.0)).sqrt()
}

/// Sine and cosine of `t` quarter turns, for t in [-1/2, 1/2).
#[inline(always)]
fn sin_cos<V: Vector>(t: V, curves: &Curves) -> (V, V) {
    let x = t.mul(lanes(std::f64::consts::FRAC_PI_2));
    let square = x.mul(x);
    let sin = polynomial(square, curves.sin).mul(square).mul_add(x, x);
    let cos = polynomial(square, curves.cos).mul_add(square, lanes(-0.5)).mul_add(square, lanes(1.0));
    (sin, cos)
}
