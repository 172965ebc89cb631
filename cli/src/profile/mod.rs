//! `gingham profile`: the saved answers.

#[cfg(target_os = "linux")]
mod check;
mod env;
mod exchange;
mod show;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use gingham_core::Registry;
use gingham_runtime::store::Place;
use gingham_runtime::{Profile as Saved, profile};

use super::args::WorkloadArgs;
use super::failure::Failure;
use super::output::print;

/// Shows, checks, hands on or removes the saved answers
///
/// Where no file is named, `show`, `check`, `env` and `export` look into the user's profile and below it into those of
/// the system, in /etc/xdg and /etc; all others into the user's alone.
#[derive(Args)]
pub(super) struct Profile {
    #[command(subcommand)]
    action: Action,
    /// The file [default: profile.json in the user's configuration directory]
    ///
    /// For answers that are kept beside a program, or that come from another machine.
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
    ///
    /// Its best combination and the best of another kind are verified and then run in turn. Tasks that take seconds are
    /// run as few times as will do: once to be verified, and for 5 s or one more time to be timed.
    Check,
    /// Prints the variables that the answers need, for `eval "$(gingham profile env ...)"`
    ///
    /// With a workload, those of its answer alone: two answers may need different values.
    Env(WorkloadArgs),
    /// Removes the answers for one workload, on whichever machine they were measured
    Forget(WorkloadArgs),
    /// Takes in the answers of another file; of two for one workload and machine, the later stays
    Import {
        /// A profile, for example what `gingham profile export` printed; - is standard input
        file: PathBuf,
    },
    /// Prints all answers, or those for one workload, as a profile
    Export(WorkloadArgs),
    /// Removes the file
    Clear,
}

impl Profile {
    pub(super) fn execute(self, registry: &Registry) -> Result<(), Failure> {
        let named = self.profile;
        let path = named.clone().map_or_else(profile::default_path, Ok)?;
        let layers = || match named {
            Some(path) => Saved::load(&path).map(|saved| vec![(path.clone(), saved.named(&path))]),
            None => Saved::layers(),
        };
        match self.action {
            Action::Path => print(&format!("{}\n", path.display())),
            Action::Clear => clear(&path),
            Action::Forget(workload) => exchange::forget(&path, &workload),
            Action::Import { file } => exchange::import(&path, &file),
            Action::Export(workload) => exchange::export(Saved::of_layers(layers()?), &workload),
            Action::Env(workload) => env::execute(&Saved::of_layers(layers()?), &workload, registry),
            Action::Show | Action::Check => {
                let layers = layers()?;
                if layers.iter().all(|(_, saved)| saved.entries.is_empty()) {
                    let flag = profile::flag(&path);
                    return print(&format!("No answers in {} yet; `gingham tune{flag}` saves them.\n", path.display()));
                }
                match self.action {
                    Action::Check => check::execute(&Saved::of_layers(layers), registry),
                    _ => show::execute(&layers, registry),
                }
            }
        }
    }
}

fn clear(path: &Path) -> Result<(), Failure> {
    let name = path.display();
    match Place::of(path).and_then(|place| place.remove()) {
        Ok(true) => print(&format!("Removed {name}.\n")),
        Ok(false) => print(&format!("There was no {name}.\n")),
        Err(e) if e.kind() == ErrorKind::InvalidInput => Err(Failure::usage(format!("{name}: {e}"))),
        Err(e) => Err(Failure::work(format!("{name}: {e}"))),
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
