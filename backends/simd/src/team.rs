//! Op threads: the parts of one operation, handed out to the calling thread and to some more.

use std::sync::{Mutex, PoisonError};
use std::thread;

/// Calls `work` once for each job, on at most `threads` threads of which the calling one is the first.
///
/// Jobs are handed out one at a time, so a thread that is late, or that the system refuses to start, leaves its share
/// to the others.
pub(crate) fn share<J: Send>(threads: usize, jobs: impl ExactSizeIterator<Item = J> + Send, work: impl Fn(J) + Sync) {
    let threads = threads.min(jobs.len());
    if threads <= 1 {
        return jobs.for_each(work);
    }
    let jobs = Mutex::new(jobs);
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).next();
    together(threads, &|| {
        while let Some(job) = next() {
            work(job);
        }
    });
}

/// Calls `work` on `threads` threads, of which the calling one is the first, or on as many as the system starts.
///
/// Not generic: what starts a thread is compiled once, and not with each of the fifty kernels.
fn together(threads: usize, work: &(dyn Fn() + Sync)) {
    thread::scope(|scope| {
        for _ in 1..threads {
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
}

/// Elements of a lane below which a second thread does not pay: 1 MiB of `f64` is read or written in the time that a
/// thread takes to start.
pub(crate) const LEAST: usize = 1 << 17;

/// Length of the pieces of a lane of `len` elements for `threads` threads: equal ones, of at least `least` elements
/// (below which starting a thread, some 50 us, costs more than it saves), in whole multiples of 64 so that no two
/// threads write to one cache line.
pub(crate) fn piece(len: usize, threads: usize, least: usize) -> usize {
    len.div_ceil(threads).max(least).next_multiple_of(64)
}
