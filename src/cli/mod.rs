//! The command line: one command a file. Results go to standard output, progress and warnings to standard error.

mod args;
#[cfg(target_os = "linux")]
mod destination;
mod failure;
#[cfg(target_os = "linux")]
mod interrupt;
mod list;
mod matrix;
mod output;
mod profile;
#[cfg(target_os = "linux")]
mod progress;
mod replay;
mod run;
#[cfg(target_os = "linux")]
mod tune;
#[cfg(not(target_os = "linux"))]
#[path = "tune_elsewhere.rs"]
mod tune;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use gingham_core::Registry;

use failure::Failure;

/// Finds the fastest combination of linear-algebra backend and parallel executor for a batch of array tasks.
///
/// Without a command, tunes a batch of 64 products of 256x256 f64 matrices: about half a minute, then a table.
#[derive(Parser)]
#[command(name = "gingham", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    Tune(Box<tune::Tune>),
    Run(Box<run::Run>),
    Replay(replay::Replay),
    List(list::List),
    Matrix(matrix::Matrix),
    Verify(verify::Verify),
    Profile(profile::Profile),
}

pub(crate) fn main(registry: Registry) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => return Failure::usage(one_line(&error)).report(),
        // Help and the version. clap knows whether to colour them.
        Err(text) => {
            return match text.print() {
                Ok(()) => ExitCode::SUCCESS,
                Err(e) => Failure::of_stdout(&e).report(),
            };
        }
    };
    let done = match cli.command {
        None => tune::Tune::default().execute(registry),
        Some(Command::Tune(tune)) => tune.execute(registry),
        Some(Command::Run(run)) => run.execute(registry),
        Some(Command::Replay(replay)) => replay.execute(),
        Some(Command::List(list)) => list.execute(&registry),
        Some(Command::Matrix(matrix)) => matrix.execute(&registry),
        Some(Command::Verify(verify)) => verify.execute(&registry),
        Some(Command::Profile(profile)) => profile.execute(&registry),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// What clap has to say, without its usage text: the first paragraph, and what it suggests.
fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let said = text.lines().take_while(|line| !line.starts_with("Usage:")).filter(|line| !line.trim().is_empty());
    let said = said.filter(|line| !line.starts_with("For more information"));
    let line = said.map(str::trim).collect::<Vec<_>>().join(" ");
    let command = std::env::args().nth(1).filter(|word| Command::has_subcommand(word)).unwrap_or_default();
    format!("{} (see `{} --help`)", line.trim_start_matches("error: "), format!("gingham {command}").trim())
}
