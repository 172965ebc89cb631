//! Gingham backend `nalgebra`: its `gemm`, `dot` and `fill`, and the component-wise methods of its vectors.
//!
//! `gemm` is matrixmultiply's where every dimension is above 5, and so are its threads: a setting of the process, read
//! from [`pool::VAR`] when the first such product runs. Everything else runs on the calling thread.

mod dot;
mod elementwise;
mod fill;
mod matmul;
mod view;

use gingham_core::{
    Backend, BackendId, Binary, DType, Error, Info, Limit, Op, OpThreads, Ops, Support, Threading, Unary, Variable,
};
use gingham_matrixmultiply::pool;

const ID: BackendId = BackendId::new("nalgebra");

/// The backend `nalgebra`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nalgebra;

impl Nalgebra {
    /// The backend.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Backend for Nalgebra {
    fn info(&self) -> Info {
        Info::new(ID, "nalgebra", "0.35.0").with_notes(&[
            "the product is matrixmultiply's where m, n and k are above 5, and a product of plain loops elsewhere",
            "a forked child has no helper threads: products that need them are refused there",
            "a row-major product is computed as its transpose",
            "copied into scratch: negative strides, stride 0 in vectors, and an A or C without contiguous columns",
            "(in a row-major product B takes the part of A)",
            "a plain product with beta other than 0 is made apart and then added to beta C",
            "abs makes a new vector; square in place copies its argument",
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
            Op::MatMul | Op::Dot | Op::Fill => Support::Native,
            Op::Unary(Unary::Neg | Unary::Abs | Unary::Square) => Support::Native,
            Op::Binary(Binary::Add | Binary::Sub | Binary::Mul | Binary::Div) => Support::Native,
            Op::Unary(_) | Op::Binary(_) | Op::Random(_) => Support::Fallback,
        }
    }

    fn limit(&self, threads: OpThreads) -> Result<Limit<'_>, Error> {
        pool::limit(ID, threads)
    }
}

impl Ops<f32> for Nalgebra {}
impl Ops<f64> for Nalgebra {}
