//! `gingham study` where studies do not run: says so.

use clap::Args;
use gingham_core::Registry;

use super::failure::Failure;

/// Measures the questions of the tutorials on this machine: on Linux only
#[derive(Args)]
pub(super) struct Study {
    /// Any flags
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _flags: Vec<String>,
}

impl Study {
    pub(super) fn execute(self, _registry: &Registry) -> Result<(), Failure> {
        Err(Failure::usage("studies run on Linux; `gingham verify` and `gingham run` work on this system"))
    }
}
