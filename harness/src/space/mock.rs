//! A backend and a machine for the tests of the space.

use gingham_core::{
    Backend, BackendId, DType, Dot, Elementwise, Error, Fill, Info, Limit, MatMul, Op, OpThreads, Ops, Scalar, Support,
    Threading,
};
use gingham_runtime::rules::Cpus;

/// A backend that is native for matmul alone, with the threading under test.
pub(super) struct Mock(pub(super) &'static str, pub(super) Threading);

impl Backend for Mock {
    fn info(&self) -> Info {
        Info::new(BackendId::new(self.0), "mock", "1")
    }
    fn threading(&self) -> Threading {
        self.1
    }
    fn support(&self, op: Op, _: DType) -> Support {
        if op == Op::MatMul { Support::Native } else { Support::Fallback }
    }
    fn limit(&self, _: OpThreads) -> Result<Limit<'_>, Error> {
        Ok(Limit::empty())
    }
}
impl<T: Scalar> MatMul<T> for Mock {}
impl<T: Scalar> Dot<T> for Mock {}
impl<T: Scalar> Fill<T> for Mock {}
impl<T: Scalar> Elementwise<T> for Mock {}
impl Ops<f32> for Mock {}
impl Ops<f64> for Mock {}

/// CPUs that are cores each.
pub(super) fn cores(cpus: usize) -> Cpus {
    Cpus { usable: cpus, cores: cpus }
}
