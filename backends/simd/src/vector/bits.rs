//! The bit patterns of the lanes.

use super::register::Register;

/// Logic, integer sums and shifts of bit patterns.
pub(crate) trait Bits: Register {
    /// The bits that both have.
    fn and(self, b: Self) -> Self;
    /// The bits that either has.
    fn or(self, b: Self) -> Self;
    /// The bits that exactly one has.
    fn xor(self, b: Self) -> Self;
    /// The sum of the bit patterns as integers, which wraps.
    fn add_bits(self, b: Self) -> Self;
    /// The difference of the bit patterns as integers, which wraps.
    fn sub_bits(self, b: Self) -> Self;
    /// The bit patterns shifted to the left by `n`, less than the bits of an element; zeros come in.
    fn shl(self, n: u32) -> Self;
    /// The bit patterns shifted to the right by `n`, less than the bits of an element; zeros come in.
    fn shr(self, n: u32) -> Self;
}
