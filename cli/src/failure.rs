//! How a command fails: status 2 for bad usage or bad input, 1 for work that failed, 3 with `--strict` for a
//! measurement that cannot be trusted; one line in each case.

use std::fmt::Display;
use std::io;

use gingham_harness::report::UnknownFormat;
#[cfg(target_os = "linux")]
use gingham_harness::tuner;
use gingham_runtime::workload::memory::TooLarge;
use gingham_runtime::{combination, engine, executor, plan, profile, workload};

use super::stderr::tell;

/// A command that failed, with its one line.
#[derive(Debug)]
pub(super) struct Failure {
    message: String,
    status: u8,
}

impl Failure {
    /// Bad usage or bad input.
    pub(super) fn usage(message: impl Display) -> Self {
        Self { message: message.to_string(), status: 2 }
    }

    /// The work itself failed.
    pub(super) fn work(message: impl Display) -> Self {
        Self { message: message.to_string(), status: 1 }
    }

    /// The work is done, and should not be trusted.
    pub(super) fn doubt(message: impl Display) -> Self {
        Self { message: message.to_string(), status: 3 }
    }

    /// Ctrl-C has ended the work before it was done.
    pub(super) fn interrupted(message: impl Display) -> Self {
        Self { message: message.to_string(), status: 130 }
    }

    /// Standard output cannot be written to. The message is empty if its reader is gone (`| head`).
    pub(super) fn of_stdout(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::work(""),
            _ => Self::work(format!("standard output: {error}")),
        }
    }

    /// Prints its line on standard error.
    pub(super) fn tell(&self) {
        let line = self.message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        if !line.is_empty() {
            tell(format_args!("gingham: {line}"));
        }
    }

    /// Prints the failure, and returns the exit status.
    pub(super) fn report(self) -> u8 {
        self.tell();
        self.status
    }
}

/// Makes a failure of bad usage or bad input from each of these errors.
macro_rules! usage {
    ($($error:ty),+) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::usage(error)
            }
        }
    )+};
}

usage!(gingham_core::Error, combination::Error, workload::Error, TooLarge, profile::Error, UnknownFormat);

#[cfg(target_os = "linux")]
impl From<tuner::Error> for Failure {
    fn from(error: tuner::Error) -> Self {
        use tuner::Error::{Arena, Interrupted, Placement, Serial};
        match error {
            Placement(_) | Arena(_) | Serial(_) | Interrupted => Self::work(error),
            _ => Self::usage(error),
        }
    }
}

impl From<plan::Error> for Failure {
    fn from(error: plan::Error) -> Self {
        match error {
            plan::Error::Engine(engine::Error::Executor(executor::Error::Spawn { .. })) => Self::work(error),
            _ => Self::usage(error),
        }
    }
}

impl From<plan::RunError> for Failure {
    fn from(error: plan::RunError) -> Self {
        Self::work(error)
    }
}
