//! Gingham backend `faer`: its matrix product and inner product, its fill, and the operators of its columns.
//!
//! faer takes parallelism as an argument of the product: one op thread is `Par::Seq`, more are a rayon pool of that
//! size, kept per calling thread (see `pool`). Everything else runs on the calling thread.

mod dot;
mod elementwise;
mod fill;
mod matmul;
mod pool;
mod view;

use gingham_core::{
    Backend, BackendId, Binary, DType, Error, Info, Limit, Op, OpThreads, Ops, Support, Threading, Unary,
};

const ID: BackendId = BackendId::new("faer");

/// The backend `faer`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faer;

impl Faer {
    /// The backend.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Backend for Faer {
    fn info(&self) -> Info {
        Info::new(ID, "faer", "0.24.4").with_notes(&[
            "beta other than 0 and 1 scales C in a pass of its own before the product is added",
            "a product that packs takes up to 128 KiB of the stack",
            "more than one op thread are a pool of the calling thread: in a forked child such products are refused",
            "add and sub copy the first argument to the output, then work in place; neg makes a new column",
        ])
    }

    fn threading(&self) -> Threading {
        Threading::PerCall { rayon: true }
    }

    fn support(&self, op: Op, _dtype: DType) -> Support {
        match op {
            Op::MatMul | Op::Dot | Op::Fill => Support::Native,
            Op::Unary(Unary::Neg) | Op::Binary(Binary::Add | Binary::Sub) => Support::Native,
            Op::Unary(_) | Op::Binary(_) | Op::Random(_) => Support::Fallback,
        }
    }

    fn stack(&self) -> usize {
        128 << 10 // Two blocks of 64 x 64 of f64, in more than one frame (`nano-gemm`).
    }

    fn limit(&self, _threads: OpThreads) -> Result<Limit<'_>, Error> {
        Ok(Limit::empty())
    }
}

impl Ops<f32> for Faer {}
impl Ops<f64> for Faer {}
