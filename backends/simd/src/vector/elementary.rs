//! The steps that elementary functions are made of: exact products, exponents and tables.
//!
//! AVX-512 has instructions for most of them. The others compose them of plainer ones, as written here.

use super::arithmetic::Arithmetic;
use super::bits::Bits;
use super::element::Element;
use super::memory::Memory;
use super::register::MAX_LANES;

/// Exact products, exponents and tables.
pub(crate) trait Elementary: Arithmetic + Bits + Memory {
    /// `(high, low)`: the product rounded, and what that leaves out, together exact where nothing over- or underflows.
    ///
    /// Where products are not fused the factors are split in halves (Dekker 1971), which overflows for factors above
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

    /// `self` times 2 to the floor of `n`, rounded once where `self` is near 1: gradual underflow and overflow are the
    /// result's own. `n` is a multiple of 1/64 of a size up to 2044 (252 for `f32`).
    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        let bits = Self::Elem::FRACTION_BITS;
        let constant = |bits: u64| self.like(Self::Elem::from_pattern(bits));
        // In the last place of this sum is 1/64, so that its bit pattern holds 64 n as an integer. One power of two may
        // be out of range where two of about half the exponent are not.
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
        // The number whose last bit is 1: an integer put into the low bits of its pattern is added to it.
        let one_in_last_place = 1u64 << bits;
        let field = self.shr(bits).or(self.number(one_in_last_place as f64));
        field.sub(self.number((one_in_last_place + Self::Elem::BIAS) as f64))
    }

    /// The entry of `table` at the index in the low bits of each lane's bit pattern. `N` is a power of two; up to 32
    /// entries are kept in registers where the instruction set can.
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
