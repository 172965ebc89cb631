//! `gingham verify`: the conformance suite, on this machine, one line a backend, operation and element type.

use clap::Args;
use gingham_core::{DType, Op, Registry, conformance};
use gingham_harness::report::count;

use super::failure::Failure;
use super::progress::Steps;

/// Runs the conformance suite on backends: one line for each operation and element type
///
/// It compares results with plain loops over many sizes, layouts and special values, and tries concurrent callers and
/// every number of threads. Run it once on a new machine, and after an update of a library.
#[derive(Args)]
pub(super) struct Verify {
    /// Backends, comma-separated, or all
    ///
    /// Name one to save time: all of them take half a minute.
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "all")]
    backend: Vec<String>,
    /// Operations, comma-separated [default: all]
    ///
    /// Name those that you use, for example matmul,dot.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    op: Vec<String>,
}

impl Verify {
    pub(super) fn execute(self, registry: &Registry) -> Result<(), Failure> {
        let backends: Vec<_> = match &self.backend[..] {
            [all] if all == "all" => registry.iter().collect(),
            ids => ids.iter().map(|id| registry.get(id)).collect::<Result<_, _>>()?,
        };
        let ops = match &self.op[..] {
            [] => Op::all().collect(),
            names => names.iter().map(|name| name.parse()).collect::<Result<Vec<Op>, _>>()?,
        };
        let (mut lines, mut failed) = (0, 0);
        let steps = Steps::new(backends.len() * ops.len() * DType::ALL.len());
        for backend in backends {
            let info = backend.info();
            for &op in &ops {
                for dtype in DType::ALL {
                    let head = format!(
                        "{:<15} {:<10} {op:<14} {dtype:<4} {:<9}",
                        info.id,
                        info.version,
                        backend.support(op, dtype)
                    );
                    lines += 1;
                    steps.begin(format!("{} {op} {dtype}", info.id));
                    match conformance::verify(backend.as_ref(), op, dtype) {
                        Ok(report) => steps.done(&format!(
                            "{head} {:>5} cases  error/bound {:.3}  PASS\n",
                            report.cases, report.error_ratio
                        ))?,
                        Err(violation) => {
                            failed += 1;
                            steps.done(&format!("{head} FAIL: {violation}\n"))?;
                        }
                    }
                }
            }
        }
        match failed {
            0 => Ok(()),
            _ => Err(Failure::work(format!("{failed} of {} failed", count(lines, "check")))),
        }
    }
}
