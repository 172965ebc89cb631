//! `gingham run`: applies an answer, to files or to a workload.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use gingham_core::{DType, Op, Registry, Scalar};
use gingham_harness::files::{Outcome, Pairs};
use gingham_harness::npy::Header;
use gingham_harness::operands::{self, Placement};
use gingham_harness::report::{bytes, seconds};
use gingham_harness::{Combination, Plan, Session, Workload};
use gingham_machine::available_memory;

use super::args::WorkloadArgs;
use super::failure::Failure;
use super::output::{print, tell};

/// Multiplies files, or runs a workload once, with the saved answer or a given combination
#[derive(Args)]
pub(super) struct Run {
    /// Left factors: a pattern for .npy files
    #[arg(long, value_name = "GLOB", requires_all = ["rhs", "out"])]
    lhs: Option<String>,
    /// Right factors, paired with the left ones by the order of their names
    #[arg(long, value_name = "GLOB", requires_all = ["lhs", "out"])]
    rhs: Option<String>,
    /// Directory for the products, each named as its left factor
    #[arg(long, value_name = "DIR", requires_all = ["lhs", "rhs"])]
    out: Option<PathBuf>,
    #[command(flatten)]
    workload: WorkloadArgs,
    /// The combination to apply, for example simd:1+threads:2
    #[arg(long, value_name = "SPEC", conflicts_with = "profile")]
    combination: Option<String>,
    /// The saved answers [default: profile.json in the user's configuration directory]
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
}

impl Run {
    pub(super) fn execute(self, registry: Registry) -> Result<(), Failure> {
        let combination = self.combination.as_deref().map(str::parse::<Combination>).transpose()?;
        match (&self.lhs, &self.rhs, &self.out) {
            (Some(lhs), Some(rhs), Some(out)) => {
                if !self.workload.is_empty() {
                    return Err(Failure::usage(
                        "--lhs, --rhs and --out say what to compute; leave the workload flags out",
                    ));
                }
                let (lhs, rhs) = (files(lhs)?, files(rhs)?);
                let workload = workload_of(&lhs, &rhs);
                let pairs = Pairs::check(lhs, rhs, out).map_err(Failure::usage)?;
                let plan = self.plan(registry, combination, workload.as_ref())?;
                multiply(pairs, &plan, out)
            }
            _ => {
                if self.workload.is_empty() {
                    return Err(Failure::usage(
                        "nothing to run; give --lhs, --rhs and --out, or --op, --shape and --tasks",
                    ));
                }
                let workload = self.workload.workload(|| unreachable!("some flag was given"))?;
                operands::check_memory(&workload, available_memory())?;
                let plan = self.plan(registry, combination, Some(&workload))?;
                match workload.dtype() {
                    DType::F32 => once::<f32>(&workload, &plan),
                    DType::F64 => once::<f64>(&workload, &plan),
                }
            }
        }
    }

    fn plan(
        &self,
        registry: Registry,
        combination: Option<Combination>,
        workload: Option<&Workload>,
    ) -> Result<Plan, Failure> {
        let plan = match (combination, workload) {
            (Some(combination), _) => Session::without_profile(registry).apply(&combination)?,
            (None, Some(workload)) => match &self.profile {
                Some(path) => Session::with_profile(registry, path)?.plan(workload)?,
                None => Session::open(registry)?.plan(workload)?,
            },
            (None, None) => Session::without_profile(registry).plan(&any_product())?,
        };
        tell(format_args!("gingham: {}", plan.origin()));
        for doubt in plan.doubts() {
            tell(format_args!("gingham: warning: {doubt}"));
        }
        Ok(plan)
    }
}

/// Where no pair of files can be read the plan does not matter: every pair is going to fail.
fn any_product() -> Workload {
    Workload::new(Op::MatMul, DType::F64, "1", None, 1).expect("a fixed workload")
}

/// The files that match `pattern`, in the order of their names.
fn files(pattern: &str) -> Result<Vec<PathBuf>, Failure> {
    let refuse = |e: &dyn std::fmt::Display| Failure::usage(format!("pattern `{pattern}`: {e}"));
    let files = glob::glob(pattern).map_err(|e| refuse(&e))?.collect::<Result<Vec<_>, _>>().map_err(|e| refuse(&e))?;
    if files.is_empty() {
        return Err(refuse(&"no file matches; expected .npy files"));
    }
    Ok(files)
}

/// The workload of the first pair that is one.
fn workload_of(lhs: &[PathBuf], rhs: &[PathBuf]) -> Option<Workload> {
    lhs.iter().zip(rhs).find_map(|(a, b)| {
        let (a, (m, k)) = Header::read_matrix(a).ok()?;
        let (b, (kb, n)) = Header::read_matrix(b).ok()?;
        if kb != k || a.dtype != b.dtype {
            return None;
        }
        let letter = |by_columns: bool| if by_columns { 'c' } else { 'r' };
        let layout: String = [letter(a.fortran_order), letter(b.fortran_order), 'r'].iter().collect();
        Workload::new(Op::MatMul, a.dtype, &format!("{m}x{k}x{n}"), Some(&layout), lhs.len()).ok()
    })
}

fn multiply(pairs: Pairs, plan: &Plan, out: &std::path::Path) -> Result<(), Failure> {
    let combination = plan.combination();
    let _limit = plan.backend().limit(combination.op_threads)?;
    let told = |outcome: Outcome<'_>| {
        if let Err(failure) = outcome.result {
            tell(format_args!("gingham: {failure}"));
        }
    };
    let summary = pairs.multiply(plan.backend(), combination.op_threads, plan.executor(), combination.chunk, &told);
    print(&format!(
        "{} products in {} with {combination}: {} read, {} written, {:.1} GF/s with the files included\n",
        summary.done,
        seconds(summary.seconds),
        bytes(summary.work.bytes_read),
        bytes(summary.work.bytes_written),
        summary.work.flops / summary.seconds.max(1e-9) / 1e9,
    ))?;
    match summary.failed.len() {
        0 => Ok(()),
        failed => Err(Failure::work(format!(
            "{failed} of {} pairs have no product (reasons above); the others are in {}",
            failed + summary.done,
            out.display()
        ))),
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
