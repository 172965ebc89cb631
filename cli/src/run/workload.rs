//! `gingham run` on operands that it makes itself: a batch, timed once.

use std::time::Instant;

use gingham_core::{DType, Scalar};
use gingham_harness::operands::{self, Placement};
use gingham_harness::report::seconds;
use gingham_harness::{Plan, Workload};
use gingham_machine::available_memory;

use crate::failure::Failure;
use crate::output::print;

pub(super) fn run(workload: &Workload, plan: impl FnOnce(&Workload) -> Result<Plan, Failure>) -> Result<(), Failure> {
    operands::check_memory(workload, available_memory())?;
    let plan = plan(workload)?;
    match workload.dtype() {
        DType::F32 => once::<f32>(workload, &plan),
        DType::F64 => once::<f64>(workload, &plan),
    }
}

/// Runs the batch twice, and tells of the second time, when pools and caches are warm.
fn once<T: Scalar>(workload: &Workload, plan: &Plan) -> Result<(), Failure> {
    let placement = Placement::of(workload);
    let zeros = |bytes: u64| vec![T::zero(); bytes as usize / size_of::<T>()];
    let (mut inputs, mut outputs) = (zeros(placement.input_bytes), zeros(placement.output_bytes));
    operands::fill(workload, 0, &mut inputs);
    let mut batch = operands::tasks(workload, &placement.tensors, &inputs, &mut outputs)?.into();
    plan.run(&mut batch)?;
    let start = Instant::now();
    plan.run(&mut batch)?;
    let elapsed = start.elapsed().as_secs_f64();
    let rate = workload.work(workload.tasks()) / elapsed / 1e9;
    let (combination, unit) = (plan.combination(), workload.rate_unit());
    print(&format!("{workload}: {} with {combination}, {rate:.1} {unit}\n", seconds(elapsed)))
}
