//! Which flags left out combinations that would be raced by default: an answer that was chosen among fewer combinations
//! never replaces one that was chosen among these and others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::combination::ExecutorKind;

/// The flags of `gingham tune` that left out combinations, each with what it kept; none for the whole space.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Narrowing(pub BTreeMap<String, BTreeSet<String>>);

impl Narrowing {
    /// Whether the flags leave the whole space.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the space that `other` leaves lies within the space that `self` leaves.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.0.iter().all(|(flag, kept)| other.0.get(flag).is_some_and(|others| others.is_subset(kept)))
    }

    /// Whether the flags leave out every pool of workers.
    #[must_use]
    pub fn excludes_pools(&self) -> bool {
        let only = |flag: &str, value: &str| self.0.get(flag).is_some_and(|kept| kept.iter().all(|kept| kept == value));
        only("executor", ExecutorKind::Serial.name()) || only("workers", "1")
    }

    /// All its flags and values.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &String> {
        self.0.iter().flat_map(|(flag, kept)| std::iter::once(flag).chain(kept))
    }
}

/// As they are typed: `--backend faer --executor serial,threads`.
impl fmt::Display for Narrowing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flag = |(flag, kept): (&String, &BTreeSet<String>)| {
            format!("--{flag} {}", kept.iter().map(String::as_str).collect::<Vec<_>>().join(","))
        };
        f.write_str(&self.0.iter().map(flag).collect::<Vec<_>>().join(" "))
    }
}
