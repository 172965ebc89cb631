//! Warnings: what a reader should know before trusting the figures, and the text that says so.

use gingham_runtime::combination::Combination;
use serde::{Deserialize, Serialize};
use strum::EnumDiscriminants;

use super::{Failure, Left};

/// What the reader should know before trusting the figures; a [`WarningKind`] is its kind, as it is saved.
#[derive(Debug, Clone, PartialEq, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(WarningKind), doc = "The kind of a [`Warning`], as it is saved.")]
#[strum_discriminants(derive(PartialOrd, Ord, Hash, Serialize, Deserialize), serde(rename_all = "snake_case"))]
pub enum Warning {
    /// The figures come from the race, not from fresh processes.
    #[error(
        "not confirmed: the figures are the race's own, since the budget left no time to measure the winner anew; \
         --budget {advised_s:.0}s would"
    )]
    NotConfirmed {
        /// Seconds of a budget that would confirm the answer.
        advised_s: f64,
    },
    /// Fresh processes and the race contradict each other about a candidate.
    #[error(
        "fresh processes contradict the race, and decide: {candidate} had left it ({}), and is ahead of all that \
         stayed in",
        .left.as_ref().map(ToString::to_string).unwrap_or_default()
    )]
    Contradicted {
        /// The candidate.
        candidate: Combination,
        /// Why it had left the race.
        left: Option<Left>,
    },
    /// The A/A control has failed: how far two equals lie apart is unknown.
    #[error("a second process of {candidate} failed: {failure}")]
    ControlFailed {
        /// The candidate of which it was the second process.
        candidate: Combination,
        /// Why.
        failure: Failure,
    },
    /// Others had the machine: what they had, in words.
    #[error("{0}; stop what else runs, and tune again")]
    Disturbed(String),
    /// Two processes of one candidate differ.
    #[error(
        "two processes of {candidate} lie {:.0} % apart: differences of this size may be chance", .apart * 100.0
    )]
    ControlApart {
        /// The candidate.
        candidate: Combination,
        /// The share by which they differ.
        apart: f64,
    },
    /// Combinations were never started, or failed: which, and what would help, in words.
    #[error("{0}")]
    Partial(String),
    /// The ceiling of all cores together could not be measured on all cores: why, in words.
    #[error("{0}")]
    Ceilings(String),
    /// The journal could not be written to its end: why, in words.
    #[error("the journal ends early: {0}")]
    Journal(String),
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
                Warning::Disturbed("others had it".into()),
                "others had it; stop what else runs, and tune again",
                "disturbed",
            ),
            (
                Warning::ControlApart { candidate: candidate(), apart: 0.043 },
                "two processes of a:1+serial lie 4 % apart: differences of this size may be chance",
                "control_apart",
            ),
            (Warning::Partial("it is partial".into()), "it is partial", "partial"),
            (Warning::Ceilings("1 of 2 threads".into()), "1 of 2 threads", "ceilings"),
            (Warning::Journal("full".into()), "the journal ends early: full", "journal"),
        ] {
            assert_eq!(warning.to_string(), text);
            assert_eq!(serde_json::to_value(WarningKind::from(&warning)).unwrap(), tag);
        }
    }
}
