//! How a command fails: status 2 for bad usage or bad input, 1 for work that failed, 3 with `--strict` for a
//! measurement that cannot be trusted; one line in each case.

use std::fmt::Display;
use std::io;

#[cfg(target_os = "linux")]
use gingham_harness::tuner;
use gingham_harness::{report, space};
use gingham_runtime::arena;
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

    /// Standard output cannot be written to. A reader that is gone (`| head`) has what it wanted, so there is no
    /// message.
    pub(super) fn of_stdout(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::work(""),
            _ => Self::work(format!("standard output: {error}")),
        }
    }

    /// Says so.
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

impl From<workload::Error> for Failure {
    fn from(error: workload::Error) -> Self {
        Self::usage(error)
    }
}

impl From<combination::Error> for Failure {
    fn from(error: combination::Error) -> Self {
        Self::usage(error)
    }
}

impl From<report::UnknownFormat> for Failure {
    fn from(error: report::UnknownFormat) -> Self {
        Self::usage(error)
    }
}

impl From<gingham_core::Error> for Failure {
    fn from(error: gingham_core::Error) -> Self {
        Self::usage(error)
    }
}

impl From<space::Error> for Failure {
    fn from(error: space::Error) -> Self {
        Self::usage(error)
    }
}

impl From<workload::memory::TooLarge> for Failure {
    fn from(error: workload::memory::TooLarge) -> Self {
        Self::usage(error)
    }
}

#[cfg(target_os = "linux")]
impl From<arena::Error> for Failure {
    fn from(error: arena::Error) -> Self {
        Self::work(error)
    }
}

impl From<profile::Error> for Failure {
    fn from(error: profile::Error) -> Self {
        Self::usage(error)
    }
}

#[cfg(target_os = "linux")]
impl From<tuner::Error> for Failure {
    fn from(error: tuner::Error) -> Self {
        match error {
            tuner::Error::Space(error) => error.into(),
            tuner::Error::Memory(error) => error.into(),
            tuner::Error::Placement(_) => Self::work(error),
            tuner::Error::Arena(error) => error.into(),
            tuner::Error::Interrupted | tuner::Error::Serial(_) => Self::work(error),
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
