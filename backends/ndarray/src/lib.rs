//! Gingham backend `ndarray`: the array type of most Rust programs, without a BLAS behind it.
//!
//! Its `blas` feature stays off, since ndarray leaves BLAS without a word for layouts that BLAS does not take; the
//! `openblas` backend shows what BLAS gives. The product is then matrixmultiply's, and so are its threads: a setting of
//! the process, read from [`pool::VAR`] when the first product runs. Everything else runs on the calling thread.

mod dot;
mod elementwise;
mod fill;
mod matmul;

use gingham_core::{
    Backend, BackendId, Binary, DType, Error, Info, Limit, Op, OpThreads, Ops, Support, Threading, Variable,
};
use gingham_matrixmultiply::pool;

const ID: BackendId = BackendId::new("ndarray");

/// The backend `ndarray`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ndarray;

impl Ndarray {
    /// The backend.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Backend for Ndarray {
    fn info(&self) -> Info {
        Info::new(ID, "ndarray", "0.17.2").with_notes(&[
            "the product is matrixmultiply's, whose helper threads are shared by all callers in the process",
            "a forked child has no helper threads: products that need them are refused there",
            "functions of one argument make a new array, which is then copied to the output",
            "functions of two arguments copy the first one to the output, then work in place",
        ])
    }

    fn threading(&self) -> Threading {
        pool::THREADING
    }

    fn variables(&self) -> &[Variable] {
        &pool::VARIABLES
    }

    fn support(&self, op: Op, _dtype: DType) -> Support {
        match op {
            Op::MatMul | Op::Dot | Op::Fill | Op::Unary(_) => Support::Native,
            Op::Binary(Binary::Add | Binary::Sub | Binary::Mul | Binary::Div) => Support::Native,
            Op::Binary(Binary::Min | Binary::Max | Binary::Pow) | Op::Random(_) => Support::Fallback,
        }
    }

    fn limit(&self, threads: OpThreads) -> Result<Limit<'_>, Error> {
        pool::limit(ID, threads)
    }
}

impl Ops<f32> for Ndarray {}
impl Ops<f64> for Ndarray {}
