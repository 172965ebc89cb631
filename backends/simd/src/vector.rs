//! The small vector that every algorithm here is written in, and the way an algorithm meets an instruction set.
//!
//! A [`Kernel`] is an algorithm with its operands. It is generic over the [`Vector`]; each file of [`crate::arch`]
//! instantiates it inside one function that is compiled with the features of its instruction set. Everything between
//! that function and the intrinsics is `#[inline(always)]`: whatever is not inlined would be compiled for the baseline.

use gingham_core::Scalar;

use crate::arch;

/// Elements of the widest vector: 64 bytes of `f32`.
pub(crate) const MAX_LANES: usize = 16;

/// An element type and its vectors at each level.
pub(crate) trait Element: Scalar {
    /// Vector of [`crate::Level::Portable`].
    type Portable: Vector<Elem = Self>;
    /// Vector of [`crate::Level::Avx2`].
    #[cfg(target_arch = "x86_64")]
    type Avx2: Vector<Elem = Self>;
    /// Vector of [`crate::Level::Avx512`].
    #[cfg(target_arch = "x86_64")]
    type Avx512: Vector<Elem = Self>;
}

impl Element for f64 {
    type Portable = arch::portable::V128<f64, 2>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = arch::avx2::F64x4;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = arch::avx512::F64x8;
}

impl Element for f32 {
    type Portable = arch::portable::V128<f32, 4>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = arch::avx2::F32x8;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = arch::avx512::F32x16;
}

/// An algorithm with its operands.
pub(crate) trait Kernel<T: Element> {
    /// What it computes, beside what it writes to its operands.
    type Output;

    /// Does the work. Implementations are `#[inline(always)]`.
    ///
    /// # Safety
    /// The CPU has the instructions of `V`.
    unsafe fn run<V: Vector<Elem = T>>(self) -> Self::Output;
}

/// A register of [`Vector::LANES`] elements.
///
/// Only making one asks for care: a vector in hand proves that the CPU has its instructions, so arithmetic is safe.
/// All methods are `#[inline(always)]`.
pub(crate) trait Vector: Copy {
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

    /// The elements from `p` on.
    ///
    /// # Safety
    /// As [`Vector::splat`]; `LANES` elements are readable at `p`.
    unsafe fn load(p: *const Self::Elem) -> Self;

    /// The first `n <= LANES` elements from `p` on, zero in the other lanes. Memory past them is not touched.
    ///
    /// # Safety
    /// As [`Vector::splat`]; `n` elements are readable at `p`.
    unsafe fn load_first(p: *const Self::Elem, n: usize) -> Self;

    /// Writes all lanes to `p`.
    ///
    /// # Safety
    /// `LANES` elements are writable at `p`.
    unsafe fn store(self, p: *mut Self::Elem);

    /// Writes all lanes to `p` past the caches, so that the line is not read first. The plain store where the instruction
    /// set has no such thing. Whoever streams calls [`Vector::fence`] before anyone else may look at what was written.
    ///
    /// # Safety
    /// As [`Vector::store`]; `p` is a multiple of the vector's size.
    #[inline(always)]
    unsafe fn stream(self, p: *mut Self::Elem) {
        // SAFETY: the caller's.
        unsafe { self.store(p) }
    }

    /// Puts what was streamed in its order among other stores.
    ///
    /// # Safety
    /// As [`Vector::splat`].
    #[inline(always)]
    unsafe fn fence() {}

    /// Writes the first `n <= LANES` lanes to `p`. Memory past them is not touched.
    ///
    /// # Safety
    /// `n` elements are writable at `p`.
    unsafe fn store_first(self, p: *mut Self::Elem, n: usize);

    /// Asks for the cache line at `p`, which need not be readable. Nothing where there is no such instruction.
    #[inline(always)]
    fn prefetch(p: *const Self::Elem) {
        let _ = p;
    }

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
    /// The sign bit flipped.
    fn neg(self) -> Self;
    /// The sign bit cleared.
    fn abs(self) -> Self;
    /// The square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// `1 / self`, correctly rounded.
    fn recip(self) -> Self;

    /// `n <= LANES` elements, `stride` apart, zero in the other lanes.
    ///
    /// # Safety
    /// As [`Vector::splat`]; if `n > 0`, the elements at `p`, `p + stride`, .. `p + (n - 1) stride` are readable.
    #[inline(always)]
    unsafe fn gather(p: *const Self::Elem, stride: isize, n: usize) -> Self {
        // SAFETY: the caller's; the buffer has room for any LANES.
        unsafe {
            match stride {
                0 if n == Self::LANES => Self::splat(*p),
                1 if n == Self::LANES => Self::load(p),
                1 => Self::load_first(p, n),
                _ => {
                    let mut lanes = [<Self::Elem as Default>::default(); MAX_LANES];
                    for (i, lane) in lanes.iter_mut().enumerate().take(n) {
                        *lane = *p.offset(i as isize * stride);
                    }
                    Self::load(lanes.as_ptr())
                }
            }
        }
    }

    /// Writes the first `n <= LANES` lanes to elements `stride` apart.
    ///
    /// # Safety
    /// The elements at `p`, `p + stride`, .. `p + (n - 1) stride` are writable.
    #[inline(always)]
    unsafe fn scatter(self, p: *mut Self::Elem, stride: isize, n: usize) {
        // SAFETY: the caller's; the buffer has room for any LANES.
        unsafe {
            match stride {
                1 if n == Self::LANES => self.store(p),
                1 => self.store_first(p, n),
                _ => {
                    let mut lanes = [<Self::Elem as Default>::default(); MAX_LANES];
                    self.store(lanes.as_mut_ptr());
                    for (i, &lane) in lanes.iter().enumerate().take(n) {
                        *p.offset(i as isize * stride) = lane;
                    }
                }
            }
        }
    }

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
