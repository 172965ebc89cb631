//! Makes a [`Failure`] of what went wrong with the process of a trial.

use gingham_runtime::process::Error;

use crate::reason::{Failure, FailureKind};

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Late(_) => FailureKind::Timeout,
            Error::Refused(_) => FailureKind::Refused,
            _ => FailureKind::Failed,
        };
        Self::new(kind, error.to_string())
    }
}

/// The runner gave an answer that is not in the protocol.
pub(super) fn failed(reason: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Failed, reason)
}
