//! By which flags a space leaves out combinations that would be raced otherwise.

use std::collections::BTreeSet;

use gingham_core::Registry;
use gingham_runtime::profile::Narrowing;
use gingham_runtime::rules::Cpus;
use gingham_runtime::{ExecutorKind, Workload};

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
    let Selection { backends, executors, op_threads, workers, chunks, .. } = selection.clone();
    let flags = [
        ("backend", texts(backends.as_ref()), Selection { backends, ..Selection::default() }),
        ("executor", names(executors.as_ref()), Selection { executors, ..Selection::default() }),
        ("op-threads", texts(op_threads.as_ref()), Selection { op_threads, ..Selection::default() }),
        ("workers", texts(workers.as_ref()), Selection { workers, ..Selection::default() }),
        ("chunk", texts(chunks.as_ref()), Selection { chunks, ..Selection::default() }),
    ];
    let narrow = flags.into_iter().filter_map(|(flag, kept, alone)| {
        let kept = kept.filter(|_| leaves_out(alone))?;
        Some((flag.to_owned(), kept))
    });
    Narrowing(narrow.collect())
}

/// Executors as they are typed, whatever their transports.
fn names(executors: Option<&Vec<ExecutorKind>>) -> Option<BTreeSet<String>> {
    Some(executors?.iter().map(|executor| executor.name().to_owned()).collect())
}

fn texts<T: ToString>(list: Option<&Vec<T>>) -> Option<BTreeSet<String>> {
    Some(list?.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Mock, cores};
    use super::*;
    use gingham_core::{DType, Op, OpThreads, Threading};

    #[test]
    fn a_space_is_narrowed_by_what_leaves_something_out() {
        let registry = Registry::new().with(Mock("mock", Threading::PerCall { rayon: false }));
        let workload = Workload::new(Op::MatMul, DType::F64, "8", None, 64).unwrap();
        let of = |selection: Selection| narrowing(&selection, &registry, &workload, cores(2));
        let serial = Some(vec![ExecutorKind::Serial]);
        let threads = |counts: &[usize]| Some(counts.iter().map(|&n| OpThreads::new(n).unwrap()).collect::<Vec<_>>());
        let mock = Some(vec!["mock".to_owned()]);

        for whole in [
            Selection::default(),
            Selection { backends: Some(vec!["mock".into(), "reference".into()]), ..Default::default() },
            Selection { executors: Some(ExecutorKind::ALL.to_vec()), ..Default::default() },
            Selection { op_threads: threads(&[1, 2, 3]), ..Default::default() },
        ] {
            assert!(of(whole.clone()).is_none(), "{whole:?}");
        }
        let narrow = of(Selection { backends: mock.clone(), executors: serial.clone(), ..Default::default() });
        assert_eq!(narrow.to_string(), "--backend mock --executor serial");
        let narrower = of(Selection {
            backends: mock.clone(),
            executors: serial,
            op_threads: threads(&[1]),
            workers: Some(vec![2]), // all that there are by default
            ..Default::default()
        });
        assert_eq!(narrower.to_string(), "--backend mock --executor serial --op-threads 1");
        let wide = of(Selection { backends: mock, ..Default::default() });
        for (a, b) in [(&Narrowing::default(), &wide), (&wide, &narrow), (&narrow, &narrower)] {
            assert!(a.contains(b) && !b.contains(a) && a.contains(a), "{a} and {b}");
        }
        let one_thread = of(Selection { op_threads: threads(&[1]), ..Default::default() });
        assert!(!one_thread.contains(&narrow) && !narrow.contains(&one_thread));
    }
}
