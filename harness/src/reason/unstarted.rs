//! Why a candidate was never started: a rule or a bound says that it need not be, or the time was up. Only the last
//! leaves an answer incomplete.

use std::fmt;

use gingham_runtime::combination::Combination;
use serde::{Deserialize, Serialize};

/// Why a candidate was never started.
#[derive(Debug, Clone, PartialEq)]
pub enum Unstarted {
    /// A rule of the space, in words.
    Rule(String),
    /// It could not win: at best it would take `times` the time of `than`.
    Bound {
        /// How many times.
        times: f64,
        /// The leader at that time.
        than: Combination,
    },
    /// It could not win: with a small task one thread of its backend takes `times` the time of `than`.
    Hopeless {
        /// How many times.
        times: f64,
        /// The quickest backend, on one thread.
        than: Combination,
    },
    /// It differs from another candidate by its chunk alone, which makes no difference for tasks as long as these.
    Equal {
        /// The other one.
        to: Combination,
    },
    /// The budget ended before.
    Budget,
    /// The user ended the tuning before.
    Interrupted,
}

/// The kind of an [`Unstarted`], as it is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

impl Cause {
    /// The word in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Bound => "bound",
            Self::Equal => "equal",
            Self::Budget => "budget",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Unstarted {
    /// Its kind.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Rule(_) => Cause::Rule,
            Self::Bound { .. } | Self::Hopeless { .. } => Cause::Bound,
            Self::Equal { .. } => Cause::Equal,
            Self::Budget => Cause::Budget,
            Self::Interrupted => Cause::Interrupted,
        }
    }
}

impl fmt::Display for Unstarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(rule) => f.write_str(rule),
            Self::Bound { times, than } => {
                write!(
                    f,
                    "not started: even without any loss by its threads it would take {times:.1} x the time of {than}"
                )
            }
            Self::Hopeless { times, than } => {
                write!(f, "not started: with a small task one thread of it takes {times:.1} x the time of {than}")
            }
            Self::Equal { to } => write!(f, "not started: with tasks as long as these it does the same as {to}"),
            Self::Budget => f.write_str("the budget ended before it was started; give more with --budget"),
            Self::Interrupted => f.write_str("interrupted before it was started"),
        }
    }
}
