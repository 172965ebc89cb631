//! What goes wrong with a child: an error, a late answer, an unexpected one, or its end.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::io::Errno;

use super::program::Uninitialised;
use super::protocol::Answer;

/// A child that cannot be used any more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program's main would not serve.
    #[error(transparent)]
    Uninitialised(#[from] Uninitialised),
    /// No process could be started.
    #[error("cannot start: {0}{more}", more = help(.0))]
    Unstarted(io::Error),
    /// It did not answer a request within this time.
    #[error("no answer within {}s", tenths(.0))]
    Late(Duration),
    /// It ended before it answered.
    #[error("{how}{said}", said = after(.said))]
    Ended {
        /// How.
        how: Ended,
        /// The last line that it wrote to standard error, where that was read.
        said: Option<String>,
    },
    /// It cannot do what it was asked to do.
    #[error("{0}")]
    Refused(String),
    /// It answered what does not answer the request.
    #[error("{0}")]
    Answer(String),
    /// The system refused to wait for it.
    #[error("{0}")]
    Wait(io::Error),
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It exited with this status.
    Exited(i32),
    /// This signal killed it.
    Killed(i32),
    /// It closed its standard output, and was ended for that.
    Closed,
}

impl Ended {
    pub(super) fn of(status: ExitStatus) -> Self {
        // Whatever has ended without a signal has a status.
        status.signal().map_or(Self::Exited(status.code().unwrap_or_default()), Self::Killed)
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exited with status {status}"),
            Self::Killed(signal) => write!(f, "killed by signal {signal}"),
            Self::Closed => write!(f, "closed its standard output without an answer"),
        }
    }
}

impl From<Answer> for Error {
    /// What an answer means that the request does not ask for.
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Refused { reason } => Self::Refused(reason),
            Answer::Failed { reason } => Self::Answer(reason),
            other => Self::Answer(format!("answered out of turn: {other:?}")),
        }
    }
}

fn tenths(time: &Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}

fn after(said: &Option<String>) -> String {
    said.as_ref().map_or_else(String::new, |line| format!(": {line}"))
}

/// What would help where no process could be started.
fn help(error: &io::Error) -> &'static str {
    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE) => "; raise `ulimit -n`, of which each process takes four",
        Some(Errno::AGAIN) => "; raise `ulimit -u`",
        _ => "",
    }
}
