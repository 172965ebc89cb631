//! The reference: plain loops in the order of the definition, one per operation family, in that family's file.
//!
//! It is the judge's second opinion, the default of every trait method, and a backend of its own, so that a table can
//! show how far the others are ahead. Each call is counted per thread: that is how the conformance suite sees a
//! backend that calls itself native and is not.

use std::cell::Cell;

use crate::{
    Backend, BackendId, DType, Dot, Elementwise, Error, Fill, Info, Limit, MatMul, Op, OpThreads, Ops, Support,
    Threading,
};

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

/// The number of the reference's loops that this thread has run.
#[must_use]
pub fn calls() -> u64 {
    CALLS.get()
}

/// Called by each of the reference's loops.
pub(crate) fn count_call() {
    CALLS.set(CALLS.get() + 1);
}

/// The id of [`Reference`].
pub const ID: BackendId = BackendId::new("reference");

/// The backend `reference`: every operation by its definition, on the calling thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reference;

impl Backend for Reference {
    fn info(&self) -> Info {
        Info::new(ID, "gingham-core", env!("CARGO_PKG_VERSION"))
            .with_kernels("plain loops")
            .with_notes(&["the definition of each operation, not a competitor"])
    }

    fn threading(&self) -> Threading {
        Threading::Single
    }

    fn support(&self, _op: Op, _dtype: DType) -> Support {
        Support::Fallback
    }

    fn limit(&self, threads: OpThreads) -> Result<Limit<'_>, Error> {
        Limit::single(ID, threads)
    }
}

impl Ops<f32> for Reference {}
impl Ops<f64> for Reference {}
impl<T: crate::Scalar> MatMul<T> for Reference {}
impl<T: crate::Scalar> Dot<T> for Reference {}
impl<T: crate::Scalar> Fill<T> for Reference {}
impl<T: crate::Scalar> Elementwise<T> for Reference {}
