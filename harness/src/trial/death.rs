//! Why a trial gives no (more) samples.

use std::io;
use std::time::Duration;

use rustix::io::Errno;

use super::protocol::Answer;

/// Why a trial gives no (more) samples.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Death {
    /// The runner says that it cannot run this combination.
    #[error("{0}")]
    Refused(String),
    /// It did not answer a request in time.
    #[error("no answer within {}s", (.0.as_secs_f64() * 10.0).round() / 10.0)]
    Timeout(Duration),
    /// It ended, crashed, failed, or gave an answer that is not in the protocol.
    #[error("{0}")]
    Failed(String),
}

/// Why no process could be started, and what would help.
pub(super) fn unstarted(error: &io::Error) -> String {
    let more = match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE) => "; raise `ulimit -n`, of which each trial takes four",
        Some(Errno::AGAIN) => "; raise `ulimit -u`",
        _ => "",
    };
    format!("cannot start: {error}{more}")
}

pub(super) fn unexpected(answer: Answer) -> Death {
    match answer {
        Answer::Refused { reason } => Death::Refused(reason),
        Answer::Failed { reason } => Death::Failed(reason),
        other => Death::Failed(format!("answered out of turn: {other:?}")),
    }
}
