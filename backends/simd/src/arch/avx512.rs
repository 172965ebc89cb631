//! Vectors of 64 bytes: AVX-512 F, BW, DQ and VL, which every CPU with AVX-512 has, except Knights Landing.

mod words;

use std::arch::x86_64::*;

use super::x86::vectors;
use crate::vector::{Across, Arithmetic, Bits, Compare, Elementary, InF64, Kernel, Mask, Memory, Register, Vector};

/// Runs `kernel` compiled for AVX-512.
///
/// # Safety
/// The CPU has the instructions of V, which are those of this file.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
pub(crate) unsafe fn run<V: Vector, K: Kernel<V::Elem>>(kernel: K) -> K::Output {
    // SAFETY: the caller's.
    unsafe { kernel.run::<V>() }
}

/// [`run`] in a function of its own.
///
/// # Safety
/// As [`run`].
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn outlined<V: Vector, K: Kernel<V::Elem>>(kernel: K) -> K::Output {
    // SAFETY: the caller's.
    unsafe { kernel.run::<V>() }
}

vectors! { F64x8: 8 x f64, F32x16: 16 x f32, 32 registers }

/// The steps of elementary functions that take an instruction or two here.
macro_rules! elementary {
    ($($vector:ident: $lanes:literal x $elem:ident in $set:ident;)*) => {$(
        impl Elementary for $vector {
            #[inline(always)]
            fn scale(self, n: Self) -> Self {
                // SAFETY: a vector in hand proves that the CPU has its instructions.
                unsafe { Self($set::scale(self.0, n.0)) }
            }

            #[inline(always)]
            fn exponent(self) -> Self {
                // SAFETY: as scale.
                unsafe { Self($set::exponent(self.0)) }
            }

            #[inline(always)]
            fn lookup<const N: usize>(self, table: &[$elem; N]) -> Self {
                const { assert!(N.is_power_of_two() && N >= $lanes && N <= 32) };
                // SAFETY: as scale; each register of the table is inside it.
                unsafe {
                    let part = |i: usize| $set::load(table.as_ptr().add(i * $lanes));
                    let index = $set::to_bits(self.0);
                    let pair = |i: usize| $set::permute2(part(i), index, part(i + 1));
                    match N / $lanes {
                        1 => Self($set::permute(index, part(0))),
                        2 => Self(pair(0)),
                        _ => {
                            let is_upper = $set::test(index, $set::splat_bits(2 * $lanes));
                            Self($set::select(is_upper, pair(2), pair(0)))
                        }
                    }
                }
            }
        }
    )*};
}

elementary! { F64x8: 8 x f64 in pd; F32x16: 16 x f32 in ps; }

/// A mask is a register with exactly one bit for each lane.
macro_rules! mask {
    ($($mask:ty)*) => {$(
        impl Mask for $mask {
            #[inline(always)]
            fn any(self) -> bool {
                self != 0
            }
        }
    )*};
}

mask! { __mmask8 __mmask16 }

/// What AVX-512 does differently from AVX2.
macro_rules! avx512 {
    ($elem:ident) => {
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
        pub(super) unsafe fn load_first(p: *const $elem, n: usize) -> Raw {
            // SAFETY: the caller's; lanes that are masked off are not read.
            unsafe { load_masked(((1u32 << n) - 1) as Mask, p) }
        }

        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
        pub(super) unsafe fn store_first(p: *mut $elem, n: usize, x: Raw) {
            // SAFETY: the caller's; lanes that are masked off are not written.
            unsafe { store_masked(p, ((1u32 << n) - 1) as Mask, x) }
        }

        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
        pub(super) fn select(mask: Mask, a: Raw, b: Raw) -> Raw {
            blend(mask, b, a)
        }
    };
}

/// Instructions for `f64`.
mod pd {
    use std::arch::x86_64::*;
    #[rustfmt::skip]
    pub(super) use std::arch::x86_64::{
        __m512d as Raw, __mmask8 as Mask, _mm512_set1_pd as splat,
        _mm512_loadu_pd as load, _mm512_storeu_pd as store, _mm512_stream_pd as stream,
        _mm512_fmadd_pd as mul_add, _mm512_add_pd as add, _mm512_sub_pd as sub, _mm512_mul_pd as mul,
        _mm512_div_pd as div, _mm512_min_pd as min, _mm512_max_pd as max, _mm512_sqrt_pd as sqrt,
        _mm512_abs_pd as abs, _mm512_and_pd as and, _mm512_or_pd as or, _mm512_xor_pd as xor,
        _mm512_castpd_si512 as to_bits, _mm512_castsi512_pd as from_bits, _mm512_set1_epi64 as splat_bits,
        _mm512_add_epi64 as add_bits, _mm512_sub_epi64 as sub_bits, _mm512_sllv_epi64 as shl, _mm512_srlv_epi64 as shr,
        _mm512_cmp_pd_mask as compare, _mm512_test_epi64_mask as test,
        _mm512_scalef_pd as scale, _mm512_getexp_pd as exponent,
        _mm512_permutexvar_pd as permute, _mm512_permutex2var_pd as permute2,
    };
    #[rustfmt::skip]
    use std::arch::x86_64::{
        _mm512_maskz_loadu_pd as load_masked, _mm512_mask_storeu_pd as store_masked, _mm512_mask_blend_pd as blend,
    };

    avx512! { f64 }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    pub(super) fn interleave(a: Raw, b: Raw) -> (Raw, Raw) {
        let low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
        let high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
        (permute2(a, low, b), permute2(a, high, b))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    pub(super) fn from_lane(x: Raw, n: usize) -> Raw {
        match n {
            4 => _mm512_castpd256_pd512(_mm512_extractf64x4_pd::<1>(x)),
            _ => _mm512_castpd128_pd512(_mm512_extractf64x2_pd::<1>(x)),
        }
    }
}

/// Instructions for `f32`.
mod ps {
    use std::arch::x86_64::*;
    #[rustfmt::skip]
    pub(super) use std::arch::x86_64::{
        __m512 as Raw, __mmask16 as Mask, _mm512_set1_ps as splat,
        _mm512_loadu_ps as load, _mm512_storeu_ps as store, _mm512_stream_ps as stream,
        _mm512_fmadd_ps as mul_add, _mm512_add_ps as add, _mm512_sub_ps as sub, _mm512_mul_ps as mul,
        _mm512_div_ps as div, _mm512_min_ps as min, _mm512_max_ps as max, _mm512_sqrt_ps as sqrt,
        _mm512_abs_ps as abs, _mm512_and_ps as and, _mm512_or_ps as or, _mm512_xor_ps as xor,
        _mm512_castps_si512 as to_bits, _mm512_castsi512_ps as from_bits, _mm512_set1_epi32 as splat_bits,
        _mm512_add_epi32 as add_bits, _mm512_sub_epi32 as sub_bits, _mm512_sllv_epi32 as shl, _mm512_srlv_epi32 as shr,
        _mm512_cmp_ps_mask as compare, _mm512_test_epi32_mask as test,
        _mm512_scalef_ps as scale, _mm512_getexp_ps as exponent,
        _mm512_permutexvar_ps as permute, _mm512_permutex2var_ps as permute2,
    };
    #[rustfmt::skip]
    use std::arch::x86_64::{
        _mm512_maskz_loadu_ps as load_masked, _mm512_mask_storeu_ps as store_masked, _mm512_mask_blend_ps as blend,
    };

    avx512! { f32 }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    pub(super) fn interleave(a: Raw, b: Raw) -> (Raw, Raw) {
        let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        (permute2(a, low, b), permute2(a, high, b))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    pub(super) fn from_lane(x: Raw, n: usize) -> Raw {
        match n {
            8 => _mm512_castps256_ps512(_mm512_extractf32x8_ps::<1>(x)),
            _ => _mm512_castps128_ps512(_mm512_extractf32x4_ps::<1>(x)),
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    pub(super) fn widen_lower(x: Raw) -> __m512d {
        _mm512_cvtps_pd(_mm512_castps512_ps256(x))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    pub(super) fn widen_upper(x: Raw) -> __m512d {
        _mm512_cvtps_pd(_mm512_extractf32x8_ps::<1>(x))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    pub(super) fn narrow(low: __m512d, high: __m512d) -> Raw {
        let low = _mm512_castps256_ps512(_mm512_cvtpd_ps(low));
        _mm512_insertf32x8::<1>(low, _mm512_cvtpd_ps(high))
    }
}
