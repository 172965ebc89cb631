//! What takes a number from one lane to another.

use super::memory::Memory;
use super::register::MAX_LANES;

/// Interleaving, and sums of lanes.
pub(crate) trait Across: Memory {
    /// The lanes of both in turn, `self`'s first: the first half of them, and the second.
    fn interleave(self, b: Self) -> (Self, Self);

    /// Lanes `n` to `2 n` added to the first `n` ones; the other lanes hold nothing of use afterwards. `n` is half of
    /// the lanes, or, if that is as much as 16 bytes, a quarter.
    fn folded(self, n: usize) -> Self;

    /// The sum of the lanes, pairwise.
    #[inline(always)]
    fn sum(self) -> Self::Elem {
        let mut lanes = [<Self::Elem as Default>::default(); MAX_LANES];
        // SAFETY: the buffer has room for any LANES.
        unsafe { self.store(lanes.as_mut_ptr()) };
        let mut width = Self::LANES;
        while width > 1 {
            width /= 2;
            for i in 0..width {
                lanes[i] = lanes[i] + lanes[i + width];
            }
        }
        lanes[0]
    }
}
