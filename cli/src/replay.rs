//! `gingham replay`: takes the decision of a tuning once more, from its own samples.

use std::path::PathBuf;

use clap::Args;
use gingham_harness::replay::{Recording, parts, render};

use super::failure::Failure;
use super::output::print;

/// Decides again on recorded samples, and plays races against a recorded exhaustive run
///
/// The same samples lead to the same decision: this shows how a recorded one was taken. On the result of an exhaustive
/// tuning it also shows what a race would have taken, in how much time, and how far from the best.
#[derive(Args)]
pub(super) struct Replay {
    /// A file written by `gingham tune --format json`
    #[arg(value_name = "RESULTS")]
    results: PathBuf,
}

impl Replay {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let recording = Recording::load(&self.results).map_err(Failure::usage)?;
        let replayed = recording.replayed();
        print(&render(&recording, &replayed))?;
        match &recording.recorded().differences(&replayed)[..] {
            [] => Ok(()),
            differences => Err(Failure::work(format!("the decisions differ in {}", parts(differences)))),
        }
    }
}
