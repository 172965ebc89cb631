//! The arguments: every `f32`, or a sample that is dense where functions are difficult.
//!
//! Half of a sample is uniform in the bit pattern, and so reaches every size, infinity and NaN included; the other half
//! is drawn where a function has its difficulties. Points of a kind are neighbours, so that some vectors have usual
//! lanes alone: one unusual lane makes a backend leave its usual path. The sample is the same in every run.

use std::f64::consts::FRAC_PI_2;

use crate::error::Element;
use crate::function::Function;

/// How many arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Every `f32`; many millions of points where they are sampled.
    Whole,
    /// Enough to see a mistake.
    Short,
}

/// Points that are measured together.
pub(crate) const BLOCK: usize = 1 << 15;

/// Neighbours of a kind: several of the widest vectors.
const RUN: usize = 64;

/// The points at which a function is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Points {
    function: Function,
    every: bool,
    /// The number of blocks of points.
    pub(crate) blocks: u64,
}

impl Points {
    pub(crate) fn new<T: Element>(function: Function, extent: Extent) -> Self {
        let every = T::BITS == 32 && function != Function::Pow && extent == Extent::Whole;
        let blocks = match extent {
            Extent::Short => 1 << 5,
            Extent::Whole if every => (1 << 32) / BLOCK as u64,
            Extent::Whole if T::BITS == 32 => 1 << 13,
            Extent::Whole => 1 << 9,
        };
        Self { function, every, blocks }
    }

    /// The number of points.
    pub(crate) fn len(self) -> u64 {
        self.blocks * BLOCK as u64
    }

    /// Writes block number `block` to `x` and `y`, of [`BLOCK`] elements each.
    pub(crate) fn fill<T: Element>(self, block: u64, x: &mut [T], y: &mut [T]) {
        let mut random = Random(block << 32);
        let mut place = None;
        for (i, (x, y)) in x.iter_mut().zip(y).enumerate() {
            if i.is_multiple_of(RUN) {
                place = (random.below(2) == 0).then(|| random.below(PLACES));
            }
            (*x, *y) = if self.every {
                (T::from_pattern(block * BLOCK as u64 + i as u64), T::zero())
            } else if let Some(place) = place {
                let (x, y) = difficult::<T>(self.function, place, &mut random);
                // The neighbours of a difficult place are as difficult.
                let nudge = random.below(5) as i64 - 2;
                (T::from_pattern(T::from_f64(x).pattern().wrapping_add_signed(nudge)), T::from_f64(y))
            } else {
                (T::from_pattern(random.bits(T::BITS)), T::from_pattern(random.bits(T::BITS)))
            };
        }
        if block == 0 {
            let hardest = if self.function == Function::Pow { &[] } else { &HARDEST[..] };
            x.iter_mut().zip(hardest).for_each(|(x, &hard)| *x = T::from_f64(hard));
        }
    }
}

/// The double that is closest to a multiple of pi/2, as a part of itself (6381956970095103 x 2^797: J.-M. Muller,
/// Elementary Functions, 3rd edition, section 11.3.2), and the largest one.
const HARDEST: [f64; 4] = [5.319372648326541e255, -5.319372648326541e255, f64::MAX, -f64::MAX];

/// The kinds of difficult arguments of a function.
const PLACES: u64 = 4;

/// An argument of one of [`PLACES`] where `function` is difficult.
fn difficult<T: Element>(function: Function, place: u64, random: &mut Random) -> (f64, f64) {
    let borders = [T::max_value(), T::min_positive_value(), T::from_pattern(1)].map(|x| x.into_f64().ln());
    let border = borders[random.below(3) as usize];
    let x = match (function, place) {
        (Function::Exp, 0) => random.within(1.0),
        (Function::Exp, 1) => random.within(border),
        (Function::Exp, _) => border + random.within(1.0),
        (Function::Ln, 0) => 1.0 + random.within(0.5),
        (Function::Ln, 1) => 1.0 + random.power(60),
        (Function::Ln, 2) => random.power(40).abs().recip(),
        (Function::Ln, _) => T::from_pattern(random.bits(T::BITS - 9)).into_f64(), // Subnormal, and a little above.
        (Function::Sin | Function::Cos, 0) => random.within(10.0),
        (Function::Sin | Function::Cos, 1) => random.within(1000.0),
        (Function::Sin | Function::Cos, 2) => random.power(40),
        (Function::Sin | Function::Cos, _) => {
            let length = random.below(53) as u32;
            random.bits(length) as f64 * FRAC_PI_2
        }
        (Function::Tanh, 0) => random.within(1.0),
        (Function::Tanh, 1) => random.within(20.0),
        (Function::Tanh, 2) => random.within(10.0),
        (Function::Tanh, _) => random.power(40),
        // Powers at the borders of the range, of any base.
        (Function::Pow, 0) => {
            let x = T::from_pattern(random.bits(T::BITS - 1));
            return (x.into_f64(), (border + random.within(1.0)) / x.into_f64().ln());
        }
        // Powers of any size, of bases close to 1.
        (Function::Pow, 1) => {
            let x = T::from_f64(1.0 + random.power(52));
            return (x.into_f64(), random.within(border) / x.into_f64().ln());
        }
        (Function::Pow, 2) => return (1.25 + random.within(0.75), random.within(100.0)),
        // Exact powers, and those between two numbers.
        (Function::Pow, _) => return (random.within(40.0).round(), random.within(40.0).round() / 2.0),
    };
    (x, 0.0)
}

/// Numbers that look random: splitmix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An integer of `n` bits.
    fn bits(&mut self, n: u32) -> u64 {
        self.next().checked_shr(64 - n).unwrap_or(0)
    }

    /// An integer below `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Between `-limit` and `limit`.
    fn within(&mut self, limit: f64) -> f64 {
        limit * (self.next() as i64 as f64 * 2f64.powi(-63))
    }

    /// Of either sign, of a size between `2^-n` and `2^n` whose logarithm is uniform.
    fn power(&mut self, n: i32) -> f64 {
        let size = self.within(f64::from(n)).exp2();
        if self.below(2) == 0 { size } else { -size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_f32_is_an_argument() {
        let points = Points::new::<f32>(Function::Sin, Extent::Whole);
        assert_eq!(points.len(), 1 << 32);
        let (mut x, mut y) = ([0f32; BLOCK], [0f32; BLOCK]);
        points.fill(points.blocks - 1, &mut x, &mut y);
        assert_eq!((x[0].to_bits(), x[BLOCK - 1].to_bits()), (u32::MAX - BLOCK as u32 + 1, u32::MAX));
    }

    #[test]
    fn a_sample_holds_the_difficult_places() {
        let points = Points::new::<f64>(Function::Sin, Extent::Short);
        let (mut x, mut y) = ([0f64; BLOCK], [0f64; BLOCK]);
        points.fill(0, &mut x, &mut y);
        assert_eq!(x[0], 6381956970095103.0 * 2f64.powi(797));
        let close = x.iter().filter(|x| x.abs() < 1e6 && core_math::sin(**x).abs() < 1e-9 * x.abs());
        assert!(close.count() > 100, "arguments close to multiples of pi");
        for huge in [1e100, 1e300] {
            assert!(x.iter().any(|x| x.is_finite() && x.abs() > huge));
        }
    }
}
