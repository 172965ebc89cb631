//! A backend that knows one operation, and the program that tunes with it.

use std::process::ExitCode;

use gingham_core::matmul::scale;
use gingham_core::ndarray::{ArrayView2, ArrayViewMut2};
use gingham_core::{Backend, BackendId, DType, Dot, Elementwise, Error, Fill, Info, Limit, MatMul, Op, OpThreads, Ops};
use gingham_core::{Scalar, Support, Threading};

const ID: BackendId = BackendId::new("mine");

struct Mine;

impl<T: Scalar> MatMul<T> for Mine {
    fn matmul(
        &self,
        alpha: T,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        beta: T,
        mut c: ArrayViewMut2<'_, T>,
        _threads: OpThreads,
    ) -> Result<(), Error> {
        if alpha == T::zero() || a.ncols() == 0 {
            scale(beta, c);
            return Ok(());
        }
        for ((i, j), c_ij) in c.indexed_iter_mut() {
            let old = if beta == T::zero() { T::zero() } else { beta * *c_ij };
            *c_ij = old + alpha * a.row(i).dot(&b.column(j));
        }
        Ok(())
    }
}

impl<T: Scalar> Dot<T> for Mine {}
impl<T: Scalar> Fill<T> for Mine {}
impl<T: Scalar> Elementwise<T> for Mine {}
impl Ops<f32> for Mine {}
impl Ops<f64> for Mine {}

impl Backend for Mine {
    fn info(&self) -> Info {
        Info::new(ID, "mine", "1.0.0")
    }

    fn threading(&self) -> Threading {
        Threading::Single
    }

    fn support(&self, op: Op, _dtype: DType) -> Support {
        if op == Op::MatMul { Support::Native } else { Support::Fallback }
    }

    fn limit(&self, threads: OpThreads) -> Result<Limit<'_>, Error> {
        Limit::single(ID, threads)
    }
}

fn main() -> ExitCode {
    gingham::main(gingham::registry().with(Mine))
}
