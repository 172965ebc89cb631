//! A combination made ready in this process: its backend, its op threads, its pool of workers and its chunk.
//!
//! Plans, trial runners and runs over files apply a combination here and nowhere else: an engine that cannot be made
//! fails before anything runs, and callers handle one value instead of four.

use std::ops::Range;
use std::sync::Arc;

use gingham_core::{Backend, Error as CoreError, Limit, OpThreads, Registry};

use crate::combination::{Combination, ExecutorKind};
use crate::executor::{self, BoxError, Executor, Rayon, Serial, TaskErrors, Threads};

/// A combination made ready. It owns its pool and keeps it between runs.
pub struct Engine {
    combination: Combination,
    /// `None` for the functions of a program, which have no backend.
    backend: Option<Arc<dyn Backend>>,
    executor: Box<dyn Executor>,
}

/// A combination that this process cannot apply.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The backend is unknown, or cannot use these op threads in this process.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The pool cannot be had.
    #[error(transparent)]
    Executor(#[from] executor::Error),
    /// It was made for functions, and cannot run operations.
    #[error("{0} was made for functions: it has no backend to run operations with")]
    NoBackend(Combination),
}

/// An engine whose op threads are in force until this is dropped.
pub struct Limited<'a> {
    engine: &'a Engine,
    /// Tasks handed out at a time.
    chunk: usize,
    _limit: Option<Limit<'a>>,
}

impl Engine {
    /// Makes `combination` ready, with the backend of that id in `registry`.
    ///
    /// # Errors
    /// [`Error`]
    pub fn new(registry: &Registry, combination: &Combination) -> Result<Self, Error> {
        let backend = Arc::clone(registry.get(&combination.backend)?);
        drop(backend.limit(combination.op_threads)?);
        Ok(Self { backend: Some(backend), ..Self::for_functions(combination)? })
    }

    /// Makes `combination` ready for functions, which have no backend: the one that it names is ignored, and each call
    /// receives its op threads as the number of threads that the function may use.
    ///
    /// # Errors
    /// [`executor::Error`]
    pub fn for_functions(combination: &Combination) -> Result<Self, executor::Error> {
        Ok(Self { combination: combination.clone(), backend: None, executor: executor(combination)? })
    }

    /// The same with another number of workers.
    ///
    /// # Errors
    /// [`executor::Error`]
    pub fn with_workers(&self, workers: usize) -> Result<Self, executor::Error> {
        let combination = Combination { workers, ..self.combination.clone() };
        Ok(Self { executor: executor(&combination)?, combination, backend: self.backend.clone() })
    }

    /// The combination that it applies.
    #[must_use]
    pub fn combination(&self) -> &Combination {
        &self.combination
    }

    /// The backend, where it has one.
    #[must_use]
    pub fn backend(&self) -> Option<&dyn Backend> {
        self.backend.as_deref()
    }

    /// How many tasks may run at once.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.executor.workers()
    }

    /// Puts the op threads in force.
    ///
    /// # Errors
    /// An error, where the backend cannot use as many in this process.
    pub fn limited(&self) -> Result<Limited<'_>, CoreError> {
        let limit = self.backend.as_ref().map(|backend| backend.limit(self.combination.op_threads)).transpose()?;
        Ok(Limited { engine: self, chunk: self.combination.chunk, _limit: limit })
    }
}

impl Limited<'_> {
    /// The backend that does the operations.
    ///
    /// # Errors
    /// [`Error::NoBackend`], where the engine was made for functions.
    pub fn backend(&self) -> Result<&dyn Backend, Error> {
        self.engine.backend().ok_or_else(|| Error::NoBackend(self.engine.combination.clone()))
    }

    /// How many tasks may run at once.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.engine.workers()
    }

    /// Threads inside one task.
    #[must_use]
    pub fn op_threads(&self) -> OpThreads {
        self.engine.combination.op_threads
    }

    /// The same for `count` out of `of` tasks, handed out in as many pieces as all of them would be.
    #[must_use]
    pub fn for_part(&self, count: usize, of: usize) -> Limited<'_> {
        // In 128 bits no product of two sizes overflows.
        let scaled = |chunk: usize| (chunk as u128 * count as u128 / of.max(1) as u128) as usize;
        let chunk = if self.chunk == 0 { 0 } else { scaled(self.chunk).max(1) };
        Limited { engine: self.engine, chunk, _limit: None }
    }

    /// Calls `f` with every index of `0..n` once.
    ///
    /// # Errors
    /// [`TaskErrors`], as [`executor::for_each`].
    pub fn for_each(&self, n: usize, f: impl Fn(usize) -> Result<(), BoxError> + Sync) -> Result<(), TaskErrors> {
        executor::for_each(self.engine.executor.as_ref(), n, self.chunk, f)
    }

    /// Calls `f` with groups of neighbours among `items`; `group` gives their lengths.
    ///
    /// # Errors
    /// [`TaskErrors`], as [`executor::for_each_group_mut`].
    pub fn for_each_group_mut<T: Send>(
        &self,
        items: &mut [T],
        group: impl Fn(&[T]) -> usize + Sync,
        f: impl Fn(usize, &mut [T]) -> Result<(), BoxError> + Sync,
    ) -> Result<(), TaskErrors> {
        executor::for_each_group_mut(self.engine.executor.as_ref(), items, self.chunk, group, f)
    }

    /// Calls `f` with each of `items` and its index once.
    ///
    /// # Errors
    /// [`TaskErrors`], as [`executor::for_each_mut`].
    pub fn for_each_mut<T: Send>(
        &self,
        items: &mut [T],
        f: impl Fn(usize, &mut T) -> Result<(), BoxError> + Sync,
    ) -> Result<(), TaskErrors> {
        executor::for_each_mut(self.engine.executor.as_ref(), items, self.chunk, f)
    }

    /// Hands `body` the indices of `0..n` one at a time, whatever the combination's chunk.
    ///
    /// # Errors
    /// [`executor::Error`], as [`Executor::run`].
    pub fn one_by_one(&self, n: usize, body: &(dyn Fn(Range<usize>) + Sync)) -> Result<(), executor::Error> {
        self.engine.executor.run(n, 1, body)
    }
}

/// A fresh pool of the combination's kind and size.
fn executor(combination: &Combination) -> Result<Box<dyn Executor>, executor::Error> {
    Ok(match combination.executor {
        ExecutorKind::Serial => Box::new(Serial),
        ExecutorKind::Threads => Box::new(Threads::new(combination.workers)?),
        ExecutorKind::Rayon => Box::new(Rayon::new(combination.workers)?),
        ExecutorKind::Peer => return Err(executor::Error::Peer(combination.backend.clone())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_handed_out_in_as_many_pieces() {
        let pieces = |chunk: usize| {
            let engine = Engine::for_functions(&format!("fn+threads:2:{chunk}").parse().unwrap()).unwrap();
            engine.limited().unwrap().for_part(80, 800).chunk
        };
        assert_eq!([0, 1, 50, 9, usize::MAX].map(pieces), [0, 1, 5, 1, usize::MAX / 10]);
    }

    #[test]
    fn what_is_made_for_functions_has_no_backend_and_a_peer_no_pool() {
        let engine = Engine::for_functions(&"fn:2+threads:2:1".parse().unwrap()).unwrap();
        let limited = engine.limited().unwrap();
        assert_eq!((engine.workers(), limited.op_threads().get()), (2, 2));
        let refused = limited.backend().map(drop).unwrap_err();
        assert!(matches!(&refused, Error::NoBackend(c) if c == engine.combination()), "{refused}");
        let peer = Engine::for_functions(&Combination::peer("numpy")).map(drop);
        assert!(matches!(peer, Err(executor::Error::Peer(_))));
    }
}
