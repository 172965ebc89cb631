//! The small vector that every algorithm here is written in, and the way an algorithm meets an instruction set.
//!
//! A [`Kernel`] is an algorithm with its operands. It is generic over the [`Vector`]; each file of [`crate::arch`]
//! instantiates it inside one function that is compiled with the features of its instruction set. Everything between
//! that function and the intrinsics is `#[inline(always)]`: whatever is not inlined would be compiled for the baseline.

use std::ops::{BitAnd, BitOr, Not};

use gingham_core::Scalar;

use crate::arch;
use crate::elementwise::Functions;
use crate::words::FromWords;

/// Elements of the widest vector: 64 bytes of `f32`.
pub(crate) const MAX_LANES: usize = 16;

/// An element type and its vectors at each level.
pub(crate) trait Element: Scalar + Functions {
    /// Bits of the fraction, the implicit one not counted: 52 or 23.
    const FRACTION_BITS: u32;
    /// What is added to the exponent: 1023 or 127.
    const BIAS: u64;
    /// The least normal number.
    const LEAST_NORMAL: Self;

    /// The element whose bit pattern is the low bits of `bits`.
    fn from_pattern(bits: u64) -> Self;
    /// The bit pattern, zeros above it.
    fn pattern(self) -> u64;

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
    const FRACTION_BITS: u32 = 52;
    const BIAS: u64 = 1023;
    const LEAST_NORMAL: Self = f64::MIN_POSITIVE;

    #[inline(always)]
    fn from_pattern(bits: u64) -> Self {
        Self::from_bits(bits)
    }

    #[inline(always)]
    fn pattern(self) -> u64 {
        self.to_bits()
    }

    type Portable = arch::portable::V128<f64, 2>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = arch::avx2::F64x4;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = arch::avx512::F64x8;
}

impl Element for f32 {
    const FRACTION_BITS: u32 = 23;
    const BIAS: u64 = 127;
    const LEAST_NORMAL: Self = f32::MIN_POSITIVE;

    #[inline(always)]
    fn from_pattern(bits: u64) -> Self {
        Self::from_bits(bits as u32)
    }

    #[inline(always)]
    fn pattern(self) -> u64 {
        self.to_bits().into()
    }

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

/// A calculation in `f64` from `N` vectors: a trait because closures are not `#[inline(always)]`.
pub(crate) trait InF64<const N: usize>: Copy {
    /// The result for each lane.
    fn apply<W: Vector<Elem = f64>>(self, arguments: [W; N]) -> W;
}

/// A truth value for each lane of a vector.
pub(crate) trait Mask: Copy + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self> {
    /// Whether any lane is true.
    fn any(self) -> bool;
}

/// A register of [`Vector::LANES`] elements.
///
/// Only making one asks for care: a vector in hand proves that the CPU has its instructions, so arithmetic is safe.
/// All methods are `#[inline(always)]`.
pub(crate) trait Vector: FromWords {
    /// The element.
    type Elem: Element;
    /// Elements in a vector, a power of two up to [`MAX_LANES`].
    const LANES: usize;
    /// Vector registers of the instruction set: they decide the shape of the matmul tile.
    const REGISTERS: usize;
    /// Whether [`Vector::mul_add`] rounds once.
    const FUSED: bool;
    /// What comparisons give.
    type Mask: Mask;
    /// The vector that [`Vector::in_f64`] calculates in.
    type Wide: Vector<Elem = f64>;

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

    /// As [`Vector::prefetch`], but no nearer than the second cache. Lines asked for into the first one wait for the few
    /// places that it has for lines under way, and loads wait behind them: on Zen 4 a dot product from memory was slower
    /// by 0.8 with such prefetches, and quicker by 1.1 with these.
    #[inline(always)]
    fn prefetch_far(p: *const Self::Elem) {
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

    /// `x` in every lane. As [`Vector::splat`], without its care: `self` proves that the CPU has the instructions.
    fn like(self, x: Self::Elem) -> Self;

    /// `x`, rounded to the element, in every lane.
    #[inline(always)]
    fn number(self, x: f64) -> Self {
        self.like(Self::Elem::from_f64(x))
    }

    /// The larger of `low` and the smaller of `high` and `self`; NaN stays NaN.
    fn clamp(self, low: Self, high: Self) -> Self;

    /// The bits that both have.
    fn and(self, b: Self) -> Self;
    /// The bits that either has.
    fn or(self, b: Self) -> Self;
    /// The bits that one of them has.
    fn xor(self, b: Self) -> Self;
    /// The sum of the bit patterns as integers, which wraps.
    fn add_bits(self, b: Self) -> Self;
    /// The difference of the bit patterns as integers, which wraps.
    fn sub_bits(self, b: Self) -> Self;
    /// The bit patterns shifted to the left by `n`, less than the bits of an element; zeros come in.
    fn shl(self, n: u32) -> Self;
    /// The bit patterns shifted to the right by `n`, less than the bits of an element; zeros come in.
    fn shr(self, n: u32) -> Self;

    /// `self == b`, false where either is NaN.
    fn eq(self, b: Self) -> Self::Mask;
    /// `self < b`, false where either is NaN.
    fn lt(self, b: Self) -> Self::Mask;
    /// `self <= b`, false where either is NaN.
    fn le(self, b: Self) -> Self::Mask;
    /// `a` where `mask` is true, `b` elsewhere.
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self;

    /// `f` of every lane, calculated in `f64` and rounded to the element.
    fn in_f64<const N: usize>(arguments: [Self; N], f: impl InF64<N>) -> Self;

    /// `self * b - c`, rounded as [`Vector::mul_add`].
    #[inline(always)]
    fn mul_sub(self, b: Self, c: Self) -> Self {
        self.mul_add(b, c.neg())
    }

    /// `c - self * b`, rounded as [`Vector::mul_add`].
    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        self.neg().mul_add(b, c)
    }

    /// `(high, low)`: the product rounded, and what that leaves out, together exact where nothing over- or underflows.
    ///
    /// Where products are not fused the factors are split in halves (Dekker 1971), which overflows for factors above
    /// 2^995 (2^115 for `f32`).
    #[inline(always)]
    fn mul_exact(self, b: Self) -> (Self, Self) {
        let high = self.mul(b);
        if Self::FUSED {
            return (high, self.mul_sub(b, high));
        }
        let halves = |x: Self| {
            let factor = (1u64 << (Self::Elem::FRACTION_BITS / 2 + 1)) + 1;
            let wide = x.mul(x.number(factor as f64));
            let upper = wide.sub(wide.sub(x));
            (upper, x.sub(upper))
        };
        let ((a1, a2), (b1, b2)) = (halves(self), halves(b));
        let low = a1.mul(b1).sub(high).add(a1.mul(b2)).add(a2.mul(b1)).add(a2.mul(b2));
        (high, low)
    }

    /// `self` times 2 to the floor of `n`, rounded once where `self` is near 1: gradual underflow and overflow are the
    /// result's own. `n` is a multiple of 1/64 of a size up to 2044 (252 for `f32`).
    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        let bits = Self::Elem::FRACTION_BITS;
        let constant = |bits: u64| self.like(Self::Elem::from_pattern(bits));
        // In the last place of this sum is 1/64, so that its bit pattern holds 64 n as an integer. One power of two may
        // be out of range where two of about half the exponent are not.
        let sum = n.add(self.number((3u64 << (bits - 7)) as f64));
        let (whole, half) = (sum.shr(6), sum.shr(7));
        let bias = constant(Self::Elem::BIAS);
        let power = |n: Self| n.add_bits(bias).shl(bits);
        self.mul(power(half)).mul(power(whole.sub_bits(half)))
    }

    /// The exponent of a positive, finite and normal number: `e` of `2^e m` with `1 <= m < 2`.
    #[inline(always)]
    fn exponent(self) -> Self {
        let bits = Self::Elem::FRACTION_BITS;
        // The number whose last bit is 1: an integer put into the low bits of its pattern is added to it.
        let one_in_last_place = 1u64 << bits;
        let field = self.shr(bits).or(self.number(one_in_last_place as f64));
        field.sub(self.number((one_in_last_place + Self::Elem::BIAS) as f64))
    }

    /// The entry of `table` at the index in the low bits of each lane's bit pattern. `N` is a power of two; up to 32
    /// entries are kept in registers where the instruction set can.
    #[inline(always)]
    fn lookup<const N: usize>(self, table: &[Self::Elem; N]) -> Self {
        const { assert!(N.is_power_of_two()) };
        let mut lanes = [<Self::Elem as Default>::default(); MAX_LANES];
        // SAFETY: the buffer has room for any LANES; `self` proves that the CPU has the instructions.
        unsafe {
            self.store(lanes.as_mut_ptr());
            for lane in lanes.iter_mut().take(Self::LANES) {
                *lane = table[lane.pattern() as usize & (N - 1)];
            }
            Self::load(lanes.as_ptr())
        }
    }

    /// Runs `kernel` in a function of its own, so that what is large and called from several places is there once.
    ///
    /// # Safety
    /// As [`Vector::splat`].
    #[inline(never)]
    unsafe fn outlined<K: Kernel<Self::Elem>>(kernel: K) -> K::Output {
        // SAFETY: the caller's.
        unsafe { kernel.run::<Self>() }
    }

    /// The lanes of both in turn, `self`'s first: the first half of them, and the second.
    fn interleave(self, b: Self) -> (Self, Self);

    /// Lanes `n` to `2 n` added to the first `n` ones, which alone count afterwards. `n` is half of the lanes, or, if that
    /// is as much as 16 bytes, a quarter.
    fn folded(self, n: usize) -> Self;

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
