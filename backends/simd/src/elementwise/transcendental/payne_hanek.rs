//! The reduction of huge arguments by pi/2 (Payne and Hanek, Radian reduction for trigonometric functions, 1983).
//!
//! Of the quarter turns in `x` only the fraction and the last two bits of the integer matter. A window of the bits of
//! `1 / pi` gives them: bits above it give whole turns, bits below it are too small to count. All arithmetic is on
//! integers.

/// The bits of `1 / pi`, after 64 zeros, so that a window may begin before the point.
static INVERSE_PI: [u64; 21] = [
    0,
    0x517cc1b727220a94,
    0xfe13abe8fa9a6ee0,
    0x6db14acc9e21c820,
    0xff28b1d5ef5de2b0,
    0xdb92371d2126e970,
    0x0324977504e8c90e,
    0x7f0ef58e5894d39f,
    0x74411afa975da242,
    0x74ce38135a2fbf20,
    0x9cc8eb1cc1a99cfa,
    0x4e422fc5defc941d,
    0x8ffc4bffef02cc07,
    0xf79788c5ad05368f,
    0xb69b3f6793e584db,
    0xa7a31fb34f2ff516,
    0xba93dd63f5f2f8bd,
    0x9e839cfbc5294975,
    0x35fdafd88fc6ae84,
    0x2b0198237e3db5d5,
    0xf867de104d7a1b0e,
];

/// `pi 2^126`, rounded down.
const PI: u128 = 0xc90fdaa22168c234c4c6628b80dc1cd1;

/// `(high, low, n)` with `x = n pi/2 + high + low` and `|high| <= pi/4`, for `x >= 1`; `n` is right modulo 4. `high` is
/// NaN for an infinite `x`.
///
/// No finite number is closer than 2^-62 pi to a multiple of pi/2, and 136 bits of the fraction are right.
pub(super) fn reduce(x: f64) -> (f64, f64, u64) {
    if !x.is_finite() {
        return (f64::NAN, 0.0, 0);
    }
    // x = m 2^e
    let e = (x.to_bits() >> 52) as i32 - 1075;
    let m = x.to_bits() & ((1 << 52) - 1) | 1 << 52;
    // The window begins where the product's bits weigh 1: x / (pi/2) = m window 2^-190, up to a multiple of 4.
    let start = (e - 1 + 64) as usize;
    let word = |i: usize| {
        let pair = u128::from(INVERSE_PI[start / 64 + i]) << 64 | u128::from(INVERSE_PI[start / 64 + i + 1]);
        u128::from((pair >> (64 - start % 64)) as u64)
    };
    let m = u128::from(m);
    let last = m * word(2);
    let middle = m * word(1) + (last >> 64);
    let first = (m * word(0) + (middle >> 64)) as u64;

    // The nearest integer is the integer part after 1/2 is added.
    let half = 1 << 61;
    let sum = first.wrapping_add(half);
    let n = sum >> 62;
    let fraction = (sum & ((1 << 62) - 1)).wrapping_sub(half);
    let negative = fraction >> 63 == 1;
    let flip = if negative { u64::MAX } else { 0 };
    let [first, middle, last] = [fraction ^ flip, middle as u64 ^ flip, last as u64 ^ flip].map(u128::from);

    let upper = first << 64 | middle;
    let zeros = upper.leading_zeros();
    let fraction = upper << zeros | (last << zeros) >> 64;
    let r = high_product(fraction, PI);
    // Half of fraction 2^(-126 - zeros) times PI 2^-126; the product is without its last 128 bits.
    let unit = f64::from_bits(u64::from(1023 - 125 - zeros) << 52);
    let unit = if negative { -unit } else { unit };
    // The first 53 bits, and the others.
    let low = r & ((1 << 75) - 1);
    let (high, low) = ((r - low) as f64 * unit, low as f64 * unit);
    let sum = high + low;
    (sum, high - sum + low, n)
}

/// The upper half of the product, or up to 2 less.
fn high_product(a: u128, b: u128) -> u128 {
    let halves = |x: u128| (x >> 64, u128::from(x as u64));
    let ((a1, a0), (b1, b0)) = (halves(a), halves(b));
    a1 * b1 + ((a1 * b0) >> 64) + ((a0 * b1) >> 64)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{FRAC_PI_2, PI};

    use super::reduce;

    #[test]
    fn it_agrees_with_the_remainder_where_that_is_known() {
        for n in [3u64, 4, 5, 6, 1_000_000, 1_000_001] {
            for rest in [0.25, -0.75] {
                let (high, _, quadrant) = reduce(n as f64 * FRAC_PI_2 + rest);
                assert!((high - rest).abs() < 1e-9 && quadrant == n % 4, "{n}: {high} {quadrant}");
            }
        }
        // The double lacks 1.2246467991473532e-16 of pi, and 2^53 times as much of 2^53 pi.
        let missing = 1.2246467991473532e-16 * 2f64.powi(53);
        let (high, _, quadrant) = reduce(PI * 2f64.powi(53));
        assert!((high + missing - FRAC_PI_2).abs() < 1e-15 && quadrant == 3, "{high} {quadrant}");
    }

    #[test]
    fn the_closest_double_to_a_multiple_of_half_pi() {
        // 6381956970095103 2^797 is 4.68716592425462761112e-19 from one (J.-M. Muller, Elementary Functions).
        let (high, low, _) = reduce(6381956970095103.0 * 2f64.powi(797));
        assert_eq!(high.abs(), 4.687165924254628e-19);
        assert!(low.abs() <= high.abs() * 2f64.powi(-53));
    }
}
