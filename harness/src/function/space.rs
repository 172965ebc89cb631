//! The combinations that may run a function: it has no backend, so executors, workers and chunks are crossed.

use gingham_core::OpThreads;

use super::Error;
use crate::combination::ExecutorKind;
use crate::executor::MAX_WORKERS;
use crate::space::{Candidate, Cpus, Selection, crowd_rule, of_executor};

/// What stands for the backend in the combinations of a function.
pub(super) const BACKEND: &str = "fn";

/// All candidates for `items` items on `cpus`. A list that the selection leaves out means: all executors; one op thread;
/// workers over the powers of two up to the CPUs, the number of cores and that of the CPUs; chunks of 0, 1 and
/// items / (8 workers).
pub(super) fn candidates(items: usize, cpus: Cpus, selection: &Selection) -> Result<Vec<Candidate>, Error> {
    if items == 0 {
        return Err(Error::NoItems);
    }
    if let Some(&given) = selection.workers.iter().flatten().find(|&&w| w == 0 || w > MAX_WORKERS) {
        return Err(Error::Workers { given });
    }
    let mut candidates: Vec<Candidate> = Vec::new();
    for &op_threads in selection.op_threads.as_deref().unwrap_or(&[OpThreads::ONE]) {
        for &executor in selection.executors.as_deref().unwrap_or(&ExecutorKind::ALL) {
            for combination in of_executor(BACKEND, op_threads, executor, items, cpus, selection) {
                let workers = combination.workers;
                let idle = (workers > items).then(|| format!("more workers ({workers}) than items ({items})"));
                let skipped = idle.or_else(|| crowd_rule(&combination, cpus));
                let candidate = Candidate { combination, skipped };
                if !candidates.contains(&candidate) {
                    candidates.push(candidate);
                }
            }
        }
    }
    candidates.sort_by_key(|c| (c.combination.chunk, c.combination.runnable().abs_diff(cpus.usable)));
    if candidates.iter().all(|candidate| candidate.skipped.is_some()) {
        let reason = candidates.into_iter().find_map(|c| c.skipped).unwrap_or_else(|| "a list is empty".into());
        return Err(Error::Empty { reason });
    }
    Ok(candidates)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(usable: usize) -> Cpus {
        Cpus { usable, cores: usable }
    }

    fn names(items: usize, cpus: usize, selection: &Selection) -> Vec<String> {
        candidates(items, on(cpus), selection).unwrap().iter().map(|c| c.combination.to_string()).collect()
    }

    #[test]
    fn executors_workers_and_chunks_are_crossed() {
        let names_of = |items, cpus| names(items, cpus, &Selection::default());
        let two = names_of(64, 2);
        for expected in ["fn:1+serial", "fn:1+threads:2", "fn:1+threads:2:1", "fn:1+threads:2:4", "fn:1+rayon:2:4"] {
            assert!(two.iter().any(|name| name == expected), "{expected} in {two:?}");
        }
        assert_eq!(two.len(), 1 + 2 * 3);
        assert_eq!(names_of(800, 6).len(), 1 + 2 * 3 * 3, "2, 4 and 6 workers");
        assert_eq!(names_of(1, 4), ["fn:1+serial"]);
        assert_eq!(names_of(10, 1), ["fn:1+serial"]);
    }

    #[test]
    fn what_is_asked_for_is_raced_or_said_to_be_of_no_use() {
        let asked = |executors: &[ExecutorKind], workers: &[usize]| Selection {
            executors: Some(executors.to_vec()),
            workers: Some(workers.to_vec()),
            chunks: Some(vec![0]),
            op_threads: Some(vec![OpThreads::ONE, OpThreads::new(2).unwrap()]),
            ..Selection::default()
        };
        let both = asked(&[ExecutorKind::Threads], &[1, 9]);
        assert_eq!(names(4, 2, &both).len(), 4);
        let skipped = candidates(4, on(2), &both).unwrap().into_iter().find_map(|c| c.skipped).unwrap();
        assert_eq!(skipped, "more workers (9) than items (4)");
        assert_eq!(names(4, 2, &asked(&[ExecutorKind::Serial], &[3])), ["fn:2+serial", "fn:1+serial"]);

        assert!(matches!(candidates(4, on(2), &asked(&[ExecutorKind::Rayon], &[9])), Err(Error::Empty { .. })));
        assert!(matches!(candidates(4, on(2), &asked(&[], &[2])), Err(Error::Empty { .. })));
        assert!(matches!(candidates(4, on(2), &asked(&[ExecutorKind::Rayon], &[0])), Err(Error::Workers { given: 0 })));
        assert!(matches!(candidates(0, on(2), &Selection::default()), Err(Error::NoItems)));
    }
}
