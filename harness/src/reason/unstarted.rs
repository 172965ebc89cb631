//! Why a candidate was never started: a rule or a bound says that it need not be, or the time was up. Only the last
//! leaves an answer incomplete.

use gingham_runtime::combination::Combination;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// Why a candidate was never started.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unstarted {
    /// A rule of the space, in words.
    #[error("{0}")]
    Rule(String),
    /// It could not win: at best it would take `times` the time of `than`.
    #[error("not started: even without any loss by its threads it would take {times:.1} x the time of {than}")]
    Bound {
        /// How many times.
        times: f64,
        /// The leader at that time.
        than: Combination,
    },
    /// It could not win: with a small task one thread of its backend takes `times` the time of `than`.
    #[error("not started: with a small task one thread of it takes {times:.1} x the time of {than}")]
    Hopeless {
        /// How many times.
        times: f64,
        /// The quickest backend, on one thread.
        than: Combination,
    },
    /// It differs from this other candidate by its chunk alone, which makes no difference for tasks as long as these.
    #[error("not started: with tasks as long as these it does the same as {0}")]
    Equal(Combination),
    /// The budget ended before.
    #[error("the budget ended before it was started; give more with --budget")]
    Budget,
    /// The user ended the tuning before.
    #[error("interrupted before it was started")]
    Interrupted,
}

/// The kind of an [`Unstarted`], as it is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Cause {
    /// A rule of the space.
    Rule,
    /// A bound.
    Bound,
    /// Another one that does the same.
    Equal,
    /// The budget.
    Budget,
    /// The user.
    Interrupted,
}

impl Unstarted {
    /// Its kind.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Rule(_) => Cause::Rule,
            Self::Bound { .. } | Self::Hopeless { .. } => Cause::Bound,
            Self::Equal(_) => Cause::Equal,
            Self::Budget => Cause::Budget,
            Self::Interrupted => Cause::Interrupted,
        }
    }
}
