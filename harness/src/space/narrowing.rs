//! By which flags a space leaves out combinations that would be raced otherwise: an answer that was chosen among fewer
//! combinations never takes the place of one that was chosen among these and others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use gingham_core::Registry;
use serde::{Deserialize, Serialize};

use super::{Cpus, Selection, candidates};
use crate::combination::ExecutorKind;
use crate::workload::Workload;

/// The flags of `gingham tune` that left out combinations, each with what it kept; none for the whole space.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Narrowing(BTreeMap<String, BTreeSet<String>>);

impl Narrowing {
    /// What `selection` leaves out for `workload` on `cpus`. A list that alone leaves out nothing of what is raced by
    /// default narrows nothing.
    #[must_use]
    pub fn of(selection: &Selection, registry: &Registry, workload: &Workload, cpus: Cpus) -> Self {
        let raced = |selection: &Selection| {
            let all = candidates(registry, workload, cpus, selection).unwrap_or_default();
            all.into_iter().filter(|candidate| candidate.skipped.is_none()).collect::<Vec<_>>()
        };
        let whole = raced(&Selection::default());
        let leaves_out = |alone: Selection| {
            let own = raced(&alone);
            whole.iter().any(|candidate| !own.contains(candidate))
        };
        let Selection { backends, executors, op_threads, workers, chunks } = selection.clone();
        let flags = [
            ("backend", texts(backends.as_ref()), Selection { backends, ..Selection::default() }),
            ("executor", texts(executors.as_ref()), Selection { executors, ..Selection::default() }),
            ("op-threads", texts(op_threads.as_ref()), Selection { op_threads, ..Selection::default() }),
            ("workers", texts(workers.as_ref()), Selection { workers, ..Selection::default() }),
            ("chunk", texts(chunks.as_ref()), Selection { chunks, ..Selection::default() }),
        ];
        let narrow = flags.into_iter().filter_map(|(flag, kept, alone)| {
            let kept = kept.filter(|_| leaves_out(alone))?;
            Some((flag.to_owned(), kept))
        });
        Self(narrow.collect())
    }

    /// Whether nothing is left out.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a space that `other` narrows lies in this one.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.0.iter().all(|(flag, kept)| other.0.get(flag).is_some_and(|others| others.is_subset(kept)))
    }

    /// Whether flags leave no pool of workers.
    #[must_use]
    pub fn excludes_pools(&self) -> bool {
        let only = |flag: &str, value: &str| self.0.get(flag).is_some_and(|kept| kept.iter().all(|kept| kept == value));
        only("executor", ExecutorKind::Serial.name()) || only("workers", "1")
    }

    /// Every text of it.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &String> {
        self.0.iter().flat_map(|(flag, kept)| std::iter::once(flag).chain(kept))
    }
}

fn texts<T: ToString>(list: Option<&Vec<T>>) -> Option<BTreeSet<String>> {
    Some(list?.iter().map(ToString::to_string).collect())
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
