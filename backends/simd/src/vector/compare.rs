//! Comparisons, and the choice between two vectors by a mask.

use std::ops::{BitAnd, BitOr, Not};

use super::register::Register;

/// A truth value for each lane of a vector.
pub(crate) trait Mask: Copy + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self> {
    /// Whether any lane is true.
    fn any(self) -> bool;
}

/// Comparisons, lane by lane.
pub(crate) trait Compare: Register {
    /// The result of a comparison.
    type Mask: Mask;

    /// `self == b`, false where either is NaN.
    fn eq(self, b: Self) -> Self::Mask;
    /// `self < b`, false where either is NaN.
    fn lt(self, b: Self) -> Self::Mask;
    /// `self <= b`, false where either is NaN.
    fn le(self, b: Self) -> Self::Mask;
    /// `a` where `mask` is true, `b` elsewhere.
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self;
}
