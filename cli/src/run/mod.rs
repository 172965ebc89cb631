//! `gingham run`: applies an answer, to files or to a workload.

mod files;
mod transfer;
mod watch;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use gingham_core::Registry;
use gingham_harness::report::seconds;
use gingham_machine::available_memory;
#[cfg(target_os = "linux")]
use gingham_runtime::arena::Arena;
#[cfg(target_os = "linux")]
use gingham_runtime::engine::processes::Faults;
use gingham_runtime::workload::{Maker, Operands, Tasks};
use gingham_runtime::{Combination, Plan, Session, Workload};

use super::args::{WorkloadArgs, count, duration};
use super::failure::Failure;
use super::output::print;
use super::stderr::tell;

/// Multiplies, loads or converts files, or runs a workload once, with the saved answer or a given combination
#[derive(Args)]
pub(super) struct Run {
    #[command(flatten)]
    files: files::FilesArgs,
    #[command(flatten)]
    transfer: transfer::TransferArgs,
    #[command(flatten)]
    workload: WorkloadArgs,
    /// The combination to apply, for example simd:1+threads:2
    #[arg(long, value_name = "SPEC", conflicts_with = "profile")]
    combination: Option<String>,
    /// The saved answers [default: profile.json in the user's configuration directory]
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    #[cfg(target_os = "linux")]
    #[command(flatten)]
    faults: FaultArgs,
}

/// What is done about worker processes that die or hang.
#[cfg(target_os = "linux")]
#[derive(Args)]
struct FaultArgs {
    /// How often a task is run again, on a fresh worker, after a worker process has died of it
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = count)]
    retries: usize,
    /// Time after which a worker process that does not get on is ended [default: none]
    #[arg(long, value_parser = duration)]
    deadline: Option<Duration>,
}

impl Run {
    pub(super) fn execute(self, registry: Registry) -> Result<(), Failure> {
        let combination = self.combination.as_deref().map(str::parse::<Combination>).transpose()?;
        let all = registry.clone();
        if let Some(request) = self.transfer.request(&self.files, &self.workload)? {
            if self.profile.is_some() {
                return Err(Failure::usage(
                    "no answers are saved for files; leave --profile out, or give --combination",
                ));
            }
            return transfer::run(&request, combination.as_ref());
        }
        let plan = |workload: &Workload| {
            let session = match (&combination, &self.profile) {
                (Some(_), _) => Session::without_profile(registry),
                (None, Some(path)) if !path.exists() => {
                    return Err(Failure::usage(format!("profile {}: no such file", path.display())));
                }
                (None, Some(path)) => Session::with_profile(registry, path)?,
                (None, None) => Session::open(registry)?,
            };
            let plan = combination.map_or_else(|| session.plan(workload), |given| session.apply(&given))?;
            #[cfg(target_os = "linux")]
            let plan = plan.with_faults(Faults { retries: self.faults.retries, deadline: self.faults.deadline });
            tell(format_args!("gingham: {}", plan.origin()));
            for doubt in plan.doubts() {
                tell(format_args!("gingham: warning: {doubt}"));
            }
            Ok::<Plan, Failure>(plan)
        };
        let Some(paths) = self.files.paths() else {
            let nothing = "nothing to run; give --lhs, --rhs and --out, or --op load and --files, or --op, --shape \
                           and --tasks";
            return run(&all, &self.workload.workload()?.ok_or_else(|| Failure::usage(nothing))?, plan);
        };
        if !self.workload.is_empty() {
            return Err(Failure::usage("--lhs, --rhs and --out say what to compute; leave the workload flags out"));
        }
        files::multiply(&self.files, paths, plan)
    }
}

/// Runs a batch twice, on operands that it makes itself, and reports the second run, when pools and caches are warm.
fn run(
    registry: &Registry,
    workload: &Workload,
    plan: impl FnOnce(&Workload) -> Result<Plan, Failure>,
) -> Result<(), Failure> {
    workload.check_memory(available_memory())?;
    let plan = plan(workload)?;
    let maker = Maker::of(registry);
    #[cfg(target_os = "linux")]
    if plan.combination().executor.transport().is_some() {
        let mut arena = Arena::new(&maker, workload, 0).map_err(Failure::work)?;
        return run_twice(workload, &plan, plan.engine().tasks(registry, workload, &mut arena)?.as_mut());
    }
    run_twice(workload, &plan, Operands::new(&maker, workload, 0)?.tasks(workload, registry)?.as_mut())
}

fn run_twice(workload: &Workload, plan: &Plan, tasks: &mut dyn Tasks) -> Result<(), Failure> {
    plan.run(tasks)?;
    let start = Instant::now();
    plan.run(tasks)?;
    let elapsed = start.elapsed().as_secs_f64();
    let (combination, rate, unit) = (plan.combination(), workload.rate(elapsed), workload.rate_unit());
    print(&format!("{workload}: {} with {combination}, {rate:.1} {unit}\n", seconds(elapsed)))
}
