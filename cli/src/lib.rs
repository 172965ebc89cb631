//! The command line: one command a file. Results go to standard output, progress and warnings to standard error.
//!
//! A crate of its own, because it needs no optimisation: without it, it compiles in a third of the time.
#![forbid(unsafe_code)]
// They panic where a stream cannot be written to, which would lose the work.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod args;
mod completions;
#[cfg(target_os = "linux")]
mod destination;
mod failure;
mod interrupt;
mod list;
mod matrix;
mod output;
mod profile;
mod progress;
mod replay;
mod run;
mod stderr;
#[cfg(target_os = "linux")]
mod study;
#[cfg(not(target_os = "linux"))]
#[path = "study_elsewhere.rs"]
mod study;
#[cfg(target_os = "linux")]
mod tune;
#[cfg(not(target_os = "linux"))]
#[path = "tune_elsewhere.rs"]
mod tune;
mod usage;
mod verify;
mod workload_file;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use gingham_core::Registry;
use gingham_harness::progress::Listener;

use failure::Failure;

/// Finds the fastest combination of linear-algebra backend and parallel executor for a batch of array tasks.
///
/// Without a command, tunes a batch of 64 products of 256x256 f64 matrices: about half a minute, then a table.
#[derive(Parser)]
#[command(name = "gingham", version, after_long_help = MORE)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

/// What `gingham --help` says after the commands.
const MORE: &str = "\
Examples:
  gingham tune --op matmul --shape 512x256x512 --tasks 100
  gingham run --lhs 'a/*.npy' --rhs 'b/*.npy' --out c
  gingham tune --op exp --shape 1000000 --tasks 32 --output exp.json --output exp.csv

Exit status: 0 done; 1 the work failed; 2 bad usage or bad input, nothing was done (with --files, the other \
files were); 3 with --strict, the measurement cannot be trusted; 130 ended by a second Ctrl-C.

Results go to standard output, everything else to standard error. Answers are saved in gingham/profile.json in the \
user's configuration directory; those in /etc/xdg and /etc hold where the user has none.";

#[derive(Subcommand)]
enum Command {
    Tune(Box<tune::Tune>),
    Run(Box<run::Run>),
    Replay(replay::Replay),
    Study(study::Study),
    List(list::List),
    Matrix(matrix::Matrix),
    Verify(verify::Verify),
    Profile(profile::Profile),
    Completions(completions::Completions),
}

/// What `gingham` without a command does: a first look at the built-in workload, for which half a minute is enough.
const ALONE: [&str; 4] = ["gingham", "tune", "--budget", "30s"];

/// The command that the arguments name.
fn command(args: &[OsString]) -> Result<Command, clap::Error> {
    match Cli::try_parse_from(args)?.command {
        Some(command) => Ok(command),
        None => command(&ALONE.map(OsString::from)),
    }
}

/// The whole program `gingham` over the backends of `registry`: reads the arguments, does the work, says how it ended,
/// and ends the process. It does not run the libraries' exit handlers: OpenBLAS's waits for its threads, one of which
/// tries for ever to get memory if `ulimit -v` leaves too little.
#[must_use]
pub fn main(registry: Registry) -> ExitCode {
    let status = execute(registry);
    let _ = io::stdout().flush(); // a failed write has been reported before
    signal_hook::low_level::exit(status.into())
}

/// Does what the arguments say; returns the exit status.
fn execute(registry: Registry) -> u8 {
    let args: Vec<OsString> = std::env::args_os().collect();
    let command = match command(&args) {
        Ok(command) => command,
        // For a command whose subcommand is missing: prints its help on standard error.
        Err(help) if help.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = help.print(); // if that fails, no stream is left to report it on
            return 2;
        }
        Err(error) if error.use_stderr() => return Failure::usage(usage::said(&error, &args)).report(),
        // Help and the version. clap knows whether to colour them.
        Err(text) => {
            return match text.print() {
                Ok(()) => 0,
                Err(e) => Failure::of_stdout(&e).report(),
            };
        }
    };
    let done = match command {
        Command::Tune(tune) => tune.execute(registry),
        Command::Run(run) => run.execute(registry),
        Command::Replay(replay) => replay.execute(),
        Command::Study(study) => study.execute(&registry),
        Command::List(list) => list.execute(&registry),
        Command::Matrix(matrix) => matrix.execute(&registry),
        Command::Verify(verify) => verify.execute(&registry),
        Command::Profile(profile) => profile.execute(&registry),
        Command::Completions(completions) => completions.execute(),
    };
    match done {
        Ok(()) => 0,
        Err(failure) => failure.report(),
    }
}

/// The listener that draws the progress of a tuning that may take `budget`.
#[must_use]
pub fn progress(budget: Duration) -> Listener {
    let meter = progress::Meter::new(budget);
    Listener::new(move |progress, left| meter.tell(progress, left))
}
