//! Which part of the space a tuning looks at.

use gingham_core::OpThreads;
use gingham_runtime::{ExecutorKind, Transport};

/// Which part of the space to look at; a list left out means all that is sensible.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Selection {
    /// Ids of backends.
    pub backends: Option<Vec<String>>,
    /// Executors; left out, those of one process, and `processes` where transports are given.
    pub executors: Option<Vec<ExecutorKind>>,
    /// How arrays reach the workers of `processes`; left out, as the executor says.
    pub transports: Option<Vec<Transport>>,
    /// Threads inside one operation.
    pub op_threads: Option<Vec<OpThreads>>,
    /// Workers of the pools.
    pub workers: Option<Vec<usize>>,
    /// Tasks handed out at a time.
    pub chunks: Option<Vec<usize>>,
}

impl Selection {
    /// With these backends alone, by their ids.
    #[must_use]
    pub fn with_backends(self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { backends: Some(ids.into_iter().map(Into::into).collect()), ..self }
    }

    /// With these executors alone.
    #[must_use]
    pub fn with_executors(self, executors: impl IntoIterator<Item = ExecutorKind>) -> Self {
        Self { executors: Some(executors.into_iter().collect()), ..self }
    }

    /// With these transports for `processes`.
    #[must_use]
    pub fn with_transports(self, transports: impl IntoIterator<Item = Transport>) -> Self {
        Self { transports: Some(transports.into_iter().collect()), ..self }
    }

    /// With these numbers of op threads alone.
    #[must_use]
    pub fn with_op_threads(self, counts: impl IntoIterator<Item = OpThreads>) -> Self {
        Self { op_threads: Some(counts.into_iter().collect()), ..self }
    }

    /// With these numbers of workers alone.
    #[must_use]
    pub fn with_workers(self, counts: impl IntoIterator<Item = usize>) -> Self {
        Self { workers: Some(counts.into_iter().collect()), ..self }
    }

    /// With these chunks alone.
    #[must_use]
    pub fn with_chunks(self, chunks: impl IntoIterator<Item = usize>) -> Self {
        Self { chunks: Some(chunks.into_iter().collect()), ..self }
    }

    /// The executors to look at, each of them once.
    pub(super) fn executors(&self) -> Vec<ExecutorKind> {
        let of_processes = self.transports.iter().flatten().map(|&transport| ExecutorKind::Processes(transport));
        let Some(executors) = &self.executors else {
            return ExecutorKind::HERE.into_iter().chain(of_processes).collect();
        };
        let mut all = Vec::new();
        for &executor in executors {
            match (executor, &self.transports) {
                (ExecutorKind::Processes(_), Some(_)) => all.extend(of_processes.clone()),
                _ => all.push(executor),
            }
        }
        if !all.iter().any(|executor| executor.transport().is_some()) {
            all.extend(of_processes);
        }
        all
    }

    /// Whether it leaves out ways to run a backend.
    pub(super) fn restricts_what_runs(&self) -> bool {
        self.executors.is_some() || self.op_threads.is_some() || self.workers.is_some() || self.chunks.is_some()
    }
}
