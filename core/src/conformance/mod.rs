//! The conformance suite: every rule of the contracts as a check that any backend can be put through.
//!
//! A backend that is wrong for one stride, or that hands its work to the reference, makes a table of speeds a lie. So
//! the rules are tested from here, for all backends alike, and the whole test file of a backend is
//! `gingham_core::conformance!(MyBackend::new());`, which makes one test of every check.
//!
//! A check is a plain function that takes a `Subject` and returns a [`Report`] or the first [`Violation`]. Cases are
//! drawn from a seed that every violation prints; `GINGHAM_SEED` sets it. [`verify`] runs all checks of one operation
//! on one element type, [`observed_support`] finds out whether the library itself does the arithmetic.
//! `tests/saboteurs.rs` holds backends with one planted bug each, and proves that the suite finds every one.

mod concurrency;
mod distributions;
mod dot;
mod elementwise;
mod fill;
pub mod info;
mod judge;
mod layouts;
mod matmul;
mod pairwise;
mod random;
pub mod stack;
mod suite;
pub mod support;
mod table;
pub mod threads;
mod vectors;
mod watch;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use random::seed;
pub use support::observed_support;
pub use table::{Check, checks};

use crate::{Backend, BackendId, DType, Error, Limit, Op, OpThreads, Support, Threading};

/// What a check is run on.
#[derive(Clone, Copy)]
struct Subject<'a> {
    backend: &'a dyn Backend,
    /// One of the check's family.
    op: Op,
    /// Op threads of every call; a limit of that count is in force.
    threads: OpThreads,
    /// The name of the check.
    rule: &'static str,
}

/// A rule that a backend breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{backend} breaks {rule}: {found} ({}={seed} repeats it)", random::SEED_VARIABLE)]
pub struct Violation {
    /// Id of the backend.
    pub backend: BackendId,
    /// The check that found it, for example `matmul::beta_zero`.
    pub rule: &'static str,
    /// Operation, element type, shapes, strides and factors; then what was expected and what was found.
    pub found: String,
    /// The seed of the case.
    pub seed: u64,
}

impl Violation {
    fn new(backend: &dyn Backend, rule: &'static str, found: impl fmt::Display) -> Self {
        Self { backend: backend.info().id, rule, found: found.to_string(), seed: seed() }
    }
}

/// How well a backend kept to the bounds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Report {
    /// Calls that were judged.
    pub cases: usize,
    /// The largest error of one element over its bound; at most 1. Zero where results are exact.
    pub error_ratio: f64,
    /// The largest error of a matmul or dot in the Frobenius norm, over the same bound with norms of the operands in
    /// place of their absolute values: the measure for algorithms that are only stable norm-wise. Zero for other
    /// operations.
    pub norm_ratio: f64,
}

impl Report {
    /// Both reports in one.
    fn and(self, other: Self) -> Self {
        Self {
            cases: self.cases + other.cases,
            error_ratio: self.error_ratio.max(other.error_ratio),
            norm_ratio: self.norm_ratio.max(other.norm_ratio),
        }
    }

    /// All reports in one, or the first violation.
    fn all(reports: impl IntoIterator<Item = Result<Self, Violation>>) -> Result<Self, Violation> {
        Self::sum(&mut reports.into_iter())
    }

    /// Not generic, so that folding is compiled once and not into every chain of iterators, which made a tenth of this
    /// crate.
    fn sum(reports: &mut dyn Iterator<Item = Result<Self, Violation>>) -> Result<Self, Violation> {
        let mut sum = Self::default();
        for report in reports {
            sum = sum.and(report?);
        }
        Ok(sum)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cases, error_ratio, norm_ratio } = self;
        write!(f, "{cases} cases, largest error / bound {error_ratio:.3}, norm-wise {norm_ratio:.3}")
    }
}

impl Subject<'_> {
    /// Every check starts from the seed anew.
    fn random(&self) -> random::Random {
        random::Random::new(seed())
    }

    fn violation(&self, found: impl fmt::Display) -> Violation {
        let Self { backend, op, threads, rule } = *self;
        Violation::new(backend, rule, format_args!("{op}, {threads} op threads, {found}"))
    }

    /// A call that a checked entry has let through must work.
    fn must(&self, outcome: Result<(), Error>, case: impl fmt::Display) -> Result<(), Violation> {
        outcome.map_err(|error| self.violation(format_args!("{case}: refused: {error}")))
    }

    fn gaps(&self, intact: bool, case: impl fmt::Display) -> Result<(), Violation> {
        match intact {
            true => Ok(()),
            false => Err(self.violation(format_args!("{case}: an element in a gap of the output was written"))),
        }
    }
}

/// Runs every check of `op` on `dtype`, including the check of `support()`. If `support()` says that the operation is
/// missing, it is not run.
///
/// # Errors
/// The first violation.
pub fn verify(backend: &dyn Backend, op: Op, dtype: DType) -> Result<Report, Violation> {
    let honest = support::honest(backend, op, dtype)?;
    if backend.support(op, dtype) == Support::None {
        return Ok(honest);
    }
    let all = checks().filter(|check| check.ops().any(|of| of == op));
    Report::all(all.map(|check| check.run(backend, op, dtype)).chain([Ok(honest)]))
}

/// A limit that holds while a check runs, with its count.
struct Settled<'a> {
    threads: OpThreads,
    _limit: Limit<'a>,
    /// Held as long as the limit: a setting of the whole process may not change while a call runs.
    _turn: Option<MutexGuard<'static, ()>>,
}

/// The smallest count of op threads that this process can give (one, unless the library reads its count at start).
fn settle<'a>(backend: &'a dyn Backend, rule: &'static str) -> Result<Settled<'a>, Violation> {
    static TURN: Mutex<()> = Mutex::new(());
    let of_process = matches!(backend.threading(), Threading::Process { .. });
    let turn = of_process.then(|| TURN.lock().unwrap_or_else(PoisonError::into_inner));
    (1..=OpThreads::MAX)
        .filter_map(|n| OpThreads::new(n).ok())
        .find_map(|threads| Some((threads, backend.limit(threads).ok()?)))
        .map(|(threads, limit)| Settled { threads, _limit: limit, _turn: turn })
        .ok_or_else(|| Violation::new(backend, rule, "limit() gives no count of op threads at all"))
}

/// Ends a test of the suite: prints what was tried.
///
/// # Panics
/// With the first violation.
#[doc(hidden)]
pub fn pass(outcomes: impl IntoIterator<Item = Result<Report, Violation>>) {
    match Report::all(outcomes) {
        Ok(report) => println!("{report}; {}={}", random::SEED_VARIABLE, seed()),
        Err(violation) => panic!("{violation}"),
    }
}

/// [`pass`] for the check named `rule`, for every operation of its family. The backend must refuse an operation that it
/// does not have.
///
/// # Panics
/// With the first violation.
#[doc(hidden)]
pub fn pass_everywhere(backend: &dyn Backend, rule: &str, dtype: DType) {
    let check = checks().find(|check| check.rule == rule).expect("tests and table are made from one list");
    pass(check.ops().map(|op| match backend.support(op, dtype) {
        Support::Native | Support::Fallback => check.run(backend, op, dtype),
        Support::None => support::honest(backend, op, dtype),
    }));
}
