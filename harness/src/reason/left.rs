//! Why a candidate left the race before its end.

use std::fmt;

use gingham_runtime::combination::Combination;
use gingham_runtime::quantity::count;
use serde::{Deserialize, Serialize};

/// Why a candidate left the race before its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Left {
    /// It was not among the best of its round of successive halving. Nothing is proven by that.
    Halved {
        /// How many times the leader's time it took, each at its best.
        ratio: f64,
    },
    /// It took far longer than the leader in every round that both have run in.
    Gross {
        /// How many times the leader's time it took at its best.
        least: f64,
        /// How many rounds these are.
        rounds: usize,
    },
    /// The race has proven it slower than the leader.
    Slower {
        /// The leader.
        than: Combination,
        /// By which share at least and at most.
        by: [f64; 2],
    },
    /// The confirmation has proven it slower than the leader there.
    SlowerFresh {
        /// The leader.
        than: Combination,
        /// By which share at least and at most.
        by: [f64; 2],
    },
    /// It stayed to the end, and took far longer than the leader then.
    Behind {
        /// How many times the leader's time it took.
        ratio: f64,
    },
}

/// The kind of a [`Left`], as it is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftKind {
    /// [`Left::Halved`]
    Halved,
    /// [`Left::Gross`]
    Gross,
    /// [`Left::Slower`]
    Slower,
    /// [`Left::SlowerFresh`]
    SlowerFresh,
    /// [`Left::Behind`]
    Behind,
}

impl Left {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> LeftKind {
        match self {
            Self::Halved { .. } => LeftKind::Halved,
            Self::Gross { .. } => LeftKind::Gross,
            Self::Slower { .. } => LeftKind::Slower,
            Self::SlowerFresh { .. } => LeftKind::SlowerFresh,
            Self::Behind { .. } => LeftKind::Behind,
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slower = |f: &mut fmt::Formatter<'_>, than: &Combination, [low, high]: [f64; 2]| {
            write!(f, "slower than {than} by {:.0} to {:.0} %", low * 100.0, high * 100.0)
        };
        match self {
            Self::Halved { ratio } => {
                write!(f, "not among the best of its heat, {ratio:.2} x the leader's time at its best")
            }
            Self::Gross { least, rounds } => {
                write!(f, "{least:.1} x the leader's time at its best, in {}", count(*rounds, "round"))
            }
            Self::Slower { than, by } => slower(f, than, *by),
            Self::SlowerFresh { than, by } => {
                slower(f, than, *by)?;
                f.write_str(" in fresh processes")
            }
            Self::Behind { ratio } => write!(f, "{ratio:.1} x the leader's time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files and scripts rely on both.
    #[test]
    fn texts_and_tags() {
        let than = || "a+serial".parse::<Combination>().unwrap();
        let by = [0.051, 0.074];
        for (left, text, tag) in [
            (
                Left::Halved { ratio: 1.234 },
                "not among the best of its heat, 1.23 x the leader's time at its best",
                "halved",
            ),
            (Left::Gross { least: 160.0, rounds: 1 }, "160.0 x the leader's time at its best, in 1 round", "gross"),
            (Left::Slower { than: than(), by }, "slower than a:1+serial by 5 to 7 %", "slower"),
            (
                Left::SlowerFresh { than: than(), by },
                "slower than a:1+serial by 5 to 7 % in fresh processes",
                "slower_fresh",
            ),
            (Left::Behind { ratio: 1.66 }, "1.7 x the leader's time", "behind"),
        ] {
            assert_eq!(left.to_string(), text);
            assert_eq!(serde_json::to_value(left.kind()).unwrap(), tag);
        }
    }
}
