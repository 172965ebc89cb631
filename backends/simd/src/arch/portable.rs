//! Vectors for any CPU: arrays of 16 bytes, which the compiler keeps in SSE2 or NEON registers.

use crate::vector::{Element, Kernel, MAX_LANES, Vector};

/// Runs `kernel` on the baseline of the compilation target.
pub(crate) fn run<T: Element, K: Kernel<T>>(kernel: K) -> K::Output {
    // SAFETY: these vectors ask for nothing beyond the baseline.
    unsafe { kernel.run::<T::Portable>() }
}

/// `N` elements of 16 bytes together.
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

impl<T: Element, const N: usize> Vector for V128<T, N> {
    type Elem = T;
    const LANES: usize = {
        assert!(N.is_power_of_two() && N <= MAX_LANES);
        N
    };
    /// SSE2's; NEON has 32, but this level is not meant to be fast.
    const REGISTERS: usize = 16;

    #[inline(always)]
    unsafe fn splat(x: T) -> Self {
        Self([x; N])
    }

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

    /// A NaN in x is taken by the first test; one in y fails the second, and y is the result.
    #[inline(always)]
    fn min(self, b: Self) -> Self {
        self.zip(b, |x, y| if x.is_nan() || x < y { x } else { y })
    }

    #[inline(always)]
    fn max(self, b: Self) -> Self {
        self.zip(b, |x, y| if x.is_nan() || x > y { x } else { y })
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
