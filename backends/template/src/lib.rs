//! Gingham backend `template` in its first state: a matrix product of its own, and core's reference for all else.
//!
//! It passes the conformance suite as it stands. Change it step by step, run its tests after each step, and it still
//! passes:
//!
//! 1. `Cargo.toml`: name the library that you are plugging in as a dependency.
//! 2. `info`: say which library and version do the arithmetic.
//! 3. `src/matmul.rs`: replace the three loops by a call of the library.
//! 4. `threading`, `variables` and `limit`: say how the library takes its thread count, and what it reads at its start.
//! 5. `support`: name every operation that the library has, and give each family a file of its own beside
//!    `src/matmul.rs`: `dot.rs`, `fill.rs`, `elementwise.rs`.

mod matmul;

use gingham_core::{
    Backend, BackendId, DType, Dot, Elementwise, Error, Fill, Info, Limit, Op, OpThreads, Ops, Scalar, Support,
    Threading, Variable,
};

/// The name in combinations and profiles.
const ID: BackendId = BackendId::new("template");

/// The backend `template`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Template;

impl Template {
    /// The backend.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Backend for Template {
    fn info(&self) -> Info {
        // Step 2. The library and its version, not this crate's: a number without a version is worth nothing.
        // `with_kernels`: those that the library chose on this machine, if it tells. `with_notes`: what a reader of a
        // table should know, for example which layouts are copied first.
        Info::new(ID, "gingham-template", env!("CARGO_PKG_VERSION"))
    }

    // Step 4. `PerCall` if each call takes a count, `Process` if the library has a setter, `AtStart` if it reads a
    // variable once.
    fn threading(&self) -> Threading {
        Threading::Single
    }

    // Step 4. The environment variables that choose its threads (`Variable::new`), or that override its own choice of
    // kernels (`Variable::of_kernels`).
    fn variables(&self) -> &[Variable] {
        &[]
    }

    // Step 5. `Native` only if the library itself does the arithmetic, whatever the strides: the suite counts the calls
    // that end in the reference.
    fn support(&self, op: Op, _dtype: DType) -> Support {
        match op {
            Op::MatMul => Support::Native,
            Op::Dot | Op::Fill | Op::Unary(_) | Op::Binary(_) | Op::Random(_) => Support::Fallback,
        }
    }

    // Step 4. `Limit::empty()` for `PerCall`, `Limit::restoring(..)` for `Process`, `Limit::at_start(..)` for
    // `AtStart`.
    fn limit(&self, threads: OpThreads) -> Result<Limit<'_>, Error> {
        Limit::single(ID, threads)
    }
}

impl Ops<f32> for Template {}
impl Ops<f64> for Template {}

// Step 5. An empty `impl` is core's reference. What the library has moves to a file of its own, as the product did.
impl<T: Scalar> Dot<T> for Template {}
impl<T: Scalar> Fill<T> for Template {}
impl<T: Scalar> Elementwise<T> for Template {}
