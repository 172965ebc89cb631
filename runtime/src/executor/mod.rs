//! Executors: how the tasks of a batch are spread over the workers of this process.
//!
//! One trait serves tasks and users' closures alike. An [`Executor`] hands out ranges of indices and knows nothing
//! else; [`for_each`] and [`for_each_mut`] put the tasks on top, and keep the panic or the error of one from the
//! others. Each executor owns its threads and keeps them between batches, so that a batch pays for dispatch alone.
//!
//! ```
//! use gingham_runtime::executor::{Threads, for_each_mut};
//!
//! let mut squares = vec![0; 100];
//! for_each_mut(&Threads::new(2)?, &mut squares, 0, |index, square| {
//!     *square = index * index;
//!     Ok(())
//! })?;
//! assert_eq!(squares[9], 81);
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```

mod job;
pub(crate) mod panics;
mod parts;
mod rayon;
mod serial;
mod tasks;
mod threads;

use std::ops::Range;

pub use self::{
    parts::Parts,
    rayon::Rayon,
    serial::Serial,
    tasks::{BoxError, TaskError, TaskErrors, for_each, for_each_group_mut, for_each_mut},
    threads::Threads,
};

/// The most workers that an executor starts: far more than helps anyone, far fewer than hurts the machine.
pub const MAX_WORKERS: usize = 4096;

/// Spreads index ranges over the workers of this process.
///
/// # Contract
/// * Every index of `0..n` is handed out exactly once; [`Executor::run`] returns when all are done.
/// * The ranges are those of [`Parts`]: with `chunk` 0 at most one for each worker, else `chunk` indices each.
/// * With `chunk` 0 a worker gets the same range in every run of the same `n`; else whichever worker is free gets the
///   next one.
/// * A panic in `body` keeps no other range from running. It is resumed on the caller when all are done (the first to
///   arrive, if there are several), and the executor stays usable.
/// * `run` may be called by several threads at once and from inside a `body`, this executor's own included. It does not
///   deadlock; the executor decides how many workers such a run gets.
/// * Dropping the executor ends its threads and waits for them.
/// * In a process that was forked from the one in which the executor was made its threads are missing: `run` returns
///   [`Error::Forked`], and dropping it waits for nothing.
pub trait Executor: Send + Sync {
    /// Its word in a combination: `serial`, `threads`, `rayon`.
    fn name(&self) -> &'static str;

    /// How many threads work on a batch at once.
    fn workers(&self) -> usize;

    /// Calls `body` with ranges that cover `0..n`, `chunk` indices each (0: one range for each worker), and waits.
    ///
    /// # Errors
    /// [`Error::Forked`], before anything is handed out.
    fn run(&self, n: usize, chunk: usize, body: &(dyn Fn(Range<usize>) + Sync)) -> Result<(), Error>;
}

/// An executor that cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number of workers that no executor accepts.
    #[error("{executor}: {given} workers; expected 1 to {MAX_WORKERS}")]
    Workers {
        /// The executor's name.
        executor: &'static str,
        /// The requested number.
        given: usize,
    },
    /// The system refused to start a thread. The threads started before it have been ended.
    #[error("{executor}: cannot start {workers} workers: {cause}; ask for fewer, or raise `ulimit -u` and `ulimit -v`")]
    Spawn {
        /// The executor's name.
        executor: &'static str,
        /// The requested number.
        workers: usize,
        /// The system's words.
        cause: BoxError,
    },
    /// Threads that a forked child does not have, of the executor of this name.
    #[error(
        "{0}: this process was forked from the one in which the workers were started, and has none of them; make the \
         plan or the executor after the fork"
    )]
    Forked(&'static str),
    /// Worker processes, on a system where they are not to be had.
    #[error("processes run on Linux alone")]
    Processes,
    /// A combination that no executor of this process can run.
    #[error("{0} is a program of its own: it runs as a trial of a tuning, and not inside this program")]
    Peer(String),
}

/// `workers`, if an executor accepts that many.
fn checked(executor: &'static str, workers: usize) -> Result<usize, Error> {
    match workers {
        1..=MAX_WORKERS => Ok(workers),
        given => Err(Error::Workers { executor, given }),
    }
}

/// A pool's thread is named after its worker, so that `top -H` and a trial's table of threads show which is which.
fn thread(worker: usize) -> std::thread::Builder {
    std::thread::Builder::new().name(format!("gingham-{worker}"))
}
