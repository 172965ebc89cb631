//! Operations that move numbers between lanes.

use super::memory::Memory;
use super::register::MAX_LANES;

/// Interleaving, and sums of lanes.
pub(crate) trait Across: Memory {
    /// The lanes of `self` and `b` in turn, beginning with `self`'s: the first half of them, and the second.
    fn interleave(self, b: Self) -> (Self, Self);

    /// Lanes `n` to `2 n` added to the first `n`; the other lanes of the result are meaningless. `n` is half of the
    /// lanes, or a quarter, if a quarter is 16 bytes or more.
    fn folded(self, n: usize) -> Self;

    /// The sum of the lanes, added pairwise.
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
