//! The instruction sets: each has a vector for each element type, and one function that kernels are compiled into.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::vector::{Element, Vector};

/// An element type with its vectors at each [`crate::Level`].
pub(crate) trait Vectors: Element {
    /// The vector of [`crate::Level::Portable`].
    type Portable: Vector<Elem = Self>;
    /// The vector of [`crate::Level::Avx2`].
    #[cfg(target_arch = "x86_64")]
    type Avx2: Vector<Elem = Self>;
    /// The vector of [`crate::Level::Avx512`].
    #[cfg(target_arch = "x86_64")]
    type Avx512: Vector<Elem = Self>;
}

impl Vectors for f64 {
    type Portable = portable::V128<f64, 2>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = avx2::F64x4;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = avx512::F64x8;
}

impl Vectors for f32 {
    type Portable = portable::V128<f32, 4>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = avx2::F32x8;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = avx512::F32x16;
}
