//! `gingham profile`: the saved answers.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use gingham_harness::{Profile as Saved, profile, report};

use super::failure::Failure;
use super::output::print;

/// Shows, locates or clears the saved answers
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
    /// Prints each saved answer
    Show,
    /// Prints the name of the file
    Path,
    /// Removes the file
    Clear,
}

/// Combinations of each answer that are shown.
const SHOWN: usize = 5;

impl Profile {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let path = self.profile.map_or_else(profile::default_path, Ok)?;
        let name = path.display();
        match self.action {
            Action::Path => print(&format!("{name}\n")),
            Action::Show => {
                let saved = Saved::load(&path)?;
                if saved.entries.is_empty() {
                    return print(&format!("No answers in {name} yet; `gingham tune` saves them.\n"));
                }
                saved.entries.iter().try_for_each(|entry| print(&describe(entry)))
            }
            Action::Clear => match std::fs::remove_file(&path) {
                Ok(()) => print(&format!("Removed {name}.\n")),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => print(&format!("There was no {name}.\n")),
                Err(e) => Err(Failure::work(format!("{name}: {e}"))),
            },
        }
    }
}

fn describe(entry: &profile::Entry) -> String {
    let mut text = format!("{}\n  on {}, {} usable CPUs\n", entry.workload, entry.cpu_model, entry.usable_cpus);
    for ranked in entry.ranking.iter().take(SHOWN) {
        let export = ranked.export.as_ref().map(|export| format!("  needs {export}")).unwrap_or_default();
        let combination = ranked.combination.to_string();
        text += &format!("  {combination:<32} {:>10}{export}\n", report::seconds(ranked.median_s));
    }
    match entry.ranking.len().saturating_sub(SHOWN) {
        0 => text,
        more => text + &format!("  and {more} more\n"),
    }
}
