//! The `rayon` executor: a rayon pool of its own, and rayon's work stealing.
//!
//! The global pool is never used: its first user fixes its size, and a backend may be running in it. The caller sleeps
//! while the pool works, so that a run costs a wake-up each way on top of the tasks.

use std::mem;
use std::ops::Range;
use std::thread::JoinHandle;

use ::rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use ::rayon::{ThreadPool, ThreadPoolBuilder};
use gingham_machine::forks;

use super::{Error, Executor, Parts, checked, panics::Panics, thread};

const NAME: &str = "rayon";

/// A rayon pool. With a `chunk`, every range can be stolen by itself; with `chunk` 0 rayon broadcasts, so that worker
/// `i` gets range `i`.
///
/// Runs from several threads share the pool. A worker that waits for a run of its own, started inside a body, steals
/// other work of this pool meanwhile. So a body must not hold, across such a run, a lock that another body takes.
#[derive(Debug)]
pub struct Rayon {
    /// `None` only while the executor is being dropped.
    pool: Option<ThreadPool>,
    threads: Vec<JoinHandle<()>>,
    workers: usize,
    /// [`forks::count`] of the process that the threads are in.
    home: u32,
}

impl Rayon {
    /// Starts a pool of `workers` threads.
    ///
    /// # Errors
    /// [`Error::Workers`] unless `workers` is 1 to [`MAX_WORKERS`](super::MAX_WORKERS), [`Error::Spawn`] where the
    /// system refuses a thread.
    pub fn new(workers: usize) -> Result<Self, Error> {
        let workers = checked(NAME, workers)?;
        let mut executor = Self { pool: None, threads: Vec::new(), workers, home: forks::count() };
        let pool = ThreadPoolBuilder::new()
            .num_threads(workers)
            .spawn_handler(|worker| {
                executor.threads.push(thread(worker.index()).spawn(|| worker.run())?);
                Ok(())
            })
            .build();
        executor.pool = Some(pool.map_err(|cause| Error::Spawn { executor: NAME, workers, cause: cause.into() })?);
        Ok(executor)
    }
}

impl Executor for Rayon {
    fn name(&self) -> &'static str {
        NAME
    }

    fn workers(&self) -> usize {
        self.workers
    }

    fn run(&self, n: usize, chunk: usize, body: &(dyn Fn(Range<usize>) + Sync)) -> Result<(), Error> {
        if self.home != forks::count() {
            return Err(Error::Forked(NAME));
        }
        let parts = Parts::new(n, chunk, self.workers);
        let panics = Panics::default();
        let work = |part| {
            if let Some(range) = parts.get(part) {
                panics.catch(|| body(range));
            }
        };
        if let (Some(pool), false) = (&self.pool, parts.is_empty()) {
            if chunk == 0 {
                pool.broadcast(|worker| work(worker.index()));
            } else {
                // By default rayon splits work only as often as there are thieves, and a worker that comes free could
                // find nothing to steal in a long piece that another has begun.
                pool.install(|| (0..parts.len()).into_par_iter().with_max_len(1).for_each(work));
            }
        }
        panics.resume();
        Ok(())
    }
}

impl Drop for Rayon {
    /// Rayon signals its threads to end and does not wait for them, so we do.
    fn drop(&mut self) {
        if self.home != forks::count() {
            // The threads are in the other process, and one may have held a lock when this process was forked.
            mem::forget(self.pool.take());
            return mem::forget(mem::take(&mut self.threads));
        }
        drop(self.pool.take());
        for thread in self.threads.drain(..) {
            // An error would be a panic of rayon itself, which its hook has printed.
            let _ = thread.join();
        }
    }
}
