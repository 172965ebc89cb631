//! Why a search stopped.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a search stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// One candidate was left.
    OneLeft,
    /// All that were left are proven to be within the tolerance.
    Within,
    /// The race had as many rounds as it may have.
    Rounds,
    /// Every candidate of an exhaustive search had run in every round.
    Exhausted,
    /// The budget was used up.
    Budget,
    /// The user wanted no more.
    Interrupted,
}

impl Stop {
    const ALL: [Self; 6] =
        [Self::OneLeft, Self::Within, Self::Rounds, Self::Exhausted, Self::Budget, Self::Interrupted];

    /// The reason behind the text in a file that has no tag yet; `None` for another text.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stop| stop.text() == text)
    }

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

    fn text(self) -> &'static str {
        match self {
            Self::OneLeft => "one left",
            Self::Within => "all that are left are proven to be within the tolerance",
            Self::Rounds => "rounds",
            Self::Exhausted => "every combination has run in every round",
            Self::Budget => "budget",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_leads_back() {
        for stop in Stop::ALL {
            assert_eq!(Stop::from_text(&stop.to_string()), Some(stop));
        }
        assert_eq!(Stop::from_text("a reason of later versions"), None);
    }

    /// Files and scripts rely on both.
    #[test]
    fn texts_and_tags() {
        let written = Stop::ALL.map(|stop| (stop.to_string(), serde_json::to_value(stop).unwrap()));
        let expected = [
            ("one left", "one_left"),
            ("all that are left are proven to be within the tolerance", "within"),
            ("rounds", "rounds"),
            ("every combination has run in every round", "exhausted"),
            ("budget", "budget"),
            ("interrupted", "interrupted"),
        ];
        assert_eq!(written, expected.map(|(text, tag)| (text.to_owned(), tag.into())));
    }
}
