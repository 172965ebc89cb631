//! Which part of the space a tuning looks at.

use gingham_core::OpThreads;
use gingham_runtime::ExecutorKind;

/// Which part of the space to look at; a list left out means all that is sensible.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Ids of backends.
    pub backends: Option<Vec<String>>,
    /// Executors.
    pub executors: Option<Vec<ExecutorKind>>,
    /// Threads inside one operation.
    pub op_threads: Option<Vec<OpThreads>>,
    /// Workers of the pools.
    pub workers: Option<Vec<usize>>,
    /// Tasks handed out at a time.
    pub chunks: Option<Vec<usize>>,
}

impl Selection {
    /// Whether it leaves out ways to run a backend.
    pub(super) fn restricts_what_runs(&self) -> bool {
        self.executors.is_some() || self.op_threads.is_some() || self.workers.is_some() || self.chunks.is_some()
    }
}
