//! Random bits in registers: 64-bit words for the generator, and how words become numbers.
//!
//! These traits are not part of [`Vector`](crate::vector::Vector), though they share its registers: words have another
//! width than numbers (a product of 32-bit halves fills 64 bits), and each instruction set turns bits into numbers in
//! its own way.

/// A register of 64-bit words. Like a vector, a register in hand proves that the CPU has its instructions.
pub(crate) trait Words: Copy {
    /// Words in a register, a power of two up to 8.
    const LANES: usize;

    /// `x` in every lane.
    ///
    /// # Safety
    /// The CPU has the instructions of this register.
    unsafe fn splat(x: u64) -> Self;

    /// `x`, `x + 1`, `x + 2` ..
    ///
    /// # Safety
    /// As [`Words::splat`].
    unsafe fn counted(x: u64) -> Self;

    /// The products of the lower halves.
    fn mul_lower(self, b: Self) -> Self;
    /// Each upper half moved down to the lower one, zeros in its place.
    fn upper(self) -> Self;
    /// Each lower half moved up to the upper one, zeros in its place.
    fn raised(self) -> Self;
    /// The exclusive or of all three.
    fn xor(self, b: Self, c: Self) -> Self;

    /// Every bit flipped.
    #[inline(always)]
    fn inverted(self) -> Self {
        // SAFETY: a register in hand proves that the CPU has its instructions.
        let (ones, zeros) = unsafe { (Self::splat(u64::MAX), Self::splat(0)) };
        self.xor(ones, zeros)
    }
}

/// A vector that can be made from [`Words`], each lane from its own 32 or 64 bits.
pub(crate) trait FromWords: Copy {
    /// The register of words of the same instruction set.
    type Words: Words;

    /// Multiples of 2^-53 (`f64`) or 2^-24 (`f32`) in [0, 1), from the upper bits.
    fn unit(words: Self::Words) -> Self;

    /// Numbers in (0, 1], from all bits but the lowest, which counts as set: small numbers are as fine as large ones.
    fn positive(words: Self::Words) -> Self;

    /// Numbers in [-1/2, 1/2): multiples of 2^-52 (`f64`), from the lower 52 bits, or odd multiples of 2^-31 (`f32`),
    /// from the lower 30, and 1/2 where these round to it. So even small `f32` have as many bits as the type holds.
    fn centred(words: Self::Words) -> Self;

    /// `self`, negated where the highest bit is set.
    fn flipped(self, words: Self::Words) -> Self;

    /// `b` where the second highest bit is set, `a` elsewhere.
    fn picked(words: Self::Words, a: Self, b: Self) -> Self;

    /// Whole `k` and `m` in [sqrt(1/2), sqrt(2)) with `self = 2^k m`, for lanes that are positive and normal.
    fn scaled(self) -> (Self, Self);
}
