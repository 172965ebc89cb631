//! The sine and the cosine of `f32` in `f32`, within 1.6 ULP, where products are fused.
//!
//! The method is that of [`super::sin_cos`], which takes twice as long in two vectors of `f64` (Zen 4).

use super::polynomial::horner;
use crate::vector::{Element, Vector};

/// The largest argument: up to it, `n` has 16 bits, and `|r|` stays below 0.7875 in spite of the rounding of `x 2/pi`.
const LARGEST: f32 = 65536.0;

/// `pi/2`, less 2^-76, in parts. Every `x` up to [`LARGEST`] is at least 2^-27 away from its multiples.
const HALF_PI: [f32; 3] = [std::f32::consts::FRAC_PI_2, -4.371139e-8, -1.7151245e-15];

/// Where [`sin`] and [`cos`] are right.
#[inline(always)]
pub(super) fn usual<V: Vector<Elem = f32>>(x: V) -> V::Mask {
    x.abs().le(x.like(LARGEST))
}

/// `sin x`, where `|x|` is at most [`LARGEST`].
#[inline(always)]
pub(super) fn sin<V: Vector<Elem = f32>>(x: V) -> V {
    turn(x.abs(), 0).xor(x.and(x.like(-0.0)))
}

/// `cos x`, where `|x|` is at most [`LARGEST`].
#[inline(always)]
pub(super) fn cos<V: Vector<Elem = f32>>(x: V) -> V {
    turn(x.abs(), 1)
}

/// The sine of `x` plus `quarters` of a turn, for `x >= 0`.
#[inline(always)]
fn turn<V: Vector<Elem = f32>>(x: V, quarters: u32) -> V {
    // The last bit of this sum means 1, so the low bits of its pattern hold n.
    let rounder = x.like(1.5 * (1 << f32::FRACTION_BITS) as f32);
    let sum = x.mul_add(x.like(std::f32::consts::FRAC_2_PI), rounder);
    let r = reduce(x, sum.sub(rounder));
    // Bit 1 of n becomes the sign; bit 0 makes the number 2 where n is odd, 0 where it is even.
    let n = sum.add_bits(x.like(f32::from_bits(quarters))).shl(30);
    let even = n.eq(x.like(0.0));
    V::select(even, sine(r), cosine(r)).xor(n.and(x.like(-0.0)))
}

/// `x - n pi/2`, within 1 ULP: the first difference is exact, the others are rounded.
#[inline(always)]
fn reduce<V: Vector<Elem = f32>>(x: V, n: V) -> V {
    let mut r = x;
    for part in HALF_PI {
        r = n.neg_mul_add(x.like(part), r);
    }
    r
}

/// `sin r`, where `|r| <= 0.7875`.
///
/// The polynomial is `(sin r - r) / r^3`, minimax of `r^2`, to bring the sine within 2^-27.8 of itself.
#[inline(always)]
fn sine<V: Vector<Elem = f32>>(r: V) -> V {
    let square = r.mul(r);
    let tail = horner(square, [-0.16666654, 0.008332106, -0.00019507873]);
    r.mul(square).mul_add(tail, r)
}

/// `cos r`, where `|r| <= 0.7875`.
///
/// The polynomial is `(cos r - 1) / r^2`, to bring the cosine within 2^-32.9 of itself.
#[inline(always)]
fn cosine<V: Vector<Elem = f32>>(r: V) -> V {
    let square = r.mul(r);
    let tail = horner(square, [-0.5, 0.041666646, -0.0013887308, 2.4432089e-5]);
    square.mul_add(tail, r.like(1.0))
}
