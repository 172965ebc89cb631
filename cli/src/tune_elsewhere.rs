//! `gingham tune` where tuning does not run: says so.

use clap::Args;
use gingham_core::Registry;

use super::failure::Failure;

/// Races combinations of backend, op threads and executor on a workload: on Linux only
#[derive(Args)]
pub(super) struct Tune {
    /// Any flags
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _flags: Vec<String>,
}

impl Tune {
    pub(super) fn execute(self, _registry: Registry) -> Result<(), Failure> {
        Err(Failure::usage(
            "tuning runs on Linux; on this system `gingham run` and plans work, with a saved answer or without one",
        ))
    }
}
