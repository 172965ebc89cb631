//! Combinations without figures, by the reason why they have none.

use std::fmt;

use crate::outcome::{Outcome, Row, Status};
use crate::search::Cause;

/// Combinations that have no figures for one reason.
pub(super) struct Reason<'a> {
    pub(super) status: Status,
    pub(super) count: usize,
    /// The first of them.
    row: &'a Row,
}

/// The reasons why combinations have no figures, in the order of the rows.
pub(super) fn unmeasured(outcome: &Outcome) -> Vec<Reason<'_>> {
    let mut reasons: Vec<Reason<'_>> = Vec::new();
    for row in outcome.trials.iter().filter(|row| row.status != Status::Ok) {
        match reasons.iter_mut().find(|known| is_alike(known.row, row)) {
            Some(known) => known.count += 1,
            None => reasons.push(Reason { status: row.status, count: 1, row }),
        }
    }
    reasons
}

/// Whether one line can stand for both. Bounds are alike although each has its own number, and so are equals although
/// each names another candidate.
fn is_alike(one: &Row, other: &Row) -> bool {
    let cause = one.not_started.filter(|cause| matches!(cause, Cause::Bound | Cause::Equal));
    one.status == other.status && (one.reason == other.reason || (cause.is_some() && cause == other.not_started))
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, count, row } = self;
        let (name, reason) = (&row.combination, row.reason.as_deref().unwrap_or_default());
        match count - 1 {
            0 => write!(f, "{status:<8} {name}: {reason}"),
            others => write!(f, "{status:<8} {name} and {others} more: {reason}"),
        }
    }
}
