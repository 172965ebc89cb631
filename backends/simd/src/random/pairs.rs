//! The way from random bits to numbers, which a distribution decides.

use crate::vector::Vector;

/// Numbers made of two registers of bits, the two halves of some blocks.
pub(super) trait Pairs: Copy + Sync {
    /// The elements that stand in the place of `a` and `b`, one for each lane.
    fn pair<V: Vector>(self, a: V::Words, b: V::Words) -> [V; 2];
}
