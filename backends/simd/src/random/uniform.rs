//! Uniform numbers in [0, 1): the upper 53 or 24 bits of each lane.

use super::pairs::Pairs;
use crate::vector::Vector;

#[derive(Clone, Copy)]
pub(super) struct Uniform;

impl Pairs for Uniform {
    #[inline(always)]
    fn pair<V: Vector>(self, a: V::Words, b: V::Words) -> [V; 2] {
        [V::unit(a), V::unit(b)]
    }
}
