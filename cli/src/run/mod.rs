//! `gingham run`: applies an answer, to files or to a workload.

mod bar;
mod files;
mod workload;

use std::path::PathBuf;

use clap::Args;
use gingham_core::Registry;
use gingham_runtime::{Combination, Plan, Session, Workload};

use super::args::WorkloadArgs;
use super::failure::Failure;
use super::stderr::tell;

/// Multiplies files, or runs a workload once, with the saved answer or a given combination
#[derive(Args)]
pub(super) struct Run {
    #[command(flatten)]
    files: files::FilesArgs,
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
            tell(format_args!("gingham: {}", plan.origin()));
            for doubt in plan.doubts() {
                tell(format_args!("gingham: warning: {doubt}"));
            }
            Ok::<Plan, Failure>(plan)
        };
        match (self.files.request(), self.workload.is_empty()) {
            (Some(request), true) => files::multiply(&request, plan),
            (Some(_), false) => {
                Err(Failure::usage("--lhs, --rhs and --out say what to compute; leave the workload flags out"))
            }
            (None, true) => {
                Err(Failure::usage("nothing to run; give --lhs, --rhs and --out, or --op, --shape and --tasks"))
            }
            (None, false) => workload::run(&self.workload.workload(|| unreachable!("some flag was given"))?, plan),
        }
    }
}
