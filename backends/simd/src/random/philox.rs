//! Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, 2011), a block in each
//! lane.
//!
//! A block is a function of a counter of 128 bits and a key of 64, so each can be computed without those before it. The
//! generator passes all of TestU01's BigCrush after 7 of its 10 rounds. Here the counter is the number of the block in
//! the stream (its lower half) and the number of the stream; the key is the seed.
//!
//! A lane of 64 bits holds one 32-bit word of the state in its lower half; the upper half does not matter, since a
//! round multiplies only lower halves. Each of a round's two products gives one word of the next state as it is, and
//! one after a shift.

use std::array::from_fn;

use gingham_core::Stream;

use crate::words::Words;

const ROUNDS: usize = 10;

/// The factors of words 0 and 2.
const FACTORS: [u64; 2] = [0xd251_1f53, 0xcd9e_8d57];

/// Each round adds these to the key's halves: the golden ratio and the square root of 3, less 1 each.
const WEYL: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];

/// The generator of one stream.
#[derive(Debug, Clone)]
pub(super) struct Philox {
    number: u64,
    keys: [[u64; 2]; ROUNDS],
}

impl Philox {
    /// The generator of `stream`, whatever its position.
    pub(super) fn new(stream: Stream) -> Self {
        let seed = [stream.seed as u32, (stream.seed >> 32) as u32];
        let key = |round: usize, half: usize| seed[half].wrapping_add(WEYL[half].wrapping_mul(round as u32)).into();
        Self { number: stream.number, keys: from_fn(|round| [key(round, 0), key(round, 1)]) }
    }

    /// The two halves of `N` times `LANES` blocks from `block` on: words 0 and 1 of each, and words 2 and 3. The first
    /// word of a half is its upper one.
    ///
    /// A round waits 5 or 6 cycles for its products, but another could start after 3, so several registers of blocks go
    /// through the rounds side by side.
    ///
    /// # Safety
    /// The CPU has the instructions of W.
    #[inline(always)]
    pub(super) unsafe fn words<W: Words, const N: usize>(&self, block: u64) -> [[W; 2]; N] {
        // SAFETY: the caller's.
        unsafe {
            // Loops, not closures: what is not inlined would be compiled for the baseline.
            let factors = [W::splat(FACTORS[0]), W::splat(FACTORS[1])];
            let mut states = [[W::splat(self.number); 4]; N];
            for (i, state) in states.iter_mut().enumerate() {
                let counter = W::counted(block + (i * W::LANES) as u64);
                (state[0], state[1], state[3]) = (counter, counter.upper(), state[2].upper());
            }
            let (last, rounds) = self.keys.split_last().expect("there are rounds");
            for key in rounds {
                let key = [W::splat(key[0]), W::splat(key[1])];
                for state in &mut states {
                    let products = [state[0].mul_lower(factors[0]), state[2].mul_lower(factors[1])];
                    *state = [
                        products[1].upper().xor(state[1], key[0]),
                        products[1],
                        products[0].upper().xor(state[3], key[1]),
                        products[0],
                    ];
                }
            }
            // The last round leaves its words where the products put them.
            let key = [W::splat(last[0] << 32), W::splat(last[1] << 32)];
            let mut words = [key; N];
            for (words, state) in words.iter_mut().zip(&states) {
                let products = [state[0].mul_lower(factors[0]), state[2].mul_lower(factors[1])];
                *words = [products[1].xor(state[1].raised(), key[0]), products[0].xor(state[3].raised(), key[1])];
            }
            words
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use crate::level::Available;
    use crate::vector::{Kernel, Vector};

    /// The halves of the block in the first lane.
    struct First<'a>(&'a Philox, u64);

    impl Kernel<f64> for First<'_> {
        type Output = [u64; 2];

        #[inline(always)]
        unsafe fn run<V: Vector<Elem = f64>>(self) -> [u64; 2] {
            // SAFETY: the caller's.
            let [halves] = unsafe { self.0.words::<V::Words, 1>(self.1) };
            halves.map(|words| {
                let mut lanes = [0_u64; 8];
                // SAFETY: a register of words is at most as long as the array, which takes any bits.
                unsafe { lanes.as_mut_ptr().cast::<V::Words>().write_unaligned(words) };
                lanes[0]
            })
        }
    }

    /// The three known answers that come with the authors' Random123.
    #[test]
    fn known_answers() {
        let known: [([u32; 4], [u32; 2], [u32; 4]); 3] = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        let join = |lower: u32, upper: u32| u64::from(upper) << 32 | u64::from(lower);
        for level in Level::ALL.into_iter().filter_map(|level| Available::new(level).ok()) {
            for (counter, key, words) in known {
                let philox = Philox::new(Stream::new(join(key[0], key[1]), join(counter[2], counter[3])));
                let got = level.run(First(&philox, join(counter[0], counter[1])));
                assert_eq!(got, [join(words[1], words[0]), join(words[3], words[2])], "{}", level.get());
            }
        }
    }
}
