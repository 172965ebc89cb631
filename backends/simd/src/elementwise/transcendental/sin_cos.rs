//! The sine and the cosine of any argument, within 1 ULP (`f32`: 1.6).
//!
//! `|x| = n pi/2 + r` with `|r| <= pi/4`. The sine is plus or minus the sine of `r` where `n` is even, its cosine where
//! `n` is odd; the cosine is the sine with the next `n`. [`super::payne_hanek`] reduces larger arguments one by one.
//! `f32` up to 65536 are calculated in `f32` ([`super::sin_cos_singles`]), larger ones in `f64`.

use std::marker::PhantomData;

use super::polynomial::polynomial;
use super::unusual::{Anywhere, usually};
use super::{payne_hanek, sin_cos_singles};
use crate::vector::{Element, InF64, MAX_LANES, Mask, Vector};

/// What differs between the element types. All numbers are `f64`.
pub(crate) trait Constants: Element {
    /// The largest argument that `reduce` takes.
    const LARGEST: f64;

    /// `x - n pi/2` and its rounding error.
    fn reduce<W: Vector<Elem = f64>>(x: W, n: W) -> (W, W);

    /// `sin(high + low)`, where `|high| <= pi/4`.
    fn sine<W: Vector<Elem = f64>>(high: W, low: W) -> W;

    /// `cos(high + low)`, where `|high| <= pi/4`.
    fn cosine<W: Vector<Elem = f64>>(high: W, low: W) -> W;

    /// `sin x`; NaN if `x` is infinite.
    fn sin<V: Vector<Elem = Self>>(x: V) -> V;

    /// `cos x`; NaN if `x` is infinite.
    fn cos<V: Vector<Elem = Self>>(x: V) -> V;
}

impl Constants for f64 {
    /// Up to it, `n` has at most 21 bits.
    const LARGEST: f64 = 3e6;

    /// Within 2^-128: such arguments stay some 2^-60 away from the multiples of pi/2.
    #[inline(always)]
    fn reduce<W: Vector<Elem = f64>>(x: W, n: W) -> (W, W) {
        let (high, low) = if W::FUSED {
            const HALF_PI: [f64; 3] = [std::f64::consts::FRAC_PI_2, 6.123233995736766e-17, -1.4973849048591833e-33];
            let [first, second, third] = HALF_PI.map(|part| x.like(part));
            let (product, product_low) = n.mul_exact(second);
            // The first difference is exact.
            let (high, rest) = sum_exact(n.neg_mul_add(first, x), product.neg());
            (high, n.neg_mul_add(third, rest.sub(product_low)))
        } else {
            // Each has 32 bits, so that the first three products are exact.
            const HALF_PI: [f64; 4] =
                [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32];
            let [first, second, third, fourth] = HALF_PI.map(|part| n.mul(x.like(part)).neg());
            let (high, low2) = sum_exact(x.add(first), second);
            let (high, low3) = sum_exact(high, third);
            (high, low2.add(low3.add(fourth)))
        };
        let sum = high.add(low);
        (sum, high.sub(sum).add(low))
    }

    /// The polynomial is `(sin r - r) / r^3`, minimax of `r^2`, to bring the sine within 2^-57.9 of itself.
    #[inline(always)]
    fn sine<W: Vector<Elem = f64>>(high: W, low: W) -> W {
        const TERMS: [f64; 6] = [
            -0.1666666666666663,
            0.008333333333322118,
            -0.00019841269829589547,
            2.755731362136872e-06,
            -2.505074775794191e-08,
            1.5896229776128956e-10,
        ];
        let square = high.mul(high);
        high.add(high.mul(square).mul_add(polynomial(square, TERMS), low))
    }

    /// The polynomial is `(cos r - 1 + r^2 / 2) / r^4`, minimax of `r^2`, to bring the cosine within 2^-63.9 of itself.
    #[inline(always)]
    fn cosine<W: Vector<Elem = f64>>(high: W, low: W) -> W {
        const TERMS: [f64; 6] = [
            0.041666666666666595,
            -0.0013888888888873058,
            2.480158728885226e-05,
            -2.7557314179435066e-07,
            2.0875700857810917e-09,
            -1.1358537196966981e-11,
        ];
        let one = high.like(1.0);
        let square = high.mul(high);
        let half = square.mul(high.like(0.5));
        let rounded = one.sub(half);
        let rest = high.neg_mul_add(low, one.sub(rounded).sub(half));
        rounded.add(square.mul(square).mul_add(polynomial(square, TERMS), rest))
    }

    #[inline(always)]
    fn sin<V: Vector<Elem = Self>>(x: V) -> V {
        V::in_f64([x], Sine::<Self>(PhantomData))
    }

    #[inline(always)]
    fn cos<V: Vector<Elem = Self>>(x: V) -> V {
        V::in_f64([x], Cosine::<Self>(PhantomData))
    }
}

impl Constants for f32 {
    /// 2^26, so that `n` has 26 bits.
    const LARGEST: f64 = 67108864.0;

    /// The first two parts of pi/2 have 27 bits, so that their products with `n` are exact.
    #[inline(always)]
    fn reduce<W: Vector<Elem = f64>>(x: W, n: W) -> (W, W) {
        const HALF_PI: [f64; 3] = [1.570796325802803, 9.920935739593517e-10, 5.721188726109833e-18];
        (HALF_PI.into_iter().fold(x, |r, part| n.neg_mul_add(x.like(part), r)), x.like(0.0))
    }

    /// As for `f64`, within 2^-27.9, without `low`.
    #[inline(always)]
    fn sine<W: Vector<Elem = f64>>(high: W, _low: W) -> W {
        const TERMS: [f64; 3] = [-0.16666654610264106, 0.008332160782704734, -0.00019515284212777618];
        let square = high.mul(high);
        high.mul(square).mul_add(polynomial(square, TERMS), high)
    }

    /// The polynomial is `(cos r - 1) / r^2`, within 2^-33.8.
    #[inline(always)]
    fn cosine<W: Vector<Elem = f64>>(high: W, _low: W) -> W {
        const TERMS: [f64; 4] =
            [-0.4999999969447855, 0.041666620357164494, -0.0013886681646324362, 2.438356701980297e-05];
        let square = high.mul(high);
        square.mul_add(polynomial(square, TERMS), high.like(1.0))
    }

    #[inline(always)]
    fn sin<V: Vector<Elem = Self>>(x: V) -> V {
        let f = Sine::<Self>(PhantomData);
        if V::FUSED { usually(sin_cos_singles::usual(x), sin_cos_singles::sin(x), [x], f) } else { V::in_f64([x], f) }
    }

    #[inline(always)]
    fn cos<V: Vector<Elem = Self>>(x: V) -> V {
        let f = Cosine::<Self>(PhantomData);
        if V::FUSED { usually(sin_cos_singles::usual(x), sin_cos_singles::cos(x), [x], f) } else { V::in_f64([x], f) }
    }
}

/// `sin x`; NaN if `x` is infinite.
#[inline(always)]
pub(super) fn sin<V: Vector<Elem: Constants>>(x: V) -> V {
    V::Elem::sin(x)
}

/// `cos x`; NaN if `x` is infinite.
#[inline(always)]
pub(super) fn cos<V: Vector<Elem: Constants>>(x: V) -> V {
    V::Elem::cos(x)
}

/// The sine, as exact as `T` needs it.
#[derive(Clone, Copy)]
struct Sine<T>(PhantomData<T>);

impl Anywhere<1> for Sine<f32> {
    #[inline(always)]
    fn apply<V: Vector<Elem = f32>>(self, x: [V; 1]) -> V {
        V::in_f64(x, self)
    }
}

impl<T: Constants + Copy> InF64<1> for Sine<T> {
    #[inline(always)]
    fn apply<W: Vector<Elem = f64>>(self, [x]: [W; 1]) -> W {
        turn::<T, W>(x.abs(), 0).xor(x.and(x.like(-0.0)))
    }
}

/// The cosine, as exact as `T` needs it.
#[derive(Clone, Copy)]
struct Cosine<T>(PhantomData<T>);

impl Anywhere<1> for Cosine<f32> {
    #[inline(always)]
    fn apply<V: Vector<Elem = f32>>(self, x: [V; 1]) -> V {
        V::in_f64(x, self)
    }
}

impl<T: Constants + Copy> InF64<1> for Cosine<T> {
    #[inline(always)]
    fn apply<W: Vector<Elem = f64>>(self, [x]: [W; 1]) -> W {
        turn::<T, W>(x.abs(), 1)
    }
}

/// The sine of `x` plus `quarters` of a turn, for `x >= 0`.
#[inline(always)]
fn turn<T: Constants, W: Vector<Elem = f64>>(x: W, quarters: u64) -> W {
    // The last bit of this sum means 1, so the low bits of its pattern hold n.
    let rounder = x.like((3u64 << 51) as f64);
    let mut sum = x.mul_add(x.like(std::f64::consts::FRAC_2_PI), rounder);
    let (mut high, mut low) = T::reduce(x, sum.sub(rounder));
    if (!x.le(x.like(T::LARGEST))).any() {
        [high, low, sum] = reduce_huge(x, T::LARGEST, [high, low, sum]);
    }
    // Bit 1 of n becomes the sign; bit 0 makes the number 2 where n is odd, 0 where it is even.
    let n = sum.add_bits(x.like(f64::from_bits(quarters))).shl(62);
    let even = n.eq(x.like(0.0));
    W::select(even, T::sine(high, low), T::cosine(high, low)).xor(n.and(x.like(-0.0)))
}

/// Reduces the lanes above `largest` anew: `high`, `low`, and `n` in the low bits of a pattern.
#[inline(always)]
fn reduce_huge<W: Vector<Elem = f64>>(x: W, largest: f64, reduced: [W; 3]) -> [W; 3] {
    let mut lanes = [[0.0; MAX_LANES]; 4];
    let [x_lanes, high, low, n] = &mut lanes;
    // SAFETY: the buffers have room for any LANES; a vector in hand proves that the CPU has its instructions.
    unsafe {
        x.store(x_lanes.as_mut_ptr());
        reduced[0].store(high.as_mut_ptr());
        reduced[1].store(low.as_mut_ptr());
        reduced[2].store(n.as_mut_ptr());
        for i in 0..W::LANES {
            // False for NaN.
            if x_lanes[i] > largest {
                let quadrant;
                (high[i], low[i], quadrant) = payne_hanek::reduce(x_lanes[i]);
                n[i] = f64::from_bits(quadrant);
            }
        }
        [W::load(high.as_ptr()), W::load(low.as_ptr()), W::load(n.as_ptr())]
    }
}

/// The sum and its rounding error (Knuth, The Art of Computer Programming 2, section 4.2.2).
#[inline(always)]
fn sum_exact<W: Vector>(a: W, b: W) -> (W, W) {
    let sum = a.add(b);
    let b_part = sum.sub(a);
    (sum, a.sub(sum.sub(b_part)).add(b.sub(b_part)))
}
