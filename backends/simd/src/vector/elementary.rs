//! The steps that elementary functions are made of: exact products, exponents and tables.
//!
//! AVX-512 has instructions for most of these steps. The other levels compose them of plainer ones, as written here.

use super::arithmetic::Arithmetic;
use super::bits::Bits;
use super::element::Element;
use super::memory::Memory;
use super::register::MAX_LANES;

/// Exact products, exponents and tables.
pub(crate) trait Elementary: Arithmetic + Bits + Memory {
    /// `(high, low)`: the rounded product and its rounding error. Their sum is exact where nothing over- or underflows.
    ///
    /// If products are not fused, the factors are split in halves (Dekker 1971), which overflows for factors above
    /// 2^995 (2^115 for `f32`).
    #[inline(always)]
    fn mul_exact(self, b: Self) -> (Self, Self) {
        let high = self.mul(b);
        if Self::FUSED {
            return (high, self.mul_sub(b, high));
        }
        let halves = |x: Self| {
            let factor = (1u64 << (Self::Elem::FRACTION_BITS / 2 + 1)) + 1;
            let wide = x.mul(x.number(factor as f64));
            let upper = wide.sub(wide.sub(x));
            (upper, x.sub(upper))
        };
        let ((a1, a2), (b1, b2)) = (halves(self), halves(b));
        let low = a1.mul(b1).sub(high).add(a1.mul(b2)).add(a2.mul(b1)).add(a2.mul(b2));
        (high, low)
    }

    /// `self` times 2 to the floor of `n`. If `self` is near 1, the result is rounded once, also where it underflows
    /// gradually or overflows. `n` is a multiple of 1/64 and at most 2044 in size (252 for `f32`).
    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        let bits = Self::Elem::FRACTION_BITS;
        let constant = |bits: u64| self.like(Self::Elem::from_pattern(bits));
        // The last bit of this sum means 1/64, so its bit pattern holds 64 n as an integer. One power of two may be out
        // of range; two with about half the exponent are not.
        let sum = n.add(self.number((3u64 << (bits - 7)) as f64));
        let (whole, half) = (sum.shr(6), sum.shr(7));
        let bias = constant(Self::Elem::BIAS);
        let power = |n: Self| n.add_bits(bias).shl(bits);
        self.mul(power(half)).mul(power(whole.sub_bits(half)))
    }

    /// The exponent of a positive, finite and normal number: `e` of `2^e m` with `1 <= m < 2`.
    #[inline(always)]
    fn exponent(self) -> Self {
        let bits = Self::Elem::FRACTION_BITS;
        // The last bit of this number means 1: an integer in the low bits of its pattern is added to it.
        let one_in_last_place = 1u64 << bits;
        let field = self.shr(bits).or(self.number(one_in_last_place as f64));
        field.sub(self.number((one_in_last_place + Self::Elem::BIAS) as f64))
    }

    /// The entry of `table` at the index in the low bits of each lane's bit pattern. `N` is a power of two; AVX-512
    /// takes up to 32 entries, which it keeps in registers.
    #[inline(always)]
    fn lookup<const N: usize>(self, table: &[Self::Elem; N]) -> Self {
        const { assert!(N.is_power_of_two()) };
        let mut lanes = [<Self::Elem as Default>::default(); MAX_LANES];
        // SAFETY: the buffer has room for any LANES; `self` proves that the CPU has the instructions.
        unsafe {
            self.store(lanes.as_mut_ptr());
            for lane in lanes.iter_mut().take(Self::LANES) {
                *lane = table[lane.pattern() as usize & (N - 1)];
            }
            Self::load(lanes.as_ptr())
        }
    }
}
