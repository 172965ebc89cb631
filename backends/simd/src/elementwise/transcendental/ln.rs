//! `ln x`, within 0.7 ULP, and the reduction that `pow` shares.
//!
//! `x = 2^k m` with `m` from 0.735 to 1.470. By the leading bits of `m`, a table of 16 entries gives the `c` that takes
//! `m` near 1: `r = c m - 1` with `|r| < 0.0335`, so that `ln x = k ln 2 - ln c + ln(1 + r)`. Each `c` has so few bits
//! that `r` is exact, and `c` is 1 on both sides of 1, so that nothing cancels there.

use super::polynomial::polynomial;
use crate::vector::{Element, Mask, Vector};

/// What differs between the element types.
pub(crate) trait Constants: Element {
    /// The least `m`.
    const LEAST_M: Self;
    /// `ln 2` in few enough bits for its product with any `k`, and the sum with an entry of `LN_C_HIGH`, to be exact.
    const LN_2_HIGH: Self;
    /// What `LN_2_HIGH` leaves out.
    const LN_2_LOW: Self;
    /// `c` for each cell of `m`, a sixteenth of its range: of the numbers with few enough bits to keep `r` exact, the
    /// one that makes `r` smallest.
    const C: [Self; 16];
    /// `-ln c` to the last place of `LN_2_HIGH`.
    const LN_C_HIGH: [Self; 16];
    /// What `LN_C_HIGH` leaves out.
    const LN_C_LOW: [Self; 16];

    /// `(ln(1 + r) - r) / r^2` for `-0.0335 <= r <= 0.0323`.
    fn tail<V: Vector<Elem = Self>>(r: V) -> V;
}

impl Constants for f64 {
    const LEAST_M: Self = 0.73486328125;
    const LN_2_HIGH: Self = 0.6931471805598903;
    const LN_2_LOW: Self = 5.497923018708371e-14;
    const C: [Self; 16] = [
        1.34375, 1.28125, 1.21875, 1.1875, 1.15625, 1.09375, 1.0625, 1.03125, 1.0, 0.9375, 0.890625, 0.84375, 0.796875,
        0.765625, 0.71875, 0.6875,
    ];
    const LN_C_HIGH: [Self; 16] = [
        -0.2954642128938758,
        -0.2478361639045943,
        -0.19782574332998593,
        -0.17185025692674571,
        -0.14518200984457508,
        -0.08961215868976069,
        -0.06062462181648698,
        -0.03077165866670839,
        0.0,
        0.0645385211375924,
        0.11583181552509814,
        0.16989903679541385,
        0.22705745063535687,
        0.2670627852489815,
        0.33024168687052224,
        0.3746934494413381,
    ];
    const LN_C_LOW: [Self; 16] = [
        3.993416384387844e-14,
        1.3029797173308663e-14,
        6.604544877082384e-14,
        8.649239607212071e-14,
        7.718001336828099e-14,
        7.355770219435029e-14,
        5.213620639136504e-14,
        -4.529814257790929e-14,
        0.0,
        -2.1225608044809997e-14,
        2.3568822182038756e-14,
        -1.6376276414097503e-14,
        -1.078736749871691e-14,
        6.371947269815667e-14,
        5.4612144489920215e-14,
        7.260466149925637e-14,
    ];

    /// Brings `ln(1 + r)` within 2^-55.6 of itself.
    #[inline(always)]
    fn tail<V: Vector<Elem = Self>>(r: V) -> V {
        polynomial(
            r,
            [
                -0.49999999999999567,
                0.33333333333323123,
                -0.25000000005621775,
                0.20000000067180754,
                -0.16666647497670714,
                0.14285585529732656,
                -0.12524021355695433,
                0.11192765502734597,
            ],
        )
    }
}

impl Constants for f32 {
    const LEAST_M: Self = 0.7348633;
    const LN_2_HIGH: Self = 0.69314575;
    const LN_2_LOW: Self = 1.4286068e-06;
    const C: [Self; 16] = [
        1.34375, 1.28125, 1.21875, 1.1875, 1.15625, 1.09375, 1.0625, 1.03125, 1.0, 0.9375, 0.890625, 0.84375, 0.796875,
        0.765625, 0.71875, 0.6875,
    ];
    const LN_C_HIGH: [Self; 16] = [
        -0.2954712,
        -0.24783325,
        -0.1978302,
        -0.17184448,
        -0.14518738,
        -0.08961487,
        -0.06062317,
        -0.030776978,
        0.0,
        0.06454468,
        0.11582947,
        0.16990662,
        0.22705078,
        0.26705933,
        0.33024597,
        0.37469482,
    ];
    const LN_C_LOW: [Self; 16] = [
        6.9785124e-06,
        -2.9119515e-06,
        4.4568656e-06,
        -5.7745046e-06,
        5.368085e-06,
        2.7094743e-06,
        -1.4528712e-06,
        5.3188724e-06,
        0.0,
        -6.156597e-06,
        2.3477517e-06,
        -7.5794155e-06,
        6.669385e-06,
        3.459077e-06,
        -4.284809e-06,
        -1.3747773e-06,
    ];

    /// Brings `ln(1 + r)` within 2^-31.1 of itself.
    #[inline(always)]
    fn tail<V: Vector<Elem = Self>>(r: V) -> V {
        polynomial(r, [-0.49999994, 0.3333329, -0.2502219, 0.20072925])
    }
}

/// `x = 2^k (1 + r) / c`
pub(super) struct Split<V> {
    /// The exponents, as whole numbers.
    pub(super) k: V,
    /// The index into the tables, in the low bits of the pattern.
    pub(super) cell: V,
    /// The rest, exact.
    pub(super) r: V,
}

impl<V: Vector<Elem: Constants>> Split<V> {
    /// Splits an `x` that is [`ordinary`].
    #[inline(always)]
    pub(super) fn new(x: V) -> Self {
        let bits = V::Elem::FRACTION_BITS;
        let constant = |bits: u64| x.like(V::Elem::from_pattern(bits));
        let least = V::Elem::LEAST_M.pattern();
        // The exponent of the shifted pattern is k; its fraction says how far m is above the least.
        let shifted = x.add_bits(constant((V::Elem::BIAS << bits) - least));
        let m = shifted.and(constant((1 << bits) - 1)).add_bits(constant(least));
        let cell = shifted.shr(bits - 4);
        let c = cell.lookup(&V::Elem::C);
        let r = if V::FUSED {
            m.mul_sub(c, x.number(1.0))
        } else {
            let (high, low) = m.mul_exact(c);
            high.sub(x.number(1.0)).add(low)
        };
        Self { k: shifted.exponent(), cell, r }
    }

    /// Splits any positive and finite `x`.
    #[inline(always)]
    pub(super) fn of_any(x: V) -> Self {
        let up = V::Elem::FRACTION_BITS + 2;
        let power = (1u64 << up) as f64;
        let (tiny, huge) = (x.lt(x.like(V::Elem::LEAST_NORMAL)), least_huge(x).le(x));
        let choose = |tiny_is: f64, huge_is: f64, else_is: f64| {
            V::select(tiny, x.number(tiny_is), V::select(huge, x.number(huge_is), x.number(else_is)))
        };
        let split = Self::new(x.mul(choose(power, 1.0 / power, 1.0)));
        Self { k: split.k.add(choose(-f64::from(up), up.into(), 0.0)), ..split }
    }

    /// `(high, low)`, whose sum is `k ln 2 - ln c`: `high` is exact, and zero or larger than `r`.
    #[inline(always)]
    pub(super) fn ln_without_r(&self) -> (V, V) {
        let Self { k, cell, .. } = self;
        (
            k.mul_add(k.like(V::Elem::LN_2_HIGH), cell.lookup(&V::Elem::LN_C_HIGH)),
            k.mul_add(k.like(V::Elem::LN_2_LOW), cell.lookup(&V::Elem::LN_C_LOW)),
        )
    }

    #[inline(always)]
    fn ln(self) -> V {
        let (high, low) = self.ln_without_r();
        let sum = high.add(self.r);
        let rest = high.sub(sum).add(self.r).add(low);
        sum.add(V::Elem::tail(self.r).mul_add(self.r.mul(self.r), rest))
    }
}

/// The largest power of two. From it on, `k` can exceed the largest exponent.
#[inline(always)]
fn least_huge<V: Vector>(x: V) -> V {
    x.like(V::Elem::from_pattern((2 * V::Elem::BIAS) << V::Elem::FRACTION_BITS))
}

/// Whether each lane is positive, normal and below [`least_huge`].
#[inline(always)]
pub(super) fn ordinary<V: Vector>(x: V) -> V::Mask {
    x.like(V::Elem::LEAST_NORMAL).le(x) & x.lt(least_huge(x))
}

/// `ln x`: minus infinity for both zeros, NaN for negative numbers.
#[inline(always)]
pub(super) fn ln<V: Vector<Elem: Constants>>(x: V) -> V {
    if !(!ordinary(x)).any() {
        return Split::new(x).ln();
    }
    let (zero, infinity) = (x.number(0.0), x.number(f64::INFINITY));
    let finite = V::select(x.eq(infinity), x, Split::of_any(x).ln());
    let positive = V::select(x.eq(zero), infinity.neg(), finite);
    V::select(zero.le(x), positive, x.number(f64::NAN))
}
