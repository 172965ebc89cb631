//! Why a search stopped.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString};

/// Why a search stopped. An older file has no tag: it is read by this text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// One candidate was left.
    #[strum(to_string = "one left")]
    OneLeft,
    /// All that were left are proven to be within the tolerance.
    #[strum(to_string = "all that are left are proven to be within the tolerance")]
    Within,
    /// The race had as many rounds as it may have.
    #[strum(to_string = "rounds")]
    Rounds,
    /// Every candidate of an exhaustive search had run in every round.
    #[strum(to_string = "every combination has run in every round")]
    Exhausted,
    /// The budget was used up.
    #[strum(to_string = "budget")]
    Budget,
    /// The user wanted no more.
    #[strum(to_string = "interrupted")]
    Interrupted,
}

impl Stop {
    /// When it was, in a sentence that begins with "ended".
    #[must_use]
    pub fn when(self) -> &'static str {
        match self {
            Self::OneLeft => "when one combination was left",
            Self::Within => "when all that were left were proven equally fast",
            Self::Rounds => "after as many rounds as a race takes at most",
            Self::Exhausted => "when every combination had run in every round",
            Self::Budget => "when the budget was used up",
            Self::Interrupted => "when it was interrupted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files and scripts rely on both.
    #[test]
    fn texts_and_tags() {
        for (stop, text, tag) in [
            (Stop::OneLeft, "one left", "one_left"),
            (Stop::Within, "all that are left are proven to be within the tolerance", "within"),
            (Stop::Rounds, "rounds", "rounds"),
            (Stop::Exhausted, "every combination has run in every round", "exhausted"),
            (Stop::Budget, "budget", "budget"),
            (Stop::Interrupted, "interrupted", "interrupted"),
        ] {
            assert_eq!((stop.to_string(), text.parse()), (text.to_owned(), Ok(stop)));
            assert_eq!(serde_json::to_value(stop).unwrap(), tag);
        }
        assert!("a reason of later versions".parse::<Stop>().is_err());
    }
}
