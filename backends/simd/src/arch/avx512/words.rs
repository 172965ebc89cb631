//! Random words in registers of 64 bytes.

use std::arch::x86_64::*;

use super::{F32x16, F64x8, pd, ps};
use crate::words::{FromWords, Words};

/// Eight words.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct U64x8(__m512i);

impl Words for U64x8 {
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn splat(x: u64) -> Self {
        // SAFETY: the caller's.
        unsafe { Self(_mm512_set1_epi64(x as i64)) }
    }

    #[inline(always)]
    unsafe fn counted(x: u64) -> Self {
        // SAFETY: the caller's.
        unsafe { Self(_mm512_add_epi64(_mm512_set1_epi64(x as i64), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7))) }
    }

    #[inline(always)]
    fn mul_lower(self, b: Self) -> Self {
        // SAFETY: a register in hand proves that the CPU has its instructions.
        unsafe { Self(_mm512_mul_epu32(self.0, b.0)) }
    }

    #[inline(always)]
    fn upper(self) -> Self {
        // SAFETY: as mul_lower.
        unsafe { Self(_mm512_srli_epi64::<32>(self.0)) }
    }

    #[inline(always)]
    fn raised(self) -> Self {
        // SAFETY: as mul_lower.
        unsafe { Self(_mm512_slli_epi64::<32>(self.0)) }
    }

    #[inline(always)]
    fn xor(self, b: Self, c: Self) -> Self {
        // SAFETY: as mul_lower.
        unsafe { Self(_mm512_ternarylogic_epi64::<0b1001_0110>(self.0, b.0, c.0)) }
    }
}

/// [`FromWords::centred`]: the lower bits as the fraction of a number in [1, 2).
///
/// # Safety
/// The CPU has AVX-512 F.
#[inline(always)]
unsafe fn centred_f64(words: __m512i) -> __m512d {
    // SAFETY: the caller's.
    unsafe {
        let (mask, one) = (_mm512_set1_epi64((1 << 52) - 1), _mm512_set1_epi64(0x3ff0 << 48));
        let from_one = _mm512_castsi512_pd(_mm512_ternarylogic_epi64::<0b1110_1010>(words, mask, one));
        _mm512_sub_pd(from_one, _mm512_set1_pd(1.5))
    }
}

/// [`FromWords::centred`]: the lower bits as a signed number, and a half.
///
/// # Safety
/// The CPU has AVX-512 F.
#[inline(always)]
unsafe fn centred_f32(words: __m512i) -> __m512 {
    // SAFETY: the caller's.
    unsafe {
        let odd = _mm512_or_si512(_mm512_slli_epi32::<2>(words), _mm512_set1_epi32(2));
        _mm512_mul_ps(_mm512_cvtepi32_ps(odd), _mm512_set1_ps(1.0 / (1_u64 << 32) as f32))
    }
}

/// [`FromWords`] for one element type. The ternary instruction computes `a ^ (b & c)`, given as its truth table.
macro_rules! from_words {
    (
        $vector:ident of $elem:ident in $set:ident, $bits:ident: $mantissa:literal, $root_half:literal;
        $unsigned:ident $signed:ident $centred:ident $ternary:ident $shr:ident $sar:ident $shl:ident
    ) => {
        impl FromWords for $vector {
            type Words = U64x8;

            #[inline(always)]
            fn unit(words: U64x8) -> Self {
                // SAFETY: a register in hand proves that the CPU has its instructions.
                unsafe {
                    let whole = $unsigned($shr::<{ $bits::BITS - $mantissa - 1 }>(words.0));
                    Self($set::mul(whole, $set::splat(0.5 / (1_u64 << $mantissa) as $elem)))
                }
            }

            #[inline(always)]
            fn positive(words: U64x8) -> Self {
                // SAFETY: as unit.
                unsafe {
                    let whole = $unsigned(_mm512_or_si512(words.0, $set::splat_bits(1)));
                    Self($set::mul(whole, $set::splat(1.0 / (1_u128 << $bits::BITS) as $elem)))
                }
            }

            #[inline(always)]
            fn centred(words: U64x8) -> Self {
                // SAFETY: as unit.
                unsafe { Self($centred(words.0)) }
            }

            #[inline(always)]
            fn flipped(self, words: U64x8) -> Self {
                // SAFETY: as unit.
                unsafe {
                    let sign = $set::splat_bits($bits::MIN);
                    Self($set::from_bits($ternary::<0b0111_1000>($set::to_bits(self.0), words.0, sign)))
                }
            }

            #[inline(always)]
            fn picked(words: U64x8, a: Self, b: Self) -> Self {
                // SAFETY: as unit.
                unsafe {
                    let is_set = $set::test(words.0, $set::splat_bits(1 << ($bits::BITS - 2)));
                    Self($set::select(is_set, b.0, a.0))
                }
            }

            #[inline(always)]
            fn scaled(self) -> (Self, Self) {
                // SAFETY: as unit.
                unsafe {
                    let bits = $set::to_bits(self.0);
                    let k = $sar::<$mantissa>($set::sub_bits(bits, $set::splat_bits($root_half)));
                    let m = $set::sub_bits(bits, $shl::<$mantissa>(k));
                    (Self($signed(k)), Self($set::from_bits(m)))
                }
            }
        }
    };
}

from_words! {
    F64x8 of f64 in pd, i64: 52, 0x3fe6_a09e_667f_3bcd;
    _mm512_cvtepu64_pd _mm512_cvtepi64_pd centred_f64 _mm512_ternarylogic_epi64
    _mm512_srli_epi64 _mm512_srai_epi64 _mm512_slli_epi64
}

from_words! {
    F32x16 of f32 in ps, i32: 23, 0x3f35_04f3;
    _mm512_cvtepu32_ps _mm512_cvtepi32_ps centred_f32 _mm512_ternarylogic_epi32
    _mm512_srli_epi32 _mm512_srai_epi32 _mm512_slli_epi32
}
