//! Vectors of 32 bytes: AVX2 with FMA, on nearly every x86-64 CPU since 2013.

mod words;

use std::arch::x86_64::*;
use std::ops::{BitAnd, BitOr, Not};

use super::x86::vectors;
use crate::vector::{Across, Arithmetic, Bits, Compare, Elementary, InF64, Kernel, Mask, Memory, Register, Vector};

/// Runs `kernel` compiled for AVX2 and FMA.
///
/// # Safety
/// The CPU has the instructions of V, which are those of this file.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn run<V: Vector, K: Kernel<V::Elem>>(kernel: K) -> K::Output {
    // SAFETY: the caller's.
    unsafe { kernel.run::<V>() }
}

/// [`run`] in a function of its own.
///
/// # Safety
/// As [`run`].
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
unsafe fn outlined<V: Vector, K: Kernel<V::Elem>>(kernel: K) -> K::Output {
    // SAFETY: the caller's.
    unsafe { kernel.run::<V>() }
}

vectors! { F64x4: 4 x f64, F32x8: 8 x f32, 16 registers }

impl Elementary for F64x4 {}
impl Elementary for F32x8 {}

/// Ones, then zeros: the mask of the first n of 8 lanes starts n words before the middle, that of 4 lanes 2 n words.
static MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

/// A register whose first `words <= 8` words of 32 bits are ones.
///
/// # Safety
/// The CPU has AVX2.
#[inline(always)]
unsafe fn mask(words: usize) -> __m256i {
    // SAFETY: the eight words from `8 - words` on are inside the table; the load takes any alignment.
    unsafe { _mm256_loadu_si256(MASKS.as_ptr().add(8 - words).cast()) }
}

/// A mask: a true lane is all ones, a false lane all zeros.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Ones(__m256i);

impl Mask for Ones {
    #[inline(always)]
    fn any(self) -> bool {
        // SAFETY: a mask in hand comes from a vector, which proves that the CPU has its instructions.
        unsafe { _mm256_testz_si256(self.0, self.0) == 0 }
    }
}

impl BitAnd for Ones {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, b: Self) -> Self {
        // SAFETY: as any.
        unsafe { Self(_mm256_and_si256(self.0, b.0)) }
    }
}

impl BitOr for Ones {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, b: Self) -> Self {
        // SAFETY: as any.
        unsafe { Self(_mm256_or_si256(self.0, b.0)) }
    }
}

impl Not for Ones {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        // SAFETY: as any.
        unsafe { Self(_mm256_xor_si256(self.0, _mm256_set1_epi32(-1))) }
    }
}

/// What AVX2 does differently from AVX-512, for elements of `$words` words of 32 bits.
macro_rules! avx2 {
    ($elem:ident of $words:literal words) => {
        #[inline]
        #[target_feature(enable = "avx2,fma")]
        pub(super) unsafe fn load_first(p: *const $elem, n: usize) -> Raw {
            // SAFETY: the caller's; lanes that are masked off are not read.
            unsafe { load_masked(p, mask($words * n)) }
        }

        #[inline]
        #[target_feature(enable = "avx2,fma")]
        pub(super) unsafe fn store_first(p: *mut $elem, n: usize, x: Raw) {
            // SAFETY: the caller's; lanes that are masked off are not written.
            unsafe { store_masked(p, mask($words * n), x) }
        }

        #[inline]
        #[target_feature(enable = "avx2,fma")]
        pub(super) fn abs(x: Raw) -> Raw {
            and_not(splat(-0.0), x)
        }

        #[inline]
        #[target_feature(enable = "avx2,fma")]
        pub(super) fn compare<const OPERATOR: i32>(a: Raw, b: Raw) -> Mask {
            Mask(to_bits(compare_lanes::<OPERATOR>(a, b)))
        }

        #[inline]
        #[target_feature(enable = "avx2,fma")]
        pub(super) fn select(mask: Mask, a: Raw, b: Raw) -> Raw {
            blend(b, a, from_bits(mask.0))
        }

        /// Each half of 16 bytes by itself; then the two lower halves together, and the two upper ones.
        #[inline]
        #[target_feature(enable = "avx2,fma")]
        pub(super) fn interleave(a: Raw, b: Raw) -> (Raw, Raw) {
            let (low, high) = (unpack_low(a, b), unpack_high(a, b));
            (halves::<0x20>(low, high), halves::<0x31>(low, high))
        }

        #[inline]
        #[target_feature(enable = "avx2,fma")]
        pub(super) fn from_lane(x: Raw, n: usize) -> Raw {
            debug_assert_eq!(n, 4 / $words);
            halves::<0x11>(x, x)
        }
    };
}

/// Instructions for `f64`.
mod pd {
    #[rustfmt::skip]
    pub(super) use std::arch::x86_64::{
        __m256d as Raw, _mm256_set1_pd as splat,
        _mm256_loadu_pd as load, _mm256_storeu_pd as store, _mm256_stream_pd as stream,
        _mm256_fmadd_pd as mul_add, _mm256_add_pd as add, _mm256_sub_pd as sub, _mm256_mul_pd as mul,
        _mm256_div_pd as div, _mm256_min_pd as min, _mm256_max_pd as max, _mm256_sqrt_pd as sqrt,
        _mm256_and_pd as and, _mm256_or_pd as or, _mm256_xor_pd as xor,
        _mm256_castpd_si256 as to_bits, _mm256_castsi256_pd as from_bits, _mm256_set1_epi64x as splat_bits,
        _mm256_add_epi64 as add_bits, _mm256_sub_epi64 as sub_bits, _mm256_sllv_epi64 as shl, _mm256_srlv_epi64 as shr,
    };
    #[rustfmt::skip]
    use std::arch::x86_64::{
        _mm256_maskload_pd as load_masked, _mm256_maskstore_pd as store_masked, _mm256_andnot_pd as and_not,
        _mm256_cmp_pd as compare_lanes, _mm256_blendv_pd as blend, _mm256_unpacklo_pd as unpack_low,
        _mm256_unpackhi_pd as unpack_high, _mm256_permute2f128_pd as halves,
    };
    pub(super) use super::Ones as Mask;
    use super::mask;

    avx2! { f64 of 2 words }
}

/// Instructions for `f32`.
mod ps {
    #[rustfmt::skip]
    pub(super) use std::arch::x86_64::{
        __m256 as Raw, _mm256_set1_ps as splat,
        _mm256_loadu_ps as load, _mm256_storeu_ps as store, _mm256_stream_ps as stream,
        _mm256_fmadd_ps as mul_add, _mm256_add_ps as add, _mm256_sub_ps as sub, _mm256_mul_ps as mul,
        _mm256_div_ps as div, _mm256_min_ps as min, _mm256_max_ps as max, _mm256_sqrt_ps as sqrt,
        _mm256_and_ps as and, _mm256_or_ps as or, _mm256_xor_ps as xor,
        _mm256_castps_si256 as to_bits, _mm256_castsi256_ps as from_bits, _mm256_set1_epi32 as splat_bits,
        _mm256_add_epi32 as add_bits, _mm256_sub_epi32 as sub_bits, _mm256_sllv_epi32 as shl, _mm256_srlv_epi32 as shr,
    };
    #[rustfmt::skip]
    use std::arch::x86_64::{
        _mm256_maskload_ps as load_masked, _mm256_maskstore_ps as store_masked, _mm256_andnot_ps as and_not,
        _mm256_cmp_ps as compare_lanes, _mm256_blendv_ps as blend, _mm256_unpacklo_ps as unpack_low,
        _mm256_unpackhi_ps as unpack_high, _mm256_permute2f128_ps as halves,
    };
    pub(super) use super::Ones as Mask;
    use super::mask;

    avx2! { f32 of 1 words }

    use std::arch::x86_64::*;

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn widen_lower(x: Raw) -> __m256d {
        _mm256_cvtps_pd(_mm256_castps256_ps128(x))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn widen_upper(x: Raw) -> __m256d {
        _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(x))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn narrow(low: __m256d, high: __m256d) -> Raw {
        _mm256_set_m128(_mm256_cvtpd_ps(high), _mm256_cvtpd_ps(low))
    }
}
