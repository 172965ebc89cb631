//! Random words in registers of 32 bytes.
//!
//! AVX2 converts neither 64-bit integers nor unsigned ones to floating point. Here each half of a word is converted
//! exactly, and the sum of the halves is rounded once, as the single conversion of AVX-512 rounds.

use std::arch::x86_64::*;

use super::{F32x8, F64x4, Ones, pd, ps};
use crate::words::{FromWords, Words};

/// Four words.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct U64x4(__m256i);

impl Words for U64x4 {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: u64) -> Self {
        // SAFETY: the caller's.
        unsafe { Self(_mm256_set1_epi64x(x as i64)) }
    }

    #[inline(always)]
    unsafe fn counted(x: u64) -> Self {
        // SAFETY: the caller's.
        unsafe { Self(_mm256_add_epi64(_mm256_set1_epi64x(x as i64), _mm256_setr_epi64x(0, 1, 2, 3))) }
    }

    #[inline(always)]
    fn mul_lower(self, b: Self) -> Self {
        // SAFETY: a register in hand proves that the CPU has its instructions.
        unsafe { Self(_mm256_mul_epu32(self.0, b.0)) }
    }

    #[inline(always)]
    fn upper(self) -> Self {
        // SAFETY: as mul_lower.
        unsafe { Self(_mm256_srli_epi64::<32>(self.0)) }
    }

    #[inline(always)]
    fn raised(self) -> Self {
        // SAFETY: as mul_lower.
        unsafe { Self(_mm256_slli_epi64::<32>(self.0)) }
    }

    #[inline(always)]
    fn xor(self, b: Self, c: Self) -> Self {
        // SAFETY: as mul_lower.
        unsafe { Self(_mm256_xor_si256(_mm256_xor_si256(self.0, b.0), c.0)) }
    }
}

/// Words as numbers, rounded to nearest. The lower half becomes the last bits of 2^52, the upper half those of 2^84.
/// Before the two are added, 2^84 and 2^52 are subtracted from the upper one, which is exact.
///
/// # Safety
/// The CPU has AVX2.
#[inline(always)]
unsafe fn whole_f64(words: __m256i) -> __m256d {
    // SAFETY: the caller's.
    unsafe {
        let (two_52, two_84) = (_mm256_set1_epi64x(0x4330 << 48), _mm256_set1_epi64x(0x4530 << 48));
        let lower = _mm256_castsi256_pd(_mm256_blend_epi32::<0b1010_1010>(words, two_52));
        let upper = _mm256_castsi256_pd(_mm256_or_si256(_mm256_srli_epi64::<32>(words), two_84));
        let excess = _mm256_set1_pd(f64::from_bits(0x4530_0000_0010_0000));
        _mm256_add_pd(_mm256_sub_pd(upper, excess), lower)
    }
}

/// 32-bit words as numbers, rounded to nearest: the halves are exact, their sum is rounded.
///
/// # Safety
/// The CPU has AVX2 and FMA.
#[inline(always)]
unsafe fn whole_f32(words: __m256i) -> __m256 {
    // SAFETY: the caller's.
    unsafe {
        let lower = _mm256_cvtepi32_ps(_mm256_and_si256(words, _mm256_set1_epi32(0xffff)));
        let upper = _mm256_cvtepi32_ps(_mm256_srli_epi32::<16>(words));
        _mm256_fmadd_ps(upper, _mm256_set1_ps(65536.0), lower)
    }
}

/// [`FromWords::centred`]: the lower bits as the fraction of a number in [1, 2).
///
/// # Safety
/// The CPU has AVX2.
#[inline(always)]
unsafe fn centred_f64(words: __m256i) -> __m256d {
    // SAFETY: the caller's.
    unsafe {
        let lower = _mm256_and_si256(words, _mm256_set1_epi64x((1 << 52) - 1));
        let from_one = _mm256_castsi256_pd(_mm256_or_si256(lower, _mm256_set1_epi64x(0x3ff0 << 48)));
        _mm256_sub_pd(from_one, _mm256_set1_pd(1.5))
    }
}

/// [`FromWords::centred`]: the lower bits as a signed number, and a half.
///
/// # Safety
/// The CPU has AVX2.
#[inline(always)]
unsafe fn centred_f32(words: __m256i) -> __m256 {
    // SAFETY: the caller's.
    unsafe {
        let odd = _mm256_or_si256(_mm256_slli_epi32::<2>(words), _mm256_set1_epi32(2));
        _mm256_mul_ps(_mm256_cvtepi32_ps(odd), _mm256_set1_ps(1.0 / (1_u64 << 32) as f32))
    }
}

/// [`FromWords`] for one element type. `scaled` makes numbers of the exponents `k` while their bias keeps them
/// positive: it puts them into the last bits of a large number.
macro_rules! from_words {
    (
        $vector:ident of $elem:ident in $set:ident, $bits:ident: $mantissa:literal, $one:literal, $root_half:literal,
        $large:literal; $whole:ident $centred:ident $shr:ident $shl:ident
    ) => {
        impl FromWords for $vector {
            type Words = U64x4;

            #[inline(always)]
            fn unit(words: U64x4) -> Self {
                // SAFETY: a register in hand proves that the CPU has its instructions.
                unsafe {
                    let whole = $whole($shr::<{ $bits::BITS as i32 - $mantissa - 1 }>(words.0));
                    Self($set::mul(whole, $set::splat(0.5 / (1_u64 << $mantissa) as $elem)))
                }
            }

            #[inline(always)]
            fn positive(words: U64x4) -> Self {
                // SAFETY: as unit.
                unsafe {
                    let whole = $whole(_mm256_or_si256(words.0, $set::splat_bits(1)));
                    Self($set::mul(whole, $set::splat(1.0 / (1_u128 << $bits::BITS) as $elem)))
                }
            }

            #[inline(always)]
            fn centred(words: U64x4) -> Self {
                // SAFETY: as unit.
                unsafe { Self($centred(words.0)) }
            }

            #[inline(always)]
            fn flipped(self, words: U64x4) -> Self {
                // SAFETY: as unit.
                unsafe {
                    let sign = _mm256_and_si256(words.0, $set::splat_bits($bits::MIN));
                    Self($set::xor(self.0, $set::from_bits(sign)))
                }
            }

            #[inline(always)]
            fn picked(words: U64x4, a: Self, b: Self) -> Self {
                // SAFETY: as unit; a selection looks at the highest bits.
                unsafe { Self($set::select(Ones($shl::<1>(words.0)), b.0, a.0)) }
            }

            #[inline(always)]
            fn scaled(self) -> (Self, Self) {
                // SAFETY: as unit.
                unsafe {
                    let (bits, one) = ($set::to_bits(self.0), $set::splat_bits($one));
                    let k = $shr::<$mantissa>($set::add_bits(bits, $set::splat_bits($one - $root_half)));
                    let m = $set::add_bits($set::sub_bits(bits, $shl::<$mantissa>(k)), one);
                    let large = $set::to_bits($set::splat($large));
                    let bias = ($one as $bits >> $mantissa) as $elem;
                    let number = $set::from_bits(_mm256_or_si256(k, large));
                    (Self($set::sub(number, $set::splat($large + bias))), Self($set::from_bits(m)))
                }
            }
        }
    };
}

from_words! {
    F64x4 of f64 in pd, i64: 52, 0x3ff0_0000_0000_0000, 0x3fe6_a09e_667f_3bcd, 4503599627370496.0;
    whole_f64 centred_f64 _mm256_srli_epi64 _mm256_slli_epi64
}

from_words! {
    F32x8 of f32 in ps, i32: 23, 0x3f80_0000, 0x3f35_04f3, 8388608.0;
    whole_f32 centred_f32 _mm256_srli_epi32 _mm256_slli_epi32
}
