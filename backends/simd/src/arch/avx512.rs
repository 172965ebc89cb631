//! Vectors of 64 bytes: AVX-512 F, BW, DQ and VL, which every such CPU has but Knights Landing.

mod words;

use std::arch::x86_64::*;

use crate::vector::{Element, InF64, Kernel, Mask, Vector};

/// Runs `kernel` compiled for AVX-512.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
pub(crate) fn run<T: Element, K: Kernel<T>>(kernel: K) -> K::Output {
    // SAFETY: whoever got here has shown that the CPU has this function's features, which these vectors ask for.
    unsafe { kernel.run::<T::Avx512>() }
}

/// [`run`] with vectors of which there is one in hand.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn outlined<V: Vector, K: Kernel<V::Elem>>(kernel: K) -> K::Output {
    // SAFETY: as in `run`.
    unsafe { kernel.run::<V>() }
}

/// Lanes are bits: one for each, none left over.
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

/// One vector type from its intrinsics.
macro_rules! vector {
    (
        $(#[$doc:meta])* $name:ident: $lanes:literal x $elem:ident in $register:ty, masks $mask:ty;
        $splat:ident $load:ident $load_masked:ident $store:ident $store_masked:ident $stream:ident
        $fma:ident $add:ident $sub:ident $mul:ident $div:ident $min:ident $max:ident
        $compare:ident $blend:ident $and:ident $or:ident $xor:ident $abs:ident $sqrt:ident
        $to_bits:ident $from_bits:ident $add_bits:ident $sub_bits:ident $shl:ident $shr:ident $splat_bits:ident
        $scale:ident $permute:ident $permute2:ident $test:ident $exponent:ident
        $($wide:tt)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub(crate) struct $name($register);

        impl $name {
            /// `other`, but `self` where `self` is NaN: x86's min and max give their second operand where either is
            /// NaN, so a NaN in the first one has to be put back.
            #[inline(always)]
            fn where_nan_else(self, other: $register) -> Self {
                // SAFETY: a vector in hand proves that the CPU has its instructions.
                unsafe { Self($blend($compare::<_CMP_UNORD_Q>(self.0, self.0), other, self.0)) }
            }
        }

        impl Vector for $name {
            type Elem = $elem;
            const LANES: usize = $lanes;
            const REGISTERS: usize = 32;
            const FUSED: bool = true;
            type Mask = $mask;
            type Wide = F64x8;

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
                unsafe { Self($load_masked(((1u32 << n) - 1) as $mask, p)) }
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
                unsafe { $store_masked(p, ((1u32 << n) - 1) as $mask, self.0) }
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
                unsafe { Self($abs(self.0)) }
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
            fn eq(self, b: Self) -> $mask {
                // SAFETY: as mul_add.
                unsafe { $compare::<_CMP_EQ_OQ>(self.0, b.0) }
            }

            #[inline(always)]
            fn lt(self, b: Self) -> $mask {
                // SAFETY: as mul_add.
                unsafe { $compare::<_CMP_LT_OQ>(self.0, b.0) }
            }

            #[inline(always)]
            fn le(self, b: Self) -> $mask {
                // SAFETY: as mul_add.
                unsafe { $compare::<_CMP_LE_OQ>(self.0, b.0) }
            }

            #[inline(always)]
            fn select(mask: $mask, a: Self, b: Self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($blend(mask, b.0, a.0)) }
            }

            #[inline(always)]
            fn scale(self, n: Self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($scale(self.0, n.0)) }
            }

            #[inline(always)]
            fn exponent(self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($exponent(self.0)) }
            }

            #[inline(always)]
            fn lookup<const N: usize>(self, table: &[$elem; N]) -> Self {
                const { assert!(N.is_power_of_two() && N >= $lanes && N <= 32) };
                // SAFETY: as mul_add; each register of the table is inside it.
                unsafe {
                    let part = |i: usize| $load(table.as_ptr().add(i * $lanes));
                    let index = $to_bits(self.0);
                    let pair = |i: usize| $permute2(part(i), index, part(i + 1));
                    match N / $lanes {
                        1 => Self($permute(index, part(0))),
                        2 => Self(pair(0)),
                        _ => Self($blend($test(index, $splat_bits(2 * $lanes)), pair(0), pair(2))),
                    }
                }
            }

            $($wide)*
        }
    };
}

vector! {
    /// Eight `f64`.
    F64x8: 8 x f64 in __m512d, masks __mmask8;
    _mm512_set1_pd _mm512_loadu_pd _mm512_maskz_loadu_pd _mm512_storeu_pd _mm512_mask_storeu_pd _mm512_stream_pd
    _mm512_fmadd_pd _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_min_pd _mm512_max_pd
    _mm512_cmp_pd_mask _mm512_mask_blend_pd _mm512_and_pd _mm512_or_pd _mm512_xor_pd _mm512_abs_pd _mm512_sqrt_pd
    _mm512_castpd_si512 _mm512_castsi512_pd _mm512_add_epi64 _mm512_sub_epi64 _mm512_sllv_epi64 _mm512_srlv_epi64
    _mm512_set1_epi64 _mm512_scalef_pd _mm512_permutexvar_pd _mm512_permutex2var_pd _mm512_test_epi64_mask
    _mm512_getexp_pd

    #[inline(always)]
    fn in_f64<const N: usize>(arguments: [Self; N], f: impl InF64<N>) -> Self {
        f.apply(arguments)
    }

    #[inline(always)]
    fn interleave(self, b: Self) -> (Self, Self) {
        // SAFETY: a vector in hand proves that the CPU has its instructions.
        unsafe {
            let low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
            let high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
            (Self(_mm512_permutex2var_pd(self.0, low, b.0)), Self(_mm512_permutex2var_pd(self.0, high, b.0)))
        }
    }

    #[inline(always)]
    fn folded(self, n: usize) -> Self {
        // SAFETY: a vector in hand proves that the CPU has its instructions.
        unsafe {
            let upper = match n {
                4 => _mm512_castpd256_pd512(_mm512_extractf64x4_pd::<1>(self.0)),
                _ => _mm512_castpd128_pd512(_mm512_extractf64x2_pd::<1>(self.0)),
            };
            Self(_mm512_add_pd(self.0, upper))
        }
    }
}

vector! {
    /// Sixteen `f32`.
    F32x16: 16 x f32 in __m512, masks __mmask16;
    _mm512_set1_ps _mm512_loadu_ps _mm512_maskz_loadu_ps _mm512_storeu_ps _mm512_mask_storeu_ps _mm512_stream_ps
    _mm512_fmadd_ps _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_min_ps _mm512_max_ps
    _mm512_cmp_ps_mask _mm512_mask_blend_ps _mm512_and_ps _mm512_or_ps _mm512_xor_ps _mm512_abs_ps _mm512_sqrt_ps
    _mm512_castps_si512 _mm512_castsi512_ps _mm512_add_epi32 _mm512_sub_epi32 _mm512_sllv_epi32 _mm512_srlv_epi32
    _mm512_set1_epi32 _mm512_scalef_ps _mm512_permutexvar_ps _mm512_permutex2var_ps _mm512_test_epi32_mask
    _mm512_getexp_ps

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
            let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            (Self(_mm512_permutex2var_ps(self.0, low, b.0)), Self(_mm512_permutex2var_ps(self.0, high, b.0)))
        }
    }

    #[inline(always)]
    fn folded(self, n: usize) -> Self {
        // SAFETY: a vector in hand proves that the CPU has its instructions.
        unsafe {
            let upper = match n {
                8 => _mm512_castps256_ps512(_mm512_extractf32x8_ps::<1>(self.0)),
                _ => _mm512_castps128_ps512(_mm512_extractf32x4_ps::<1>(self.0)),
            };
            Self(_mm512_add_ps(self.0, upper))
        }
    }
}

impl F32x16 {
    /// The lower and the upper lanes.
    #[inline(always)]
    fn widen(self) -> [F64x8; 2] {
        // SAFETY: a vector in hand proves that the CPU has its instructions.
        unsafe {
            let (low, high) = (_mm512_castps512_ps256(self.0), _mm512_extractf32x8_ps::<1>(self.0));
            [F64x8(_mm512_cvtps_pd(low)), F64x8(_mm512_cvtps_pd(high))]
        }
    }

    /// Rounds the lower and the upper lanes.
    #[inline(always)]
    fn narrow([low, high]: [F64x8; 2]) -> Self {
        // SAFETY: as widen.
        unsafe {
            let low = _mm512_castps256_ps512(_mm512_cvtpd_ps(low.0));
            Self(_mm512_insertf32x8::<1>(low, _mm512_cvtpd_ps(high.0)))
        }
    }
}
