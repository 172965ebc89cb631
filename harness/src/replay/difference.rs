//! What differs between two decisions on the same samples, by name.

use std::fmt;

use gingham_runtime::combination::Combination;

use super::Decision;

/// One thing that a replay decides otherwise than the recorded search did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {what}")]
pub struct Difference {
    /// In what: `the best`, `those not told from it`, `those that left` or `why it ended`.
    pub part: &'static str,
    /// As recorded and as replayed.
    pub what: String,
}

/// The parts that `differences` are in, each once.
#[must_use]
pub fn parts(differences: &[Difference]) -> String {
    let mut parts: Vec<&str> = differences.iter().map(|difference| difference.part).collect();
    parts.dedup();
    parts.join(", ")
}

impl Decision {
    /// How `replayed` differs from this decision, the recorded one.
    #[must_use]
    pub fn differences(&self, replayed: &Self) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut differ = |part, what| differences.push(Difference { part, what });
        if self.best != replayed.best {
            let [recorded, replayed] = [self, replayed].map(|decision| names(decision.best.as_slice(), " and "));
            differ("the best", both(recorded, replayed));
        }
        if self.tied != replayed.tied {
            let [recorded, replayed] = [self, replayed].map(|decision| names(&decision.tied, " and "));
            differ("those not told from it", both(recorded, replayed));
        }
        for (name, why) in &self.left {
            match replayed.why_left(name) {
                Some(now) if now == why => {}
                Some(now) => differ("those that left", format!("{name}, {}", both(why, now))),
                None => differ("those that left", format!("{name} only as recorded, {why}")),
            }
        }
        for (name, why) in replayed.left.iter().filter(|(name, _)| self.why_left(name).is_none()) {
            differ("those that left", format!("{name} only as replayed, {why}"));
        }
        if self.ended != replayed.ended {
            differ("why it ended", both(&self.ended, &replayed.ended));
        }
        differences
    }

    fn why_left(&self, name: &Combination) -> Option<&String> {
        self.left.iter().find(|(left, _)| left == name).map(|(_, why)| why)
    }
}

fn both(recorded: impl fmt::Display, replayed: impl fmt::Display) -> String {
    format!("{recorded} as recorded, {replayed} as replayed")
}

/// The names of `combinations`, or `none`.
pub(super) fn names(combinations: &[Combination], separator: &str) -> String {
    match combinations {
        [] => "none".to_owned(),
        all => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator),
    }
}
