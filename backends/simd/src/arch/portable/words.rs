//! Random words in arrays of 16 bytes, a lane at a time.

use std::array::from_fn;

use gingham_core::DType;

use super::V128;
use crate::vector::Element;
use crate::words::{FromWords, Words};

/// Two words.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct U64x2([u64; 2]);

impl Words for U64x2 {
    const LANES: usize = 2;

    #[inline(always)]
    unsafe fn splat(x: u64) -> Self {
        Self([x; 2])
    }

    #[inline(always)]
    unsafe fn counted(x: u64) -> Self {
        Self([x, x.wrapping_add(1)])
    }

    #[inline(always)]
    fn mul_lower(self, b: Self) -> Self {
        let lower = |x: u64| x & u64::from(u32::MAX);
        Self(from_fn(|i| lower(self.0[i]) * lower(b.0[i])))
    }

    #[inline(always)]
    fn upper(self) -> Self {
        Self(self.0.map(|x| x >> 32))
    }

    #[inline(always)]
    fn raised(self) -> Self {
        Self(self.0.map(|x| x << 32))
    }

    #[inline(always)]
    fn xor(self, b: Self, c: Self) -> Self {
        Self(from_fn(|i| self.0[i] ^ b.0[i] ^ c.0[i]))
    }
}

impl U64x2 {
    /// Lane `i` of a vector of `T`. If a word holds two lanes, the lower half is the first.
    #[inline(always)]
    fn lane<T: Element>(self, i: usize) -> u64 {
        match T::DTYPE {
            DType::F64 => self.0[i],
            DType::F32 => self.0[i / 2] >> (32 * (i % 2)) & u64::from(u32::MAX),
        }
    }
}

/// Bits of a lane, and those of its mantissa.
#[inline(always)]
fn widths<T: Element>() -> (u32, u32) {
    match T::DTYPE {
        DType::F64 => (64, 52),
        DType::F32 => (32, 23),
    }
}

/// `2^-n`, for `n < 1023`.
#[inline(always)]
fn scale(n: u32) -> f64 {
    f64::from_bits(u64::from(1023 - n) << 52)
}

impl<T: Element, const N: usize> FromWords for V128<T, N> {
    type Words = U64x2;

    #[inline(always)]
    fn unit(words: U64x2) -> Self {
        let (width, mantissa) = widths::<T>();
        let whole = |i| (words.lane::<T>(i) >> (width - mantissa - 1)) as f64;
        Self(from_fn(|i| T::from_f64(whole(i) * scale(mantissa + 1))))
    }

    #[inline(always)]
    fn positive(words: U64x2) -> Self {
        let (width, _) = widths::<T>();
        Self(from_fn(|i| T::from_f64((words.lane::<T>(i) | 1) as f64 * scale(width))))
    }

    #[inline(always)]
    fn centred(words: U64x2) -> Self {
        let lower = |i, bits: u32| words.lane::<T>(i) & ((1_u64 << bits) - 1);
        let odd = |i| ((lower(i, 30) << 2) as u32 | 2).cast_signed();
        Self(from_fn(|i| match T::DTYPE {
            DType::F64 => T::from_f64(lower(i, 52) as f64 * scale(52) - 0.5),
            DType::F32 => T::from_f64(f64::from(odd(i)) * scale(32)),
        }))
    }

    #[inline(always)]
    fn flipped(self, words: U64x2) -> Self {
        let (width, _) = widths::<T>();
        Self(from_fn(|i| if words.lane::<T>(i) >> (width - 1) & 1 == 1 { -self.0[i] } else { self.0[i] }))
    }

    #[inline(always)]
    fn picked(words: U64x2, a: Self, b: Self) -> Self {
        let (width, _) = widths::<T>();
        Self(from_fn(|i| if words.lane::<T>(i) >> (width - 2) & 1 == 1 { b.0[i] } else { a.0[i] }))
    }

    /// Goes through `f64`, which holds every `f32`.
    #[inline(always)]
    fn scaled(self) -> (Self, Self) {
        let bits = self.0.map(|x| x.into_f64().to_bits());
        let exponent = |i: usize| (bits[i] as i64 - 0x3fe6_a09e_667f_3bcd) >> 52;
        let m = |i: usize| f64::from_bits((bits[i] as i64 - (exponent(i) << 52)) as u64);
        (Self(from_fn(|i| T::from_f64(exponent(i) as f64))), Self(from_fn(|i| T::from_f64(m(i)))))
    }
}
