//! Arithmetic, lane by lane.

use super::register::Register;

/// Sums, products, extremes and roots.
pub(crate) trait Arithmetic: Register {
    /// Whether [`Arithmetic::mul_add`] rounds once.
    const FUSED: bool;

    /// `self * b + c`, rounded once where the instruction set fuses, twice at the portable level.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// `self + b`
    fn add(self, b: Self) -> Self;
    /// `self - b`
    fn sub(self, b: Self) -> Self;
    /// `self * b`
    fn mul(self, b: Self) -> Self;
    /// `self / b`
    fn div(self, b: Self) -> Self;
    /// The smaller, NaN where either is NaN.
    fn min(self, b: Self) -> Self;
    /// The larger, NaN where either is NaN.
    fn max(self, b: Self) -> Self;
    /// The larger of `low` and the smaller of `high` and `self`; NaN stays NaN.
    fn clamp(self, low: Self, high: Self) -> Self;
    /// The sign bit flipped.
    fn neg(self) -> Self;
    /// The sign bit cleared.
    fn abs(self) -> Self;
    /// The square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// `1 / self`, correctly rounded.
    fn recip(self) -> Self;

    /// `self * b - c`, rounded as [`Arithmetic::mul_add`].
    #[inline(always)]
    fn mul_sub(self, b: Self, c: Self) -> Self {
        self.mul_add(b, c.neg())
    }

    /// `c - self * b`, rounded as [`Arithmetic::mul_add`].
    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        self.neg().mul_add(b, c)
    }
}
