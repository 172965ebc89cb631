//! Gingham backend `matrixmultiply`: the matrix product of the crate of that name, with its run-time kernels.
//!
//! The crate has that product alone, so every other operation is core's reference. Its threads are a setting of the
//! process, read from [`pool::VAR`] when the first product runs.

mod matmul;
pub mod pool;

use gingham_core::{
    Backend, BackendId, DType, Dot, Elementwise, Error, Fill, Info, Limit, Op, OpThreads, Ops, Scalar, Support,
    Threading, Variable,
};

const ID: BackendId = BackendId::new("matrixmultiply");

/// The backend `matrixmultiply`.
#[derive(Debug, Clone, Copy, Default)]
pub struct MatrixMultiply;

impl MatrixMultiply {
    /// The backend.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Backend for MatrixMultiply {
    fn info(&self) -> Info {
        Info::new(ID, "matrixmultiply", "0.3.11").with_notes(&[
            "the helper threads are shared by all callers in the process",
            "a forked child has no helper threads: products that need them are refused there",
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
            Op::MatMul => Support::Native,
            Op::Dot | Op::Fill | Op::Unary(_) | Op::Binary(_) | Op::Random(_) => Support::Fallback,
        }
    }

    fn limit(&self, threads: OpThreads) -> Result<Limit<'_>, Error> {
        pool::limit(ID, threads)
    }
}

impl Ops<f32> for MatrixMultiply {}
impl Ops<f64> for MatrixMultiply {}
impl<T: Scalar> Dot<T> for MatrixMultiply {}
impl<T: Scalar> Fill<T> for MatrixMultiply {}
impl<T: Scalar> Elementwise<T> for MatrixMultiply {}
