//! `gingham run` on operands that it makes itself: a batch, timed once.

use std::time::Instant;

use gingham_core::Registry;
use gingham_harness::report::seconds;
use gingham_machine::available_memory;
use gingham_runtime::workload::Operands;
use gingham_runtime::{Plan, Workload};

use crate::failure::Failure;
use crate::output::print;

/// Runs the batch twice, and reports the second run, when pools and caches are warm.
pub(super) fn run(workload: &Workload, plan: impl FnOnce(&Workload) -> Result<Plan, Failure>) -> Result<(), Failure> {
    workload.check_memory(available_memory())?;
    let plan = plan(workload)?;
    let (mut operands, registry) = (Operands::new(workload, 0), Registry::new()); // no functions on a command line
    let mut tasks = operands.tasks(workload, &registry)?;
    plan.run(tasks.as_mut())?;
    let start = Instant::now();
    plan.run(tasks.as_mut())?;
    let elapsed = start.elapsed().as_secs_f64();
    let (combination, rate, unit) = (plan.combination(), workload.rate(elapsed), workload.rate_unit());
    print(&format!("{workload}: {} with {combination}, {rate:.1} {unit}\n", seconds(elapsed)))
}
