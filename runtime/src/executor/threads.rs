//! The `threads` executor: a persistent pool of our own, made for the lowest cost of dispatch.
//!
//! The calling thread is worker 0, so one worker needs no hand-over, and `w` workers need `w - 1` threads. Free workers
//! take the next range from a shared counter. With `chunk` 0 worker `i` always takes range `i`, without a counter, on
//! the same thread, whose caches and thread-local pools are still warm from the last batch.

use std::io;
use std::mem;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::JoinHandle;

use crossbeam::sync::Parker;
use crossbeam::utils::CachePadded;
use gingham_machine::forks;

use super::{Error, Executor, Parts, checked, job::Crew, panics::Panics, thread};

const NAME: &str = "threads";

/// A pool of threads that wait for the next batch: spinning at first, unless there are more of them than processors,
/// then asleep.
///
/// A run that finds the pool in use, by another thread or by the body that it is called from, runs all its ranges on
/// the calling thread.
#[derive(Debug)]
pub struct Threads {
    crew: Arc<Crew>,
    threads: Vec<JoinHandle<()>>,
    workers: usize,
    /// [`forks::count`] of the process that the threads are in.
    home: u32,
}

impl Threads {
    /// Starts `workers - 1` threads; the calling thread of a run is the remaining worker.
    ///
    /// # Errors
    /// [`Error::Workers`] unless `workers` is 1 to [`MAX_WORKERS`](super::MAX_WORKERS), [`Error::Spawn`] where the
    /// system refuses a thread.
    pub fn new(workers: usize) -> Result<Self, Error> {
        let parkers: Vec<Parker> = (1..checked(NAME, workers)?).map(|_| Parker::new()).collect();
        let crew = Arc::new(Crew::new(&parkers));
        // An error below drops the pool as far as it has come, which ends the threads already started.
        let mut pool = Self { crew, threads: Vec::with_capacity(parkers.len()), workers, home: forks::count() };
        for (worker, parker) in (1..).zip(parkers) {
            let crew = Arc::clone(&pool.crew);
            let refused = |cause: io::Error| Error::Spawn { executor: NAME, workers, cause: cause.into() };
            pool.threads.push(thread(worker).spawn(move || crew.serve(worker, &parker)).map_err(refused)?);
        }
        Ok(pool)
    }
}

impl Executor for Threads {
    fn name(&self) -> &'static str {
        NAME
    }

    fn workers(&self) -> usize {
        self.workers
    }

    fn run(&self, n: usize, chunk: usize, body: &(dyn Fn(Range<usize>) + Sync)) -> Result<(), Error> {
        if self.workers > 1 && self.home != forks::count() {
            return Err(Error::Forked(NAME));
        }
        let parts = Parts::new(n, chunk, self.workers);
        let panics = Panics::default();
        // On a cache line of its own: every worker writes to it, and every worker reads what surrounds it.
        let next = CachePadded::new(AtomicUsize::new(0));
        let work = |worker| {
            if chunk == 0 {
                if let Some(range) = parts.get(worker) {
                    panics.catch(|| body(range));
                }
            } else {
                while let Some(range) = parts.get(next.fetch_add(1, Relaxed)) {
                    panics.catch(|| body(range));
                }
            }
        };
        let workers = self.workers.min(parts.len());
        if workers <= 1 || !self.crew.share(workers, chunk != 0, &work) {
            (0..workers).for_each(work);
        }
        panics.resume();
        Ok(())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if self.home != forks::count() {
            // The threads are in the other process, and one may have held a lock when this process was forked.
            return mem::forget(mem::take(&mut self.threads));
        }
        self.crew.close();
        for thread in self.threads.drain(..) {
            // A thread of the pool catches what its bodies panic with, so it does not end with an error.
            let _ = thread.join();
        }
    }
}
