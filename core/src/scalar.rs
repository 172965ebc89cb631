//! Element types, and the way from an element type to a backend's operations on it.

use std::fmt;
use std::str::FromStr;

use crate::{Backend, Dot, Elementwise, Error, Fill, MatMul, Random};

/// Everything a backend does for one element type. An empty `impl` is enough; there is no blanket `impl`, so that a
/// backend can add the optional families that it has.
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

    /// Rounds to nearest.
    fn from_f64(x: f64) -> Self;

    /// Exact. The one conversion to `f64`: it does not share its name with that of `num_traits`, which comes along with
    /// [`num_traits::Float`] and gives an `Option`.
    fn into_f64(self) -> f64;
}

impl Scalar for f32 {
    const DTYPE: DType = DType::F32;

    fn ops(backend: &dyn Backend) -> &dyn Ops<Self> {
        backend
    }

    fn from_f64(x: f64) -> Self {
        x as f32
    }

    fn into_f64(self) -> f64 {
        self.into()
    }
}

impl Scalar for f64 {
    const DTYPE: DType = DType::F64;

    fn ops(backend: &dyn Backend) -> &dyn Ops<Self> {
        backend
    }

    fn from_f64(x: f64) -> Self {
        x
    }

    fn into_f64(self) -> f64 {
        self
    }
}

/// An element type as a value: it stands in workloads, tables and files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DType {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

impl DType {
    /// Both, in the order of tables.
    pub const ALL: [Self; 2] = [Self::F64, Self::F32];

    /// Bytes of one element.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// `f32` or `f64`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for DType {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|d| d.name() == s).ok_or_else(|| Error::UnknownDType { given: s.into() })
    }
}
