//! Gingham finds the fastest combination of linear-algebra backend and parallel executor for a batch of array tasks on
//! the machine at hand, says why, saves the answer, and lets a program apply it.
//!
//! ```no_run
//! use gingham::Product;
//! use gingham::{Session, Workload};
//! use gingham::core::ndarray::Array2;
//!
//! let registry = gingham::registry();
//! gingham::init(&registry);
//! let workload = Workload::matmul::<f64>([256, 256, 256]).tasks(2);
//! let plan = Session::open(registry)?.plan(&workload)?;
//! println!("{}", plan.note());
//!
//! let (a, b) = (Array2::<f64>::ones((256, 256)), Array2::<f64>::ones((256, 256)));
//! let mut c = [Array2::zeros((256, 256)), Array2::zeros((256, 256))];
//! let mut batch: Vec<_> = c.iter_mut().map(|c| Product { a: a.view(), b: b.view(), c: c.view_mut() }).collect();
//! plan.matmul_many(&mut batch)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
// They panic where a stream cannot be written to, which would lose the work.
#![deny(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;
use std::time::Duration;

pub use gingham_core as core;
pub use gingham_core::{Context, Error, Product, Registry};
pub use gingham_harness as harness;
#[cfg(target_os = "linux")]
pub use gingham_harness::Tuner;
pub use gingham_harness::{FnTuner, Outcome};
pub use gingham_machine as machine;
pub use gingham_runtime as runtime;
pub use gingham_runtime::{Batch, Combination, Engine, Plan, Profile, Session, Workload};

/// The backends that a cargo feature of the same name compiles in.
const FEATURES: &[&str] = &["simd", "faer", "matrixmultiply", "nalgebra", "ndarray", "openblas"];

/// The backends that the features of this build compile in, one line each.
#[must_use]
pub fn registry() -> Registry {
    let registry = Registry::with_features(FEATURES);
    #[cfg(feature = "simd")]
    let registry = registry.with(gingham_simd::Simd::new());
    #[cfg(feature = "faer")]
    let registry = registry.with(gingham_faer::Faer::new());
    #[cfg(feature = "matrixmultiply")]
    let registry = registry.with(gingham_matrixmultiply::MatrixMultiply::new());
    #[cfg(feature = "nalgebra")]
    let registry = registry.with(gingham_nalgebra::Nalgebra::new());
    #[cfg(feature = "ndarray")]
    let registry = registry.with(gingham_ndarray::Ndarray::new());
    #[cfg(feature = "openblas")]
    let registry = registry.with(gingham_openblas::OpenBlas::new());
    registry
}

/// The first line of a program that tunes: where this process was started as a trial of a tuning, serves it and exits.
/// Without it a tuning refuses to begin.
pub fn init(registry: &Registry) {
    #[cfg(target_os = "linux")]
    harness::trial::init(registry);
    #[cfg(not(target_os = "linux"))]
    let _ = registry;
}

/// A bar on standard error, where that is a terminal, for the tuning of a function that may take `budget`:
/// `tuner.progress = gingham::progress(budget)`.
#[must_use]
pub fn progress(budget: Duration) -> harness::progress::Listener {
    gingham_cli::progress(budget)
}

/// The command line over the backends of `registry`: the whole `main` of a program that adds a backend of its own.
#[must_use]
pub fn main(registry: Registry) -> ExitCode {
    #[cfg(target_os = "linux")]
    let registry = harness::study::with_functions(registry);
    init(&registry);
    gingham_cli::main(registry)
}
