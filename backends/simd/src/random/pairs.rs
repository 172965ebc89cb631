//! How a distribution makes numbers from random bits.

use crate::vector::Vector;

/// Makes numbers from two registers of bits, the two halves of some blocks.
pub(super) trait Pairs: Copy + Sync {
    /// The elements that take the place of `a` and `b`, one for each lane.
    fn pair<V: Vector>(self, a: V::Words, b: V::Words) -> [V; 2];
}
