//! Why a candidate left the race before its end.

use gingham_runtime::combination::Combination;
use gingham_runtime::quantity::count;
use serde::{Deserialize, Serialize};
use strum::EnumDiscriminants;

/// Why a candidate left the race before its end; a [`LeftKind`] is its kind, as it is saved.
#[derive(Debug, Clone, PartialEq, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(LeftKind), doc = "The kind of a [`Left`], as it is saved.")]
#[strum_discriminants(derive(PartialOrd, Ord, Hash, Serialize, Deserialize), serde(rename_all = "snake_case"))]
pub enum Left {
    /// It was not among the best of its round of successive halving, which proves nothing.
    #[error("not among the best of its heat, {ratio:.2} x the leader's time at its best")]
    Halved {
        /// How many times the leader's time it took, each at its best.
        ratio: f64,
    },
    /// It took far longer than the leader in every round that both have run in.
    #[error("{least:.1} x the leader's time at its best, in {}", count(*.rounds, "round"))]
    Gross {
        /// How many times the leader's time it took at its best.
        least: f64,
        /// How many rounds these are.
        rounds: usize,
    },
    /// The race has proven it slower than the leader.
    #[error("slower than {than} by {:.0} to {:.0} %", .by[0] * 100.0, .by[1] * 100.0)]
    Slower {
        /// The leader.
        than: Combination,
        /// By which share at least and at most.
        by: [f64; 2],
    },
    /// The confirmation has proven it slower than the leader there.
    #[error("slower than {than} by {:.0} to {:.0} % in fresh processes", .by[0] * 100.0, .by[1] * 100.0)]
    SlowerFresh {
        /// The leader.
        than: Combination,
        /// By which share at least and at most.
        by: [f64; 2],
    },
    /// It stayed to the end, and took far longer than the leader then.
    #[error("{ratio:.1} x the leader's time")]
    Behind {
        /// How many times the leader's time it took.
        ratio: f64,
    },
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
            assert_eq!(serde_json::to_value(LeftKind::from(&left)).unwrap(), tag);
        }
    }
}
