//! Vectors of 64 bytes: AVX-512 F, BW, DQ and VL, which every such CPU has but Knights Landing.

use std::arch::x86_64::*;

use crate::vector::{Element, Kernel, Vector};

/// Runs `kernel` compiled for AVX-512.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
pub(crate) fn run<T: Element, K: Kernel<T>>(kernel: K) -> K::Output {
    // SAFETY: whoever got here has shown that the CPU has this function's features, which these vectors ask for.
    unsafe { kernel.run::<T::Avx512>() }
}

/// One vector type from its intrinsics.
macro_rules! vector {
    (
        $(#[$doc:meta])* $name:ident: $lanes:literal x $elem:ident in $register:ty, masks $mask:ty;
        $splat:ident $load:ident $load_masked:ident $store:ident $store_masked:ident $stream:ident
        $fma:ident $add:ident $sub:ident $mul:ident $div:ident $min:ident $max:ident
        $unordered:ident $blend:ident $xor:ident $abs:ident $sqrt:ident
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
                unsafe { Self($blend($unordered::<_CMP_UNORD_Q>(self.0, self.0), other, self.0)) }
            }
        }

        impl Vector for $name {
            type Elem = $elem;
            const LANES: usize = $lanes;
            const REGISTERS: usize = 32;

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
        }
    };
}

vector! {
    /// Eight `f64`.
    F64x8: 8 x f64 in __m512d, masks __mmask8;
    _mm512_set1_pd _mm512_loadu_pd _mm512_maskz_loadu_pd _mm512_storeu_pd _mm512_mask_storeu_pd _mm512_stream_pd
    _mm512_fmadd_pd _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_min_pd _mm512_max_pd
    _mm512_cmp_pd_mask _mm512_mask_blend_pd _mm512_xor_pd _mm512_abs_pd _mm512_sqrt_pd
}

vector! {
    /// Sixteen `f32`.
    F32x16: 16 x f32 in __m512, masks __mmask16;
    _mm512_set1_ps _mm512_loadu_ps _mm512_maskz_loadu_ps _mm512_storeu_ps _mm512_mask_storeu_ps _mm512_stream_ps
    _mm512_fmadd_ps _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_min_ps _mm512_max_ps
    _mm512_cmp_ps_mask _mm512_mask_blend_ps _mm512_xor_ps _mm512_abs_ps _mm512_sqrt_ps
}
