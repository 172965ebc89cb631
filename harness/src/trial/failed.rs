//! Makes a [`Failure`] of what went wrong with a trial: an error, a late answer, or an unexpected one.

use std::io;
use std::time::Duration;

use rustix::io::Errno;

use super::protocol::Answer;
use crate::reason::{Failure, FailureKind};

/// The runner ended, crashed, failed, or gave an answer that is not in the protocol.
pub(super) fn failed(reason: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Failed, reason)
}

/// The runner did not answer a request within `deadline`.
pub(super) fn late(deadline: Duration) -> Failure {
    let seconds = (deadline.as_secs_f64() * 10.0).round() / 10.0;
    Failure::new(FailureKind::Timeout, format!("no answer within {seconds}s"))
}

/// No process could be started; says what would help.
pub(super) fn unstarted(error: &io::Error) -> Failure {
    let more = match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE) => "; raise `ulimit -n`, of which each trial takes four",
        Some(Errno::AGAIN) => "; raise `ulimit -u`",
        _ => "",
    };
    failed(format!("cannot start: {error}{more}"))
}

/// The runner gave an answer that the request does not ask for.
pub(super) fn unexpected(answer: Answer) -> Failure {
    match answer {
        Answer::Refused { reason } => Failure::new(FailureKind::Refused, reason),
        Answer::Failed { reason } => failed(reason),
        other => failed(format!("answered out of turn: {other:?}")),
    }
}
