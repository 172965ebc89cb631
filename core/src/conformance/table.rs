//! The list of checks, once: for the tests of a backend, and as data.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Report, Subject, Violation, distributions, dot, elementwise, fill, matmul, settle};
use crate::{Backend, DType, Op};

/// Hands the list of checks to the macro `$with`: family { check, .. }. Each is a generic function in the family's
/// file.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_checks {
    ($with:path) => {
        $with! {
            matmul {
                layouts, blocking, zero_sizes, beta_zero, alpha_zero, nothing_added, broadcast, no_skipping,
                special_values, integers, structured, batch, batch_alike, batch_values, large, concurrent,
            }
            dot { layouts, special_values, integers, large, concurrent }
            fill { layouts, large, concurrent }
            elementwise { layouts, special_values, accuracy, large, concurrent }
            distributions { layouts, pieces_fit, values, moments, shape, independence, large, concurrent }
        }
    };
}

/// One rule of a contract and the functions that test it.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Family and name, for example `matmul::beta_zero`.
    pub rule: &'static str,
    family: &'static str,
    double: fn(&Subject<'_>) -> Result<Report, Violation>,
    single: fn(&Subject<'_>) -> Result<Report, Violation>,
}

impl Check {
    /// The operations that the check is about.
    pub fn ops(&self) -> impl Iterator<Item = Op> + use<> {
        let family = self.family;
        Op::all().filter(move |op| match op {
            Op::MatMul => family == "matmul",
            Op::Dot => family == "dot",
            Op::Fill => family == "fill",
            Op::Unary(_) | Op::Binary(_) => family == "elementwise",
            Op::Random(_) => family == "distributions",
        })
    }

    /// Runs the check on `op`, with the smallest count of op threads that this process can give.
    ///
    /// # Errors
    /// The first violation.
    pub fn run(&self, backend: &dyn Backend, op: Op, dtype: DType) -> Result<Report, Violation> {
        let settled = settle(backend, self.rule)?;
        self.judge(&Subject { backend, op, threads: settled.threads, rule: self.rule }, dtype)
    }

    /// Runs the check on `subject`, whose op threads are in force.
    pub(super) fn judge(&self, subject: &Subject<'_>, dtype: DType) -> Result<Report, Violation> {
        let run = match dtype {
            DType::F64 => self.double,
            DType::F32 => self.single,
        };
        // After a panic nothing is used again except the backend, which caused it.
        catch_unwind(AssertUnwindSafe(|| run(subject)))
            .unwrap_or_else(|_| Err(subject.violation("a call panicked, as told above")))
            .map_err(|violation| Violation { found: format!("{dtype} {}", violation.found), ..violation })
    }
}

macro_rules! table {
    ($($family:ident { $($check:ident),* $(,)? })*) => {
        const CHECKS: &[Check] = &[$($(
            Check {
                rule: concat!(stringify!($family), "::", stringify!($check)),
                family: stringify!($family),
                double: $family::$check::<f64>,
                single: $family::$check::<f32>,
            },
        )*)*];
    };
}

crate::conformance_checks!(table);

/// Every check that is about an operation and an element type, in the order of the contracts.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    CHECKS.iter()
}
