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
        let (checks, mut failed) = (backends.len() * ops.len() * DType::ALL.len(), 0);
        let steps = Steps::new(checks);
        for backend in backends {
            let info = backend.info();
            let (id, version) = (info.id, info.version);
            for &op in &ops {
                for dtype in DType::ALL {
                    let support = backend.support(op, dtype);
                    steps.begin(format!("{id} {op} {dtype}"));
                    let verified = conformance::verify(backend.as_ref(), op, dtype);
                    failed += usize::from(verified.is_err());
                    let verdict = match verified {
                        Ok(report) => format!("{:>5} cases  error/bound {:.3}  PASS", report.cases, report.error_ratio),
                        Err(violation) => format!("FAIL: {violation}"),
                    };
                    steps.done(&format!("{id:<15} {version:<10} {op:<14} {dtype:<4} {support:<9} {verdict}\n"))?;
                }
            }
        }
        match failed {
            0 => Ok(()),
            _ => Err(Failure::work(format!("{failed} of {} failed", count(checks, "check")))),
        }
    }
}
