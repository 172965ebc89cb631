//! Vectors of 32 bytes: AVX2 with FMA, on nearly every x86-64 CPU since 2013.

mod words;

use std::arch::x86_64::*;
use std::ops::{BitAnd, BitOr, Not};

use crate::vector::{Element, InF64, Kernel, Mask, Vector};

/// Runs `kernel` compiled for AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub(crate) fn run<T: Element, K: Kernel<T>>(kernel: K) -> K::Output {
    // SAFETY: whoever got here has shown that the CPU has this function's features, which these vectors ask for.
    unsafe { kernel.run::<T::Avx2>() }
}

/// [`run`] with vectors of which there is one in hand.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn outlined<V: Vector, K: Kernel<V::Elem>>(kernel: K) -> K::Output {
    // SAFETY: as in `run`.
    unsafe { kernel.run::<V>() }
}

/// All ones, then all zeros: the mask of the first n lanes of 8 (of 4) starts n words (2 n words) before the middle.
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

/// Lanes of ones where true, of zeros where false.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Ones(__m256i);

impl Mask for Ones {
    #[inline(always)]
    fn any(self) -> bool {
        // SAFETY: a mask in hand comes of a vector, which proves that the CPU has its instructions.
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

/// One vector type from its intrinsics.
macro_rules! vector {
    (
        $(#[$doc:meta])* $name:ident: $lanes:literal x $elem:ident in $register:ty;
        $splat:ident $load:ident $load_masked:ident $store:ident $store_masked:ident $stream:ident
        $fma:ident $add:ident $sub:ident $mul:ident $div:ident $min:ident $max:ident
        $compare:ident $blend:ident $and:ident $or:ident $xor:ident $andnot:ident $sqrt:ident
        $to_bits:ident $from_bits:ident $add_bits:ident $sub_bits:ident $shl:ident $shr:ident $splat_bits:ident
        $($wide:tt)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub(crate) struct $name($register);

        impl $name {
            /// Words of 32 bits in an element.
            const WORDS: usize = 8 / $lanes;

            /// `other`, but `self` where `self` is NaN: x86's min and max give their second operand where either is
            /// NaN, so a NaN in the first one has to be put back.
            #[inline(always)]
            fn where_nan_else(self, other: $register) -> Self {
                // SAFETY: a vector in hand proves that the CPU has its instructions.
                unsafe { Self($blend(other, self.0, $compare::<_CMP_UNORD_Q>(self.0, self.0))) }
            }
        }

        impl Vector for $name {
            type Elem = $elem;
            const LANES: usize = $lanes;
            const REGISTERS: usize = 16;
            const FUSED: bool = true;
            type Mask = Ones;
            type Wide = F64x4;

            #[inline(always)]
            unsafe fn splat(x: $elem) -> Self {
                // SAFETY: the caller's.
                unsafe { Self($splat(x)) }
            }

            #[inline(always)]
            unsafe fn load(p: *const $elem) -> Self {
                // SAFETY: the caller's.
                unsafe { Self($load(p)) }
            }

            #[inline(always)]
            unsafe fn load_first(p: *const $elem, n: usize) -> Self {
                // SAFETY: the caller's; a lane that is masked off is not touched.
                unsafe { Self($load_masked(p, mask(n * Self::WORDS))) }
            }

            #[inline(always)]
            unsafe fn store(self, p: *mut $elem) {
                // SAFETY: the caller's.
                unsafe { $store(p, self.0) }
            }

            #[inline(always)]
            unsafe fn stream(self, p: *mut $elem) {
                // SAFETY: the caller's.
                unsafe { $stream(p, self.0) }
            }

            #[inline(always)]
            unsafe fn fence() {
                // SAFETY: SSE is part of x86-64.
                unsafe { _mm_sfence() }
            }

            #[inline(always)]
            unsafe fn store_first(self, p: *mut $elem, n: usize) {
                // SAFETY: the caller's; a lane that is masked off is not touched.
                unsafe { $store_masked(p, mask(n * Self::WORDS), self.0) }
            }

            #[inline(always)]
            fn prefetch(p: *const $elem) {
                // SAFETY: SSE is part of x86-64, and a prefetch never faults.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
            }

            #[inline(always)]
            fn prefetch_far(p: *const $elem) {
                // SAFETY: as prefetch.
                unsafe { _mm_prefetch::<_MM_HINT_T1>(p.cast()) }
            }

            #[inline(always)]
            unsafe fn outlined<K: Kernel<$elem>>(kernel: K) -> K::Output {
                // SAFETY: the caller's.
                unsafe { outlined::<Self, K>(kernel) }
            }

            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                // SAFETY: a vector in hand proves that the CPU has its instructions.
                unsafe { Self($fma(self.0, b.0, c.0)) }
            }

            #[inline(always)]
            fn add(self, b: Self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($add(self.0, b.0)) }
            }

            #[inline(always)]
            fn sub(self, b: Self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($sub(self.0, b.0)) }
            }

            #[inline(always)]
            fn mul(self, b: Self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($mul(self.0, b.0)) }
            }

            #[inline(always)]
            fn div(self, b: Self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($div(self.0, b.0)) }
            }

            #[inline(always)]
            fn min(self, b: Self) -> Self {
                // SAFETY: as mul_add.
                self.where_nan_else(unsafe { $min(self.0, b.0) })
            }

            #[inline(always)]
            fn max(self, b: Self) -> Self {
                // SAFETY: as mul_add.
                self.where_nan_else(unsafe { $max(self.0, b.0) })
            }

            #[inline(always)]
            fn neg(self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($xor(self.0, $splat(-0.0))) }
            }

            #[inline(always)]
            fn abs(self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($andnot($splat(-0.0), self.0)) }
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($sqrt(self.0)) }
            }

            #[inline(always)]
            fn recip(self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($div($splat(1.0), self.0)) }
            }

            #[inline(always)]
            fn like(self, x: $elem) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($splat(x)) }
            }

            /// x86's min and max give their second operand where either is NaN.
            #[inline(always)]
            fn clamp(self, low: Self, high: Self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($max(low.0, $min(high.0, self.0))) }
            }

            #[inline(always)]
            fn and(self, b: Self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($and(self.0, b.0)) }
            }

            #[inline(always)]
            fn or(self, b: Self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($or(self.0, b.0)) }
            }

            #[inline(always)]
            fn xor(self, b: Self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($xor(self.0, b.0)) }
            }

            #[inline(always)]
            fn add_bits(self, b: Self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($from_bits($add_bits($to_bits(self.0), $to_bits(b.0)))) }
            }

            #[inline(always)]
            fn sub_bits(self, b: Self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($from_bits($sub_bits($to_bits(self.0), $to_bits(b.0)))) }
            }

            #[inline(always)]
            fn shl(self, n: u32) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($from_bits($shl($to_bits(self.0), $splat_bits(n as _)))) }
            }

            #[inline(always)]
            fn shr(self, n: u32) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($from_bits($shr($to_bits(self.0), $splat_bits(n as _)))) }
            }

            #[inline(always)]
            fn eq(self, b: Self) -> Ones {
                // SAFETY: as mul_add.
                unsafe { Ones($to_bits($compare::<_CMP_EQ_OQ>(self.0, b.0))) }
            }

            #[inline(always)]
            fn lt(self, b: Self) -> Ones {
                // SAFETY: as mul_add.
                unsafe { Ones($to_bits($compare::<_CMP_LT_OQ>(self.0, b.0))) }
            }

            #[inline(always)]
            fn le(self, b: Self) -> Ones {
                // SAFETY: as mul_add.
                unsafe { Ones($to_bits($compare::<_CMP_LE_OQ>(self.0, b.0))) }
            }

            #[inline(always)]
            fn select(mask: Ones, a: Self, b: Self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($blend(b.0, a.0, $from_bits(mask.0))) }
            }

            $($wide)*
        }
    };
}

vector! {
    /// Four `f64`.
    F64x4: 4 x f64 in __m256d;
    _mm256_set1_pd _mm256_loadu_pd _mm256_maskload_pd _mm256_storeu_pd _mm256_maskstore_pd _mm256_stream_pd
    _mm256_fmadd_pd _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd _mm256_min_pd _mm256_max_pd
    _mm256_cmp_pd _mm256_blendv_pd _mm256_and_pd _mm256_or_pd _mm256_xor_pd _mm256_andnot_pd _mm256_sqrt_pd
    _mm256_castpd_si256 _mm256_castsi256_pd _mm256_add_epi64 _mm256_sub_epi64 _mm256_sllv_epi64 _mm256_srlv_epi64
    _mm256_set1_epi64x

    #[inline(always)]
    fn in_f64<const N: usize>(arguments: [Self; N], f: impl InF64<N>) -> Self {
        f.apply(arguments)
    }

    #[inline(always)]
    fn interleave(self, b: Self) -> (Self, Self) {
        // SAFETY: a vector in hand proves that the CPU has its instructions.
        unsafe {
            // Each half of 16 bytes on its own; then the two lower halves together, and the two upper ones.
            let (low, high) = (_mm256_unpacklo_pd(self.0, b.0), _mm256_unpackhi_pd(self.0, b.0));
            (Self(_mm256_permute2f128_pd::<0x20>(low, high)), Self(_mm256_permute2f128_pd::<0x31>(low, high)))
        }
    }

    #[inline(always)]
    fn folded(self, n: usize) -> Self {
        // SAFETY: a vector in hand proves that the CPU has its instructions.
        unsafe {
            debug_assert_eq!(n, 2);
            Self(_mm256_add_pd(self.0, _mm256_permute2f128_pd::<0x11>(self.0, self.0)))
        }
    }
}

vector! {
    /// Eight `f32`.
    F32x8: 8 x f32 in __m256;
    _mm256_set1_ps _mm256_loadu_ps _mm256_maskload_ps _mm256_storeu_ps _mm256_maskstore_ps _mm256_stream_ps
    _mm256_fmadd_ps _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps _mm256_min_ps _mm256_max_ps
    _mm256_cmp_ps _mm256_blendv_ps _mm256_and_ps _mm256_or_ps _mm256_xor_ps _mm256_andnot_ps _mm256_sqrt_ps
    _mm256_castps_si256 _mm256_castsi256_ps _mm256_add_epi32 _mm256_sub_epi32 _mm256_sllv_epi32 _mm256_srlv_epi32
    _mm256_set1_epi32

    #[inline(always)]
    fn in_f64<const N: usize>(arguments: [Self; N], f: impl InF64<N>) -> Self {
        let mut halves = [[arguments[0].widen()[0]; N]; 2];
        // No `map`: it is not inlined, and its closure is compiled for the baseline.
        for (i, x) in arguments.into_iter().enumerate() {
            [halves[0][i], halves[1][i]] = x.widen();
        }
        let [low, high] = halves;
        Self::narrow([f.apply(low), f.apply(high)])
    }

    #[inline(always)]
    fn interleave(self, b: Self) -> (Self, Self) {
        // SAFETY: a vector in hand proves that the CPU has its instructions.
        unsafe {
            // Each half of 16 bytes on its own; then the two lower halves together, and the two upper ones.
            let (low, high) = (_mm256_unpacklo_ps(self.0, b.0), _mm256_unpackhi_ps(self.0, b.0));
            (Self(_mm256_permute2f128_ps::<0x20>(low, high)), Self(_mm256_permute2f128_ps::<0x31>(low, high)))
        }
    }

    #[inline(always)]
    fn folded(self, n: usize) -> Self {
        // SAFETY: a vector in hand proves that the CPU has its instructions.
        unsafe {
            debug_assert_eq!(n, 4);
            Self(_mm256_add_ps(self.0, _mm256_permute2f128_ps::<0x11>(self.0, self.0)))
        }
    }
}

impl F32x8 {
    /// The lower and the upper lanes.
    #[inline(always)]
    fn widen(self) -> [F64x4; 2] {
        // SAFETY: a vector in hand proves that the CPU has its instructions.
        unsafe {
            let (low, high) = (_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            [F64x4(_mm256_cvtps_pd(low)), F64x4(_mm256_cvtps_pd(high))]
        }
    }

    /// Rounds the lower and the upper lanes.
    #[inline(always)]
    fn narrow([low, high]: [F64x4; 2]) -> Self {
        // SAFETY: as widen.
        unsafe { Self(_mm256_set_m128(_mm256_cvtpd_ps(high.0), _mm256_cvtpd_ps(low.0))) }
    }
}
