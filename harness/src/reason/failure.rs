//! The ways in which a process of a candidate fails, so that it gives no more samples.

use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::sample::Status;

/// Why a process of a candidate gives no (more) samples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// What failed.
    #[serde(rename = "status")]
    pub kind: FailureKind,
    /// Whether trying again could help: the cause lies in the moment (time, memory), not in the candidate. Older
    /// journals do not say so and are read as `false`.
    #[serde(default)]
    pub retry: bool,
    /// What happened, in words.
    pub reason: String,
}

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, VariantArray)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// It ended, crashed or failed.
    Failed,
    /// It did not answer in time.
    Timeout,
    /// Its results are wrong.
    Wrong,
    /// It cannot run in this process, or on this machine.
    Refused,
    /// It was not given the time to answer.
    Skipped,
}

impl Failure {
    /// A failure; trying again could help only if the kind depends on time.
    #[must_use]
    pub fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        let retry = matches!(kind, FailureKind::Timeout | FailureKind::Skipped);
        Self { kind, retry, reason: reason.into() }
    }
}

impl FailureKind {
    /// The kind of failure behind a status; `None` for a candidate that is right.
    #[must_use]
    pub fn of(status: Status) -> Option<Self> {
        Self::VARIANTS.iter().copied().find(|&kind| Status::from(kind) == status)
    }
}

impl From<FailureKind> for Status {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Failed => Self::Failed,
            FailureKind::Timeout => Self::Timeout,
            FailureKind::Wrong => Self::Wrong,
            FailureKind::Refused => Self::Refused,
            FailureKind::Skipped => Self::Skipped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_tells_the_kind_by_the_name_of_a_status() {
        let before = r#"{"status":"timeout","reason":"no answer within 5s"}"#;
        let read: Failure = serde_json::from_str(before).unwrap();
        assert_eq!((read.kind, read.retry, &read.reason[..]), (FailureKind::Timeout, false, "no answer within 5s"));
        let now = serde_json::to_value(Failure::new(FailureKind::Timeout, "late")).unwrap();
        assert_eq!(now, serde_json::json!({"status": "timeout", "retry": true, "reason": "late"}));
        for kind in [FailureKind::Failed, FailureKind::Wrong, FailureKind::Refused, FailureKind::Skipped] {
            let status = Status::from(kind);
            assert_eq!(serde_json::to_value(kind).unwrap(), serde_json::to_value(status).unwrap());
            assert_eq!(FailureKind::of(status), Some(kind));
        }
    }
}
