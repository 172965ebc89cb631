//! What the reader should know before trusting the figures.

use std::fmt;

use gingham_runtime::combination::Combination;
use serde::{Deserialize, Serialize};

use super::{Failure, Left};

/// What the reader should know before trusting the figures.
#[derive(Debug, Clone, PartialEq)]
pub enum Warning {
    /// The figures come from the race, not from fresh processes.
    NotConfirmed {
        /// Seconds of a budget that would confirm the answer.
        advised_s: f64,
    },
    /// Fresh processes and the race contradict each other about a candidate.
    Contradicted {
        /// The candidate.
        candidate: Combination,
        /// Why it had left the race.
        left: Option<Left>,
    },
    /// The A/A control has failed, so that nothing says how far two equals lie apart.
    ControlFailed {
        /// The candidate of which it was the second process.
        candidate: Combination,
        /// Why.
        failure: Failure,
    },
    /// Others had the machine.
    Disturbed {
        /// What they had, in words.
        what: String,
    },
    /// Two processes of one candidate differ.
    ControlApart {
        /// The candidate.
        candidate: Combination,
        /// The share by which they differ.
        apart: f64,
    },
    /// Combinations were never started, or failed.
    Partial {
        /// Which, and what would help, in words.
        what: String,
    },
    /// The ceiling of all cores together could not be measured on all cores.
    Ceilings {
        /// Why, in words.
        what: String,
    },
    /// The journal could not be written to its end.
    Journal {
        /// Why, in words.
        error: String,
    },
}

/// The kind of a [`Warning`], as it is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// [`Warning::NotConfirmed`]
    NotConfirmed,
    /// [`Warning::Contradicted`]
    Contradicted,
    /// [`Warning::ControlFailed`]
    ControlFailed,
    /// [`Warning::Disturbed`]
    Disturbed,
    /// [`Warning::ControlApart`]
    ControlApart,
    /// [`Warning::Partial`]
    Partial,
    /// [`Warning::Ceilings`]
    Ceilings,
    /// [`Warning::Journal`]
    Journal,
}

impl Warning {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> WarningKind {
        match self {
            Self::NotConfirmed { .. } => WarningKind::NotConfirmed,
            Self::Contradicted { .. } => WarningKind::Contradicted,
            Self::ControlFailed { .. } => WarningKind::ControlFailed,
            Self::Disturbed { .. } => WarningKind::Disturbed,
            Self::ControlApart { .. } => WarningKind::ControlApart,
            Self::Partial { .. } => WarningKind::Partial,
            Self::Ceilings { .. } => WarningKind::Ceilings,
            Self::Journal { .. } => WarningKind::Journal,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfirmed { advised_s } => write!(
                f,
                "not confirmed: the figures are the race's own, since the budget left no time to measure the winner \
                 anew; --budget {advised_s:.0}s would"
            ),
            Self::Contradicted { candidate, left } => {
                let why = left.as_ref().map(ToString::to_string).unwrap_or_default();
                write!(
                    f,
                    "fresh processes contradict the race, and decide: {candidate} had left it ({why}), and is ahead of \
                     all that stayed in"
                )
            }
            Self::ControlFailed { candidate, failure } => {
                write!(f, "a second process of {candidate} failed: {failure}")
            }
            Self::Disturbed { what } => write!(f, "{what}; stop what else runs, and tune again"),
            Self::ControlApart { candidate, apart } => write!(
                f,
                "two processes of {candidate} lie {:.0} % apart: differences of this size may be chance",
                apart * 100.0
            ),
            Self::Partial { what } | Self::Ceilings { what } => f.write_str(what),
            Self::Journal { error } => write!(f, "the journal ends early: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::FailureKind;

    /// Files and scripts rely on both.
    #[test]
    fn texts_and_tags() {
        let candidate = || "a+serial".parse::<Combination>().unwrap();
        let left = Some(Left::Behind { ratio: 1.7 });
        let failure = Failure::new(FailureKind::Failed, "killed");
        for (warning, text, tag) in [
            (
                Warning::NotConfirmed { advised_s: 90.0 },
                "not confirmed: the figures are the race's own, since the budget left no time to measure the winner \
                 anew; --budget 90s would",
                "not_confirmed",
            ),
            (
                Warning::Contradicted { candidate: candidate(), left },
                "fresh processes contradict the race, and decide: a:1+serial had left it (1.7 x the leader's time), \
                 and is ahead of all that stayed in",
                "contradicted",
            ),
            (
                Warning::ControlFailed { candidate: candidate(), failure },
                "a second process of a:1+serial failed: killed",
                "control_failed",
            ),
            (
                Warning::Disturbed { what: "others had it".into() },
                "others had it; stop what else runs, and tune again",
                "disturbed",
            ),
            (
                Warning::ControlApart { candidate: candidate(), apart: 0.043 },
                "two processes of a:1+serial lie 4 % apart: differences of this size may be chance",
                "control_apart",
            ),
            (Warning::Partial { what: "it is partial".into() }, "it is partial", "partial"),
            (Warning::Ceilings { what: "1 of 2 threads".into() }, "1 of 2 threads", "ceilings"),
            (Warning::Journal { error: "full".into() }, "the journal ends early: full", "journal"),
        ] {
            assert_eq!(warning.to_string(), text);
            assert_eq!(serde_json::to_value(warning.kind()).unwrap(), tag);
        }
    }
}
