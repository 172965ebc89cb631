//! Element types, and the way from an element type to a backend's operations on it.

use std::fmt;
use std::str::FromStr;

use crate::named::named;
use crate::{Backend, Dot, Elementwise, Error, Fill, MatMul, Random};

/// Everything that a backend does for one element type. A backend writes an `impl` for each type: an empty one, or one
/// that adds the optional families that it has.
pub trait Ops<T: Scalar>: MatMul<T> + Dot<T> + Fill<T> + Elementwise<T> {
    /// Random numbers, from a backend that has them.
    fn random(&self) -> Option<&dyn Random<T>> {
        None
    }
}

/// `f32` or `f64`.
pub trait Scalar:
    num_traits::Float + ndarray::LinalgScalar + fmt::Debug + fmt::Display + Default + Send + Sync
{
    /// The value that names this type.
    const DTYPE: DType;

    /// The operations of `backend` on this type.
    fn ops(backend: &dyn Backend) -> &dyn Ops<Self>;

    /// The nearest number.
    fn from_f64(x: f64) -> Self;

    /// The same number. (`to_f64`, which [`num_traits::Float`] brings along, gives an `Option`.)
    fn into_f64(self) -> f64;
}

macro_rules! scalar {
    ($($type:ty: $dtype:ident),*) => {$(
        impl Scalar for $type {
            const DTYPE: DType = DType::$dtype;

            fn ops(backend: &dyn Backend) -> &dyn Ops<Self> {
                backend
            }

            fn from_f64(x: f64) -> Self {
                x as Self
            }

            fn into_f64(self) -> f64 {
                self.into()
            }
        }
    )*};
}

scalar! { f32: F32, f64: F64 }

/// An element type as a value: it stands in workloads, tables and files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DType {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

named! { DType { F64: "f64", F32: "f32" } }

impl DType {
    /// Bytes of one element.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

impl FromStr for DType {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        let unknown = || Error::Unknown { what: "dtype", given: s.into(), available: "f32, f64".into() };
        Self::ALL.into_iter().find(|dtype| dtype.name() == s).ok_or_else(unknown)
    }
}
