//! The element types: what their bit patterns mean.

use gingham_core::Scalar;

/// An element type, `f32` or `f64`.
pub(crate) trait Element: Scalar {
    /// Bits of the fraction, the implicit one not counted: 52 or 23.
    const FRACTION_BITS: u32;
    /// The bias of the exponent: 1023 or 127.
    const BIAS: u64;
    /// The least normal number.
    const LEAST_NORMAL: Self;

    /// The element whose bit pattern is the low bits of `bits`.
    fn from_pattern(bits: u64) -> Self;
    /// The bit pattern, zeros above it.
    fn pattern(self) -> u64;
}

impl Element for f64 {
    const FRACTION_BITS: u32 = 52;
    const BIAS: u64 = 1023;
    const LEAST_NORMAL: Self = f64::MIN_POSITIVE;

    #[inline(always)]
    fn from_pattern(bits: u64) -> Self {
        Self::from_bits(bits)
    }

    #[inline(always)]
    fn pattern(self) -> u64 {
        self.to_bits()
    }
}

impl Element for f32 {
    const FRACTION_BITS: u32 = 23;
    const BIAS: u64 = 127;
    const LEAST_NORMAL: Self = f32::MIN_POSITIVE;

    #[inline(always)]
    fn from_pattern(bits: u64) -> Self {
        Self::from_bits(bits as u32)
    }

    #[inline(always)]
    fn pattern(self) -> u64 {
        self.to_bits().into()
    }
}
