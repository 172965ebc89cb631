//! The arithmetic ceiling: fused multiply-adds on registers alone.
//!
//! Each loop keeps more independent sums than a core can have in flight (two units of latency 4 on Zen 5, of 4 or 5 on
//! Intel: at most 10), so that the units and not the latency set its pace. Twelve fill the 16 registers of AVX2 with
//! two left for the factors; the 32 of AVX-512 hold 24.

use std::array;
use std::hint::black_box;
use std::time::{Duration, Instant};

use super::Form;

/// Long compared with reading the clock, short compared with a scheduler's slice of some 3 ms: on a busy machine all
/// runs of 10 ms were interrupted, and with runs of 2 ms the interruptions could fall on the same form every time.
const RUN: Duration = Duration::from_micros(500);

/// Steps between two looks at the clock: about 12 us with AVX-512, of which the look takes 0.3 %.
const STEPS: usize = 4_000;

/// The loops over `f64` that this CPU can run.
pub(super) fn f64_forms() -> Vec<Form<()>> {
    or_portable([avx2_f64(), avx512_f64()], |()| timed(portable_f64))
}

/// The loops over `f32` that this CPU can run.
pub(super) fn f32_forms() -> Vec<Form<()>> {
    or_portable([avx2_f32(), avx512_f32()], |()| timed(portable_f32))
}

fn or_portable(detected: [Option<Form<()>>; 2], portable: Form<()>) -> Vec<Form<()>> {
    let forms: Vec<Form<()>> = detected.into_iter().flatten().collect();
    if forms.is_empty() { vec![portable] } else { forms }
}

/// Gives the loop `$name` of [`x86`], where this CPU has the features that the loop is compiled for.
macro_rules! detected {
    ($name:ident: $($feature:tt)+) => {
        pub(super) fn $name() -> Option<Form<()>> {
            #[cfg(target_arch = "x86_64")]
            if $(is_x86_feature_detected!($feature))&&+ {
                // SAFETY: the features have just been detected.
                return Some(|()| timed(|| unsafe { x86::$name() }));
            }
            None
        }
    };
}

detected!(avx2_f64: "avx2" "fma");
detected!(avx2_f32: "avx2" "fma");
detected!(avx512_f64: "avx512f");
detected!(avx512_f32: "avx512f");

/// Repeats `steps`, which returns the FLOP it did, until [`RUN`] has passed.
fn timed(steps: impl Fn() -> f64) -> f64 {
    let (start, mut work) = (Instant::now(), 0.0);
    while start.elapsed() < RUN {
        work += steps();
    }
    work
}

/// [`STEPS`] steps of `sum = sum * FACTOR + TERM` on each of `$sums` registers of `$lanes` lanes; returns the FLOP.
///
/// From 1 the sums stay at 1, far from overflow and from subnormals, which some CPUs compute slowly. The compiler may
/// not know that: the values pass through `black_box`.
macro_rules! fma_loop {
    ($(#[$attribute:meta])* $name:ident, $scalar:ty, $lanes:literal x $sums:literal, $splat:expr, $fma:expr) => {
        $(#[$attribute])*
        pub(super) fn $name() -> f64 {
            let (factor, term) = ($splat(black_box::<$scalar>(0.5)), $splat(black_box::<$scalar>(0.5)));
            let mut sums: [_; $sums] = array::from_fn(|_| $splat(black_box::<$scalar>(1.0)));
            for _ in 0..STEPS {
                for sum in &mut sums {
                    *sum = $fma(*sum, factor, term);
                }
            }
            black_box(sums);
            (2 * $lanes * $sums * STEPS) as f64
        }
    };
}

/// The multiply-add of the portable loops: fused where every CPU of the target has the instruction, else two operations
/// (`mul_add` would call a function there).
macro_rules! multiply_add {
    ($x:expr, $factor:expr, $term:expr) => {
        if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
            $x.mul_add($factor, $term)
        } else {
            $x * $factor + $term
        }
    };
}

fma_loop!(portable_f64, f64, 1 x 32, |x: f64| x, |x: f64, factor, term| multiply_add!(x, factor, term));
fma_loop!(portable_f32, f32, 1 x 64, |x: f32| x, |x: f32, factor, term| multiply_add!(x, factor, term));

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{STEPS, array, black_box};
    use std::arch::x86_64::*;

    fma_loop!(#[target_feature(enable = "avx2,fma")] avx2_f64, f64, 4 x 12, _mm256_set1_pd, _mm256_fmadd_pd);
    fma_loop!(#[target_feature(enable = "avx2,fma")] avx2_f32, f32, 8 x 12, _mm256_set1_ps, _mm256_fmadd_ps);
    fma_loop!(#[target_feature(enable = "avx512f")] avx512_f64, f64, 8 x 24, _mm512_set1_pd, _mm512_fmadd_pd);
    fma_loop!(#[target_feature(enable = "avx512f")] avx512_f32, f32, 16 x 24, _mm512_set1_ps, _mm512_fmadd_ps);
}
