//! Vectors for any CPU: arrays of 16 bytes, which the compiler keeps in SSE2 or NEON registers.

mod words;

use std::array;
use std::ops::{BitAnd, BitOr, Not};

use gingham_core::Scalar;

use crate::vector::{
    Across, Arithmetic, Bits, Compare, Element, Elementary, InF64, Kernel, MAX_LANES, Mask, Memory, Register, Vector,
};

/// Runs `kernel` on the baseline of the compilation target.
///
/// # Safety
/// The baseline has the instructions of V, as it has those of [`V128`].
pub(crate) unsafe fn run<V: Vector, K: Kernel<V::Elem>>(kernel: K) -> K::Output {
    // SAFETY: the caller's.
    unsafe { kernel.run::<V>() }
}

/// `N` elements: 16 bytes, or 32 where `f32` are widened.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct V128<T, const N: usize>([T; N]);

impl<T: Copy, const N: usize> V128<T, N> {
    #[inline(always)]
    fn map(mut self, f: impl Fn(T) -> T) -> Self {
        for x in &mut self.0 {
            *x = f(*x);
        }
        self
    }

    #[inline(always)]
    fn zip(mut self, other: Self, f: impl Fn(T, T) -> T) -> Self {
        for (x, y) in self.0.iter_mut().zip(other.0) {
            *x = f(*x, y);
        }
        self
    }
}

/// A truth value for each of `N` lanes.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<const N: usize>([bool; N]);

impl<const N: usize> Mask for Lanes<N> {
    #[inline(always)]
    fn any(self) -> bool {
        self.0.into_iter().fold(false, |any, lane| any | lane)
    }
}

impl<const N: usize> BitAnd for Lanes<N> {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, b: Self) -> Self {
        Self(array::from_fn(|i| self.0[i] & b.0[i]))
    }
}

impl<const N: usize> BitOr for Lanes<N> {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, b: Self) -> Self {
        Self(array::from_fn(|i| self.0[i] | b.0[i]))
    }
}

impl<const N: usize> Not for Lanes<N> {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        Self(self.0.map(|lane| !lane))
    }
}

impl<T: Element, const N: usize> Register for V128<T, N> {
    type Elem = T;
    const LANES: usize = {
        assert!(N.is_power_of_two() && N <= MAX_LANES);
        N
    };
    /// As many as SSE2 has. NEON has 32, but this level is not meant to be fast.
    const REGISTERS: usize = 16;

    #[inline(always)]
    unsafe fn splat(x: T) -> Self {
        Self([x; N])
    }
}

impl<T: Element, const N: usize> Memory for V128<T, N> {
    #[inline(always)]
    unsafe fn load(p: *const T) -> Self {
        // SAFETY: the caller's; an array has the alignment of its elements.
        Self(unsafe { *p.cast::<[T; N]>() })
    }

    #[inline(always)]
    unsafe fn load_first(p: *const T, n: usize) -> Self {
        let mut lanes = [T::zero(); N];
        for (i, lane) in lanes.iter_mut().enumerate().take(n) {
            // SAFETY: `i < n`, and the caller answers for `n` elements.
            *lane = unsafe { *p.add(i) };
        }
        Self(lanes)
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut T) {
        // SAFETY: the caller's; an array has the alignment of its elements.
        unsafe { *p.cast::<[T; N]>() = self.0 };
    }

    #[inline(always)]
    unsafe fn store_first(self, p: *mut T, n: usize) {
        for (i, &lane) in self.0.iter().enumerate().take(n) {
            // SAFETY: `i < n`, and the caller answers for `n` elements.
            unsafe { *p.add(i) = lane };
        }
    }
}

impl<T: Element, const N: usize> Arithmetic for V128<T, N> {
    const FUSED: bool = false;

    /// Not fused: without the instruction, a fused product is a library call some 20 times as slow.
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        self.mul(b).add(c)
    }

    #[inline(always)]
    fn add(self, b: Self) -> Self {
        self.zip(b, |x, y| x + y)
    }

    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        self.zip(b, |x, y| x - y)
    }

    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        self.zip(b, |x, y| x * y)
    }

    #[inline(always)]
    fn div(self, b: Self) -> Self {
        self.zip(b, |x, y| x / y)
    }

    /// The first test takes a NaN in x; a NaN in y fails the second test, so y is the result.
    #[inline(always)]
    fn min(self, b: Self) -> Self {
        self.zip(b, |x, y| if x.is_nan() || x < y { x } else { y })
    }

    #[inline(always)]
    fn max(self, b: Self) -> Self {
        self.zip(b, |x, y| if x.is_nan() || x > y { x } else { y })
    }

    /// NaN fails both tests, and so stays.
    #[inline(always)]
    fn clamp(self, low: Self, high: Self) -> Self {
        self.zip(high, |x, high| if high < x { high } else { x }).zip(low, |x, low| if x < low { low } else { x })
    }

    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|x| -x)
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.map(T::abs)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(T::sqrt)
    }

    #[inline(always)]
    fn recip(self) -> Self {
        self.map(T::recip)
    }
}

impl<T: Element, const N: usize> Bits for V128<T, N> {
    #[inline(always)]
    fn and(self, b: Self) -> Self {
        self.zip(b, |x, y| T::from_pattern(x.pattern() & y.pattern()))
    }

    #[inline(always)]
    fn or(self, b: Self) -> Self {
        self.zip(b, |x, y| T::from_pattern(x.pattern() | y.pattern()))
    }

    #[inline(always)]
    fn xor(self, b: Self) -> Self {
        self.zip(b, |x, y| T::from_pattern(x.pattern() ^ y.pattern()))
    }

    #[inline(always)]
    fn add_bits(self, b: Self) -> Self {
        self.zip(b, |x, y| T::from_pattern(x.pattern().wrapping_add(y.pattern())))
    }

    #[inline(always)]
    fn sub_bits(self, b: Self) -> Self {
        self.zip(b, |x, y| T::from_pattern(x.pattern().wrapping_sub(y.pattern())))
    }

    #[inline(always)]
    fn shl(self, n: u32) -> Self {
        self.map(|x| T::from_pattern(x.pattern() << n))
    }

    #[inline(always)]
    fn shr(self, n: u32) -> Self {
        self.map(|x| T::from_pattern(x.pattern() >> n))
    }
}

impl<T: Element, const N: usize> Compare for V128<T, N> {
    type Mask = Lanes<N>;

    #[inline(always)]
    fn eq(self, b: Self) -> Lanes<N> {
        Lanes(array::from_fn(|i| self.0[i] == b.0[i]))
    }

    #[inline(always)]
    fn lt(self, b: Self) -> Lanes<N> {
        Lanes(array::from_fn(|i| self.0[i] < b.0[i]))
    }

    #[inline(always)]
    fn le(self, b: Self) -> Lanes<N> {
        Lanes(array::from_fn(|i| self.0[i] <= b.0[i]))
    }

    #[inline(always)]
    fn select(mask: Lanes<N>, a: Self, b: Self) -> Self {
        Self(array::from_fn(|i| if mask.0[i] { a.0[i] } else { b.0[i] }))
    }
}

impl<T: Element, const N: usize> Across for V128<T, N> {
    #[inline(always)]
    fn interleave(self, b: Self) -> (Self, Self) {
        let lane = |i: usize| if i.is_multiple_of(2) { self.0[i / 2] } else { b.0[i / 2] };
        (Self(array::from_fn(lane)), Self(array::from_fn(|i| lane(N + i))))
    }

    #[inline(always)]
    fn folded(self, n: usize) -> Self {
        Self(array::from_fn(|i| if i < n { self.0[i] + self.0[i + n] } else { self.0[i] }))
    }
}

impl<T: Element, const N: usize> Elementary for V128<T, N> {}

impl<T: Element, const N: usize> Vector for V128<T, N> {
    #[inline(always)]
    fn in_f64<const A: usize>(arguments: [Self; A], f: impl InF64<A>) -> Self {
        Self(f.apply(arguments.map(|x| V128(x.0.map(Scalar::into_f64)))).0.map(T::from_f64))
    }
}
