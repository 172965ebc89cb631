//! `gingham profile`: the saved answers.

#[cfg(target_os = "linux")]
mod check;
mod env;
mod show;

use std::io::ErrorKind;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use gingham_core::Registry;
use gingham_harness::store::Place;
use gingham_harness::{Profile as Saved, profile};

use super::args::WorkloadArgs;
use super::failure::Failure;
use super::output::print;

/// Shows, locates, checks or clears the saved answers
#[derive(Args)]
pub(super) struct Profile {
    #[command(subcommand)]
    action: Action,
    /// The file [default: profile.json in the user's configuration directory]
    #[arg(long, value_name = "FILE", global = true)]
    profile: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Action {
    /// Prints each saved answer, what it rests on and what speaks for it
    Show,
    /// Prints the name of the file
    Path,
    /// Measures each answer again, in about a second, and says whether it still holds
    Check,
    /// Prints the variables that the answers need, for `eval "$(gingham profile env ...)"`
    Env(WorkloadArgs),
    /// Removes the file
    Clear,
}

impl Profile {
    pub(super) fn execute(self, registry: &Registry) -> Result<(), Failure> {
        let path = self.profile.map_or_else(profile::default_path, Ok)?;
        let name = path.display();
        match self.action {
            Action::Path => print(&format!("{name}\n")),
            Action::Clear => match Place::of(&path).and_then(|place| place.remove()) {
                Ok(true) => print(&format!("Removed {name}.\n")),
                Ok(false) => print(&format!("There was no {name}.\n")),
                Err(e) if e.kind() == ErrorKind::InvalidInput => Err(Failure::usage(format!("{name}: {e}"))),
                Err(e) => Err(Failure::work(format!("{name}: {e}"))),
            },
            Action::Env(workload) => env::execute(&Saved::load(&path)?, &workload, registry),
            Action::Show | Action::Check => {
                let saved = Saved::load(&path)?;
                match self.action {
                    _ if saved.entries.is_empty() => {
                        print(&format!("No answers in {name} yet; `gingham tune` saves them.\n"))
                    }
                    Action::Check => check::execute(&saved, registry),
                    _ => show::execute(&saved, registry),
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod check {
    //! Where tuning does not run, no answer can be measured.
    use super::{Failure, Registry, Saved};

    pub(super) fn execute(_: &Saved, _: &Registry) -> Result<(), Failure> {
        Err(Failure::usage("answers are measured on Linux only; on this system plans and `gingham run` apply them"))
    }
}
