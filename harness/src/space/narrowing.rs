//! By which flags a space leaves out combinations that would be raced otherwise.

use std::collections::BTreeSet;

use gingham_core::Registry;
use gingham_runtime::Workload;
use gingham_runtime::profile::Narrowing;
use gingham_runtime::rules::Cpus;

use super::{Selection, candidates};

/// What `selection` leaves out for `workload` on `cpus`. A list that alone leaves out nothing of what is raced by
/// default narrows nothing.
#[must_use]
pub fn narrowing(selection: &Selection, registry: &Registry, workload: &Workload, cpus: Cpus) -> Narrowing {
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
    Narrowing::new(narrow.collect())
}

fn texts<T: ToString>(list: Option<&Vec<T>>) -> Option<BTreeSet<String>> {
    Some(list?.iter().map(ToString::to_string).collect())
}
