//! `gingham replay`: the decision of a tuning once more, from its own samples.

use std::path::PathBuf;

use clap::Args;
use gingham_harness::replay::{Recording, render};

use super::failure::Failure;
use super::output::print;

/// Decides again on recorded samples, and plays races against a recorded exhaustive run
#[derive(Args)]
pub(super) struct Replay {
    /// A file written by `gingham tune --format json`
    #[arg(value_name = "RESULTS")]
    results: PathBuf,
}

impl Replay {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let recording = Recording::load(&self.results).map_err(Failure::usage)?;
        print(&render(&recording))
    }
}
