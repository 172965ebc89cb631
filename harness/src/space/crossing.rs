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

/// What a backend, or the functions of a program, is crossed for.
pub(super) struct Crossing<'a> {
    pub(super) workload: &'a Workload,
    pub(super) cpus: Cpus,
    pub(super) selection: &'a Selection,
}

impl Crossing<'_> {
    /// The combinations of a backend, or the one row that says why it has none.
    pub(super) fn of_backend(&self, backend: &dyn Backend, op: Op, dtype: DType) -> Vec<Candidate> {
        let (id, threading) = (backend.info().id, backend.threading());
        let skipped = match backend.support(op, dtype) {
            Support::Native => {
                let counts = self.cpus.counts().filter_map(|n| OpThreads::new(n).ok());
                let worth = || counts.filter(|&threads| threads_rule(threading, threads).is_none()).collect();
                let op_threads = self.selection.op_threads.clone().unwrap_or_else(worth);
                return self.crossed(&id, threading, &op_threads);
            }
            // One way to run the reference is enough to show how far the others are ahead.
            Support::Fallback if id == gingham_core::reference::ID => None,
            Support::Fallback => Some(format!("its {op} is core's reference, which is raced under its own name")),
            Support::None => Some(format!("it has no {op} for {dtype}")),
        };
        vec![Candidate { combination: Combination::serial(&id, OpThreads::ONE), skipped }]
    }

    /// The combinations of functions. Op threads are one unless the selection names others: a function that makes no
    /// use of them would race against itself.
    pub(super) fn of_functions(&self) -> Vec<Candidate> {
        let op_threads = self.selection.op_threads.as_deref().unwrap_or(&[OpThreads::ONE]);
        self.crossed(FUNCTIONS, Threading::PerCall { rayon: false }, op_threads)
    }

    /// The combinations of `id` with these op threads, each with the rule that it breaks.
    fn crossed(&self, id: &str, threading: Threading, op_threads: &[OpThreads]) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for &threads in op_threads {
            if let Some(reason) = threads_rule(threading, threads) {
                candidates.push(Candidate { combination: Combination::serial(id, threads), skipped: Some(reason) });
                continue;
            }
            for executor in self.selection.executors() {
                candidates.extend(self.of_executor(id, threads, executor).into_iter().map(|combination| {
                    let skipped = self.rule(threading, &combination);
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

    /// The combinations of `id` with one executor that are worth it, or that the selection asks for.
    fn of_executor(&self, id: &str, op_threads: OpThreads, executor: ExecutorKind) -> Vec<Combination> {
        let Self { workload, cpus, selection } = self;
        if executor == ExecutorKind::Serial {
            return vec![Combination::serial(id, op_threads)];
        }
        let tasks = workload.tasks();
        // A pool of one worker is serial with a detour, and a worker without a task is none: raced only when asked for.
        let most = if selection.op_threads.is_some() { cpus.most_runnable() } else { cpus.squared() };
        let worth = |w: &usize| (2..=tasks).contains(w) && w * op_threads.get() <= most;
        let workers = selection.workers.clone().unwrap_or_else(|| cpus.counts().filter(worth).collect());
        let mut combinations = Vec::new();
        for workers in workers {
            let chunks = selection.chunks.clone().unwrap_or_else(|| {
                // From n / w on each worker gets one chunk or none, which chunk 0 does without a counter.
                [0, 1, tasks / (8 * workers)].into_iter().filter(|&c| c == 0 || c * workers < tasks).collect()
            });
            let handed_out = |chunk| executor.transport().map_or(chunk, |transport| transport.chunk(chunk));
            let mut chunks: Vec<usize> = chunks.into_iter().map(handed_out).collect();
            chunks.sort_unstable();
            chunks.dedup();
            let of = |chunk| Combination { backend: id.into(), op_threads, executor, workers, chunk };
            combinations.extend(chunks.into_iter().map(of));
        }
        combinations
    }

    /// Why a combination is not raced.
    fn rule(&self, threading: Threading, combination: &Combination) -> Option<String> {
        let (workers, tasks) = (combination.workers, self.workload.tasks());
        let idle = (workers > tasks).then(|| format!("more workers ({workers}) than tasks ({tasks})"));
        idle.or_else(|| impossible(threading, combination, self.cpus))
    }
}
