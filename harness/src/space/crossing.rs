//! One backend, or the functions of a program, crossed with op threads, executors, workers and chunks.

use gingham_core::{Backend, DType, Op, OpThreads, Support, Threading};
use gingham_runtime::combination::FUNCTIONS;
use gingham_runtime::rules::{Cpus, impossible, threads_rule};
use gingham_runtime::{Combination, ExecutorKind, Workload};
use serde::{Deserialize, Serialize};

use super::selection::Selection;

/// A combination, and why it is not to be raced, if it is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The combination.
    pub combination: Combination,
    /// The rule that it breaks.
    pub skipped: Option<String>,
}

/// The combinations of a backend, or the one row that says why it has none.
pub(super) fn of_backend(
    backend: &dyn Backend,
    (op, dtype): (Op, DType),
    workload: &Workload,
    cpus: Cpus,
    selection: &Selection,
) -> Vec<Candidate> {
    let id = backend.info().id;
    let one = Combination::serial(&id, OpThreads::ONE);
    let is_reference = id == gingham_core::reference::ID;
    match backend.support(op, dtype) {
        Support::Native => {}
        // One way to run the reference is enough to show how far the others are ahead.
        Support::Fallback if is_reference => return vec![Candidate { combination: one, skipped: None }],
        Support::Fallback => {
            let reason = format!("its {op} is core's reference, which is raced under its own name");
            return vec![Candidate { combination: one, skipped: Some(reason) }];
        }
        Support::None => {
            return vec![Candidate { combination: one, skipped: Some(format!("it has no {op} for {dtype}")) }];
        }
    }
    let worth = || {
        let counts = cpus.counts().filter_map(|n| OpThreads::new(n).ok());
        counts.filter(|&threads| threads_rule(backend.threading(), threads).is_none()).collect()
    };
    let op_threads = selection.op_threads.clone().unwrap_or_else(worth);
    crossed(&id, backend.threading(), &op_threads, workload, cpus, selection)
}

/// The combinations of functions. Op threads are one unless the selection names others: a function that makes no use of
/// them would race against itself.
pub(super) fn of_functions(workload: &Workload, cpus: Cpus, selection: &Selection) -> Vec<Candidate> {
    let op_threads = selection.op_threads.as_deref().unwrap_or(&[OpThreads::ONE]);
    crossed(FUNCTIONS, Threading::PerCall { rayon: false }, op_threads, workload, cpus, selection)
}

/// The combinations of `id` with these op threads, each with the rule that it breaks.
fn crossed(
    id: &str,
    threading: Threading,
    op_threads: &[OpThreads],
    workload: &Workload,
    cpus: Cpus,
    selection: &Selection,
) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for &threads in op_threads {
        if let Some(reason) = threads_rule(threading, threads) {
            candidates.push(Candidate { combination: Combination::serial(id, threads), skipped: Some(reason) });
            continue;
        }
        for &executor in selection.executors.as_deref().unwrap_or(&ExecutorKind::ALL) {
            let all = of_executor(id, threads, executor, workload.tasks(), cpus, selection);
            candidates.extend(all.into_iter().map(|combination| {
                let skipped = combination_rule(threading, &combination, workload, cpus);
                Candidate { combination, skipped }
            }));
        }
    }
    // One row says why a rule holds; one for each chunk would say it three times.
    candidates.dedup_by_key(|candidate| {
        let Combination { op_threads, executor, workers, chunk, .. } = candidate.combination;
        (op_threads, executor, workers, if candidate.skipped.is_some() { 0 } else { chunk })
    });
    candidates
}

/// The combinations of `id` with one executor that are worth it for `tasks` tasks, or that the selection asks for.
fn of_executor(
    id: &str,
    op_threads: OpThreads,
    executor: ExecutorKind,
    tasks: usize,
    cpus: Cpus,
    selection: &Selection,
) -> Vec<Combination> {
    if executor == ExecutorKind::Serial {
        return vec![Combination::serial(id, op_threads)];
    }
    // A pool of one worker is serial with a detour, and a worker without a task is none: raced only when asked for.
    let most = if selection.op_threads.is_some() { cpus.most_runnable() } else { cpus.squared() };
    let worth = |w: &usize| (2..=tasks).contains(w) && w * op_threads.get() <= most;
    let workers = selection.workers.clone().unwrap_or_else(|| cpus.counts().filter(worth).collect());
    let mut combinations = Vec::new();
    for workers in workers {
        let mut chunks = selection.chunks.clone().unwrap_or_else(|| {
            // From n / w on there is one chunk a worker or fewer, which chunk 0 does without a counter.
            [0, 1, tasks / (8 * workers)].into_iter().filter(|&c| c == 0 || c * workers < tasks).collect()
        });
        chunks.sort_unstable();
        chunks.dedup();
        combinations.extend(chunks.into_iter().map(|chunk| Combination {
            backend: id.into(),
            op_threads,
            executor,
            workers,
            chunk,
        }));
    }
    combinations
}

/// Why a combination is not raced.
fn combination_rule(
    threading: Threading,
    combination: &Combination,
    workload: &Workload,
    cpus: Cpus,
) -> Option<String> {
    let (workers, tasks) = (combination.workers, workload.tasks());
    if workers > tasks {
        return Some(format!("more workers ({workers}) than tasks ({tasks})"));
    }
    impossible(threading, combination, cpus)
}
