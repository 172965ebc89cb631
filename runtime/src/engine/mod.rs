//! A combination made ready: its backend, its op threads, its pool of workers, threads or processes, and its chunk.
//!
//! Plans, trial runners and runs over files apply a combination here and nowhere else: an engine that cannot be made
//! fails before anything runs, and callers handle one value instead of four.

#[cfg(target_os = "linux")]
pub mod processes;
#[cfg(target_os = "linux")]
mod tasks;

use std::ops::Range;
use std::sync::Arc;

use gingham_core::{Backend, Error as CoreError, Limit, OpThreads, Registry};

use crate::combination::{Combination, ExecutorKind};
use crate::environment::Environment;
use crate::executor::{self, BoxError, Executor, Rayon, Serial, TaskErrors, Threads};

/// A combination made ready. It owns its pool and keeps it between runs.
pub struct Engine {
    combination: Combination,
    /// `None` for the functions of a program, which have no backend.
    backend: Option<Arc<dyn Backend>>,
    pool: Pool,
}

/// Who does the tasks.
enum Pool {
    /// Threads of this process.
    Threads(Box<dyn Executor>),
    /// Other processes.
    #[cfg(target_os = "linux")]
    Processes(Box<processes::Pool>),
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
    /// The worker processes cannot be had.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Processes(#[from] processes::Error),
    /// Work that only this process can do.
    #[error(
        "{0} runs tasks in other processes, which have neither the closures nor the arrays of this one; register the \
         function by name, or have the plan allocate the arrays (`Plan::arena`)"
    )]
    Elsewhere(Combination),
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
        if combination.executor.transport().is_none() {
            drop(backend.limit(combination.op_threads)?);
        }
        let pool = pool(combination, || Environment::new(registry, true))?;
        Ok(Self { combination: combination.clone(), backend: Some(backend), pool })
    }

    /// Makes `combination` ready for functions, which have no backend: the one that it names is ignored, and each call
    /// receives its op threads as the number of threads that the function may use.
    ///
    /// # Errors
    /// [`Error`]
    pub fn for_functions(combination: &Combination) -> Result<Self, Error> {
        let pool = pool(combination, || Environment::new(&Registry::new(), true))?;
        Ok(Self { combination: combination.clone(), backend: None, pool })
    }

    /// The same with so many workers, which are threads of this process.
    ///
    /// # Errors
    /// [`Error`]
    pub fn with_threads(&self, workers: usize) -> Result<Self, Error> {
        let executor = match self.combination.executor {
            ExecutorKind::Processes(_) => ExecutorKind::Threads,
            here => here,
        };
        let combination = Combination { workers, executor, ..self.combination.clone() };
        let pool = Pool::Threads(threads(&combination)?);
        Ok(Self { combination, backend: self.backend.clone(), pool })
    }

    /// What it does about worker processes that die or hang; threads do neither.
    #[cfg(target_os = "linux")]
    pub fn set_faults(&mut self, faults: processes::Faults) {
        if let Pool::Processes(pool) = &mut self.pool {
            pool.set_faults(faults);
        }
    }

    /// The ids of its worker processes, where it has some.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        if let Pool::Processes(pool) = &self.pool { pool.processes() } else { Vec::new() }
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
        self.combination.workers
    }

    /// Puts the op threads in force.
    ///
    /// # Errors
    /// An error, where the backend cannot use as many in this process.
    pub fn limited(&self) -> Result<Limited<'_>, CoreError> {
        let limited = || Some(self.backend.as_ref()?.limit(self.combination.op_threads));
        // Processes have put them in force where they compute.
        let limit = if matches!(self.pool, Pool::Threads(_)) { limited().transpose()? } else { None };
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
        executor::for_each(self.here(n)?, n, self.chunk, f)
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
        executor::for_each_group_mut(self.here(items.len())?, items, self.chunk, group, f)
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
        executor::for_each_mut(self.here(items.len())?, items, self.chunk, f)
    }

    /// Hands `body` the indices of `0..n` one at a time, whatever the combination's chunk.
    ///
    /// # Errors
    /// [`Error`], as [`Executor::run`].
    pub fn one_by_one(&self, n: usize, body: &(dyn Fn(Range<usize>) + Sync)) -> Result<(), Error> {
        Ok(self.executor()?.run(n, 1, body)?)
    }

    fn executor(&self) -> Result<&dyn Executor, Error> {
        match &self.engine.pool {
            Pool::Threads(executor) => Ok(executor.as_ref()),
            #[cfg(target_os = "linux")]
            Pool::Processes(_) => Err(Error::Elsewhere(self.engine.combination.clone())),
        }
    }

    /// The executor, for `n` tasks of this process.
    fn here(&self, n: usize) -> Result<&dyn Executor, TaskErrors> {
        self.executor().map_err(|error| TaskErrors::of_all(error.into(), n))
    }
}

/// A fresh pool of the combination's kind and size. `environment` is that of worker processes.
fn pool(combination: &Combination, environment: impl FnOnce() -> Environment) -> Result<Pool, Error> {
    match combination.executor {
        #[cfg(target_os = "linux")]
        ExecutorKind::Processes(transport) => {
            Ok(Pool::Processes(Box::new(processes::Pool::new(combination, transport, environment())?)))
        }
        _ => Ok(Pool::Threads(threads(combination)?)),
    }
}

/// A fresh pool of threads.
fn threads(combination: &Combination) -> Result<Box<dyn Executor>, executor::Error> {
    Ok(match combination.executor {
        ExecutorKind::Serial => Box::new(Serial),
        ExecutorKind::Threads => Box::new(Threads::new(combination.workers)?),
        ExecutorKind::Rayon => Box::new(Rayon::new(combination.workers)?),
        ExecutorKind::Processes(_) => return Err(executor::Error::Processes),
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
        assert!(matches!(peer, Err(Error::Executor(executor::Error::Peer(_)))));
    }
}
