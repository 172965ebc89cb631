//! `x^y` of `f32`, within 1.7 ULP, by a logarithm in two `f32`.
//!
//! `x = 2^k (1 + r) / c` as in [`super::ln`], but with 32 cells, so that `|r| < 0.022`. The result errs by up to 89
//! times as much as the logarithm `k - log2 c + log2(1 + r)`, which is within 2^-31 or so of itself. Two vectors of
//! `f64` err less, but took 2.5 times as long on Zen 4.

use super::polynomial::horner;
use crate::vector::{Element, Vector};

/// The largest `y log2 x`: outside the range of the result, inside the range of
/// [`Elementary::scale`](crate::vector::Elementary::scale).
const LARGEST: f32 = 192.0;

/// The pattern of the least `m`. It makes the cell of 1 small, in which a share `r / 2` of the logarithm is rounded; in
/// every cell this share is at most 0.0064.
const LEAST_M: u32 = 0x3f48e000;
/// `c` for each cell: of the numbers with few enough bits to keep `r` exact, the one that makes `r` smallest.
const C: [f32; 32] = [
    1.265625, 1.234375, 1.21875, 1.1875, 1.171875, 1.15625, 1.125, 1.109375, 1.09375, 1.078125, 1.046875, 1.03125,
    1.015625, 1.0, 0.984375, 0.953125, 0.921875, 0.890625, 0.875, 0.84375, 0.828125, 0.8046875, 0.78125, 0.765625,
    0.75, 0.734375, 0.71875, 0.703125, 0.6875, 0.671875, 0.65625, 0.640625,
];
/// `-log2 c` to 16 bits after the point, so that the sum with any `k` is exact.
const LOG2_C_HIGH: [f32; 32] = [
    -0.33984375,
    -0.30378723,
    -0.2854004,
    -0.2479248,
    -0.2288208,
    -0.2094574,
    -0.16992188,
    -0.14974976,
    -0.12928772,
    -0.10852051,
    -0.066085815,
    -0.044387817,
    -0.022369385,
    0.0,
    0.022720337,
    0.06925964,
    0.11735535,
    0.16711426,
    0.19264221,
    0.24511719,
    0.27207947,
    0.31350708,
    0.35614014,
    0.38528442,
    0.41503906,
    0.44540405,
    0.47644043,
    0.5081482,
    0.5405731,
    0.57373047,
    0.6076813,
    0.6424408,
];
/// What `LOG2_C_HIGH` leaves out.
const LOG2_C_LOW: [f32; 32] = [
    -6.2528848e-06,
    6.4832684e-06,
    -1.8282373e-06,
    -2.708756e-06,
    2.1102853e-06,
    4.031832e-06,
    -3.1264424e-06,
    2.6363548e-06,
    4.7027816e-06,
    -3.9489655e-06,
    -3.375028e-06,
    -6.3019756e-06,
    1.5717371e-06,
    0.0,
    -2.6041397e-07,
    3.0188824e-06,
    1.6039585e-06,
    -4.271977e-06,
    2.8660284e-06,
    -4.6896635e-06,
    7.7663366e-08,
    -7.6072615e-06,
    3.6735066e-06,
    5.7320567e-06,
    -1.5632212e-06,
    7.095588e-06,
    -2.3857444e-06,
    -1.2896891e-06,
    -4.7387543e-06,
    4.776548e-06,
    1.3028072e-06,
    7.1994837e-06,
];

/// `log2(1 + r) / r - LOG2_E` for `-0.0196 <= r <= 0.0219`, within 2^-34.7.
const LOG2_TAIL: [f32; 5] = [1.9254168e-8, -0.7213475, 0.48089856, -0.36079916, 0.2879235];
/// `(2^f - 1) / f` for `|f| <= 1/2`, to bring `2^f` within 2^-28.3.
const EXP2: [f32; 6] = [std::f32::consts::LN_2, 0.24022648, 0.055503596, 0.009618501, 0.0013390988, 0.00015328603];

/// `(high, low)`, whose sum is `log2 x`, for a positive, normal `x` below 2^127: `low` is the rounding error of `high`.
#[inline(always)]
fn log2<V: Vector<Elem = f32>>(x: V) -> (V, V) {
    let bits = |bits: u32| x.like(f32::from_bits(bits));
    let shifted = x.add_bits(bits(1f32.to_bits() - LEAST_M));
    let m = shifted.and(bits((1 << f32::FRACTION_BITS) - 1)).add_bits(bits(LEAST_M));
    let cell = shifted.shr(f32::FRACTION_BITS - 5);
    let r = m.mul_sub(cell.lookup(&C), x.like(1.0));
    let base = shifted.exponent().add(cell.lookup(&LOG2_C_HIGH));
    // The difference is exact: the base is zero, or its last bit is at least 2^-16 and the sum is not small against r.
    let log2_e = x.like(std::f32::consts::LOG2_E);
    let high = r.mul_add(log2_e, base);
    let low = r.mul_add(log2_e, base.sub(high)).add(cell.lookup(&LOG2_C_LOW));
    let low = horner(r, LOG2_TAIL).mul_add(r, low);
    let sum = high.add(low);
    (sum, high.sub(sum).add(low))
}

/// `x^y` for a positive, normal `x` below 2^127, and whether each lane is right.
#[inline(always)]
pub(super) fn pow<V: Vector<Elem = f32>>(x: V, y: V) -> (V, V::Mask) {
    let (high, low) = log2(x);
    let rounder = x.like(1.5 * (1 << f32::FRACTION_BITS) as f32);
    let n = y.mul_add(high, rounder).sub(rounder);
    let f = y.mul_add(low, y.mul_sub(high, n));
    let power = horner(f, EXP2).mul_add(f, x.like(1.0)).scale(n);
    (power, n.abs().le(x.like(LARGEST)))
}
