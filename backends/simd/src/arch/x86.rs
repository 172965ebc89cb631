//! What the vectors of AVX2 and AVX-512 have in common: everything but the names of their instructions.
//!
//! Each instruction set has a module `pd` for `f64` and a module `ps` for `f32`, which give its instructions the names
//! that are used here. Most of these are intrinsics. Where AVX2 and AVX-512 differ by more than a name, the module has
//! a function instead, which is inlined as the intrinsics are.

/// Both vector types of an instruction set.
macro_rules! vectors {
    ($double:ident: $doubles:literal x f64, $single:ident: $singles:literal x f32, $registers:literal registers) => {
        $crate::arch::x86::vector! { $double: $doubles x f64 in pd, $registers registers }
        $crate::arch::x86::vector! { $single: $singles x f32 in ps, $registers registers }

        impl Vector for $double {
            #[inline(always)]
            fn in_f64<const N: usize>(arguments: [Self; N], f: impl InF64<N>) -> Self {
                f.apply(arguments)
            }

            #[inline(always)]
            unsafe fn outlined<K: Kernel<f64>>(kernel: K) -> K::Output {
                // SAFETY: the caller's.
                unsafe { outlined::<Self, K>(kernel) }
            }
        }

        impl Vector for $single {
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
            unsafe fn outlined<K: Kernel<f32>>(kernel: K) -> K::Output {
                // SAFETY: the caller's.
                unsafe { outlined::<Self, K>(kernel) }
            }
        }

        impl $single {
            /// The lower and the upper lanes.
            #[inline(always)]
            fn widen(self) -> [$double; 2] {
                // SAFETY: a vector in hand proves that the CPU has its instructions.
                unsafe { [$double(ps::widen_lower(self.0)), $double(ps::widen_upper(self.0))] }
            }

            /// Rounds the lower and the upper lanes.
            #[inline(always)]
            fn narrow([low, high]: [$double; 2]) -> Self {
                // SAFETY: as widen.
                unsafe { Self(ps::narrow(low.0, high.0)) }
            }
        }
    };
}

/// One vector type, from the instructions in the module `$set`.
macro_rules! vector {
    ($name:ident: $lanes:literal x $elem:ident in $set:ident, $registers:literal registers) => {
        #[doc = concat!(stringify!($lanes), " `", stringify!($elem), "`.")]
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub(crate) struct $name($set::Raw);

        impl Register for $name {
            type Elem = $elem;
            const LANES: usize = $lanes;
            const REGISTERS: usize = $registers;

            #[inline(always)]
            unsafe fn splat(x: $elem) -> Self {
                // SAFETY: the caller's.
                unsafe { Self($set::splat(x)) }
            }
        }

        impl Memory for $name {
            #[inline(always)]
            unsafe fn load(p: *const $elem) -> Self {
                // SAFETY: the caller's.
                unsafe { Self($set::load(p)) }
            }

            #[inline(always)]
            unsafe fn load_first(p: *const $elem, n: usize) -> Self {
                // SAFETY: the caller's; a lane that is masked off is not touched.
                unsafe { Self($set::load_first(p, n)) }
            }

            #[inline(always)]
            unsafe fn store(self, p: *mut $elem) {
                // SAFETY: the caller's.
                unsafe { $set::store(p, self.0) }
            }

            #[inline(always)]
            unsafe fn store_first(self, p: *mut $elem, n: usize) {
                // SAFETY: the caller's; a lane that is masked off is not touched.
                unsafe { $set::store_first(p, n, self.0) }
            }

            #[inline(always)]
            unsafe fn stream(self, p: *mut $elem) {
                // SAFETY: the caller's.
                unsafe { $set::stream(p, self.0) }
            }

            #[inline(always)]
            unsafe fn fence() {
                // SAFETY: SSE is part of x86-64.
                unsafe { _mm_sfence() }
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
        }

        impl Arithmetic for $name {
            const FUSED: bool = true;

            $crate::arch::x86::binary! { $set: add sub mul div }
            $crate::arch::x86::unary! { $set: abs sqrt }

            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                // SAFETY: a vector in hand proves that the CPU has its instructions.
                unsafe { Self($set::mul_add(self.0, b.0, c.0)) }
            }

            /// x86's min and max give their second operand where either is NaN: a NaN in the first is put back.
            #[inline(always)]
            fn min(self, b: Self) -> Self {
                // SAFETY: as mul_add.
                let least = unsafe { Self($set::min(self.0, b.0)) };
                Self::select(self.is_nan(), self, least)
            }

            #[inline(always)]
            fn max(self, b: Self) -> Self {
                // SAFETY: as mul_add.
                let greatest = unsafe { Self($set::max(self.0, b.0)) };
                Self::select(self.is_nan(), self, greatest)
            }

            /// The second operand is `self` in both, so a NaN stays.
            #[inline(always)]
            fn clamp(self, low: Self, high: Self) -> Self {
                // SAFETY: as mul_add.
                unsafe { Self($set::max(low.0, $set::min(high.0, self.0))) }
            }

            #[inline(always)]
            fn neg(self) -> Self {
                self.xor(self.like(-0.0))
            }

            #[inline(always)]
            fn recip(self) -> Self {
                self.like(1.0).div(self)
            }
        }

        impl Bits for $name {
            $crate::arch::x86::binary! { $set: and or xor }

            #[inline(always)]
            fn add_bits(self, b: Self) -> Self {
                // SAFETY: a vector in hand proves that the CPU has its instructions.
                unsafe { Self($set::from_bits($set::add_bits($set::to_bits(self.0), $set::to_bits(b.0)))) }
            }

            #[inline(always)]
            fn sub_bits(self, b: Self) -> Self {
                // SAFETY: as add_bits.
                unsafe { Self($set::from_bits($set::sub_bits($set::to_bits(self.0), $set::to_bits(b.0)))) }
            }

            #[inline(always)]
            fn shl(self, n: u32) -> Self {
                // SAFETY: as add_bits.
                unsafe { Self($set::from_bits($set::shl($set::to_bits(self.0), $set::splat_bits(n as _)))) }
            }

            #[inline(always)]
            fn shr(self, n: u32) -> Self {
                // SAFETY: as add_bits.
                unsafe { Self($set::from_bits($set::shr($set::to_bits(self.0), $set::splat_bits(n as _)))) }
            }
        }

        impl Compare for $name {
            type Mask = $set::Mask;

            #[inline(always)]
            fn eq(self, b: Self) -> $set::Mask {
                // SAFETY: a vector in hand proves that the CPU has its instructions.
                unsafe { $set::compare::<_CMP_EQ_OQ>(self.0, b.0) }
            }

            #[inline(always)]
            fn lt(self, b: Self) -> $set::Mask {
                // SAFETY: as eq.
                unsafe { $set::compare::<_CMP_LT_OQ>(self.0, b.0) }
            }

            #[inline(always)]
            fn le(self, b: Self) -> $set::Mask {
                // SAFETY: as eq.
                unsafe { $set::compare::<_CMP_LE_OQ>(self.0, b.0) }
            }

            #[inline(always)]
            fn select(mask: $set::Mask, a: Self, b: Self) -> Self {
                // SAFETY: as eq.
                unsafe { Self($set::select(mask, a.0, b.0)) }
            }
        }

        impl Across for $name {
            #[inline(always)]
            fn interleave(self, b: Self) -> (Self, Self) {
                // SAFETY: a vector in hand proves that the CPU has its instructions.
                let (first, second) = unsafe { $set::interleave(self.0, b.0) };
                (Self(first), Self(second))
            }

            #[inline(always)]
            fn folded(self, n: usize) -> Self {
                // SAFETY: as interleave.
                unsafe { Self($set::add(self.0, $set::from_lane(self.0, n))) }
            }
        }

        impl $name {
            #[inline(always)]
            fn is_nan(self) -> $set::Mask {
                // SAFETY: a vector in hand proves that the CPU has its instructions.
                unsafe { $set::compare::<_CMP_UNORD_Q>(self.0, self.0) }
            }
        }
    };
}

/// Methods that are one instruction with one operand.
macro_rules! unary {
    ($set:ident: $($name:ident)*) => {$(
        #[inline(always)]
        fn $name(self) -> Self {
            // SAFETY: a vector in hand proves that the CPU has its instructions.
            unsafe { Self($set::$name(self.0)) }
        }
    )*};
}

/// Methods that are one instruction with two operands.
macro_rules! binary {
    ($set:ident: $($name:ident)*) => {$(
        #[inline(always)]
        fn $name(self, b: Self) -> Self {
            // SAFETY: a vector in hand proves that the CPU has its instructions.
            unsafe { Self($set::$name(self.0, b.0)) }
        }
    )*};
}

pub(super) use {binary, unary, vector, vectors};
