//! A vector register: how many lanes it has, and the same number in all of them.

use gingham_core::Scalar;

use super::element::Element;

/// Elements of the widest vector: 64 bytes of `f32`.
pub(crate) const MAX_LANES: usize = 16;

/// A register of [`Register::LANES`] elements.
///
/// Making a register is unsafe, arithmetic is not: a register in hand proves that the CPU has its instructions.
pub(crate) trait Register: Copy {
    /// The element.
    type Elem: Element;
    /// Elements in a vector, a power of two up to [`MAX_LANES`].
    const LANES: usize;
    /// Vector registers of the instruction set: they decide the shape of the matmul tile.
    const REGISTERS: usize;

    /// `x` in every lane.
    ///
    /// # Safety
    /// The CPU has the instructions of this vector.
    unsafe fn splat(x: Self::Elem) -> Self;

    /// `x` in every lane, as [`Register::splat`]; safe, because `self` proves that the CPU has the instructions.
    #[inline(always)]
    fn like(self, x: Self::Elem) -> Self {
        // SAFETY: a vector in hand proves that the CPU has its instructions.
        unsafe { Self::splat(x) }
    }

    /// `x`, rounded to the element, in every lane.
    #[inline(always)]
    fn number(self, x: f64) -> Self {
        self.like(Self::Elem::from_f64(x))
    }
}
