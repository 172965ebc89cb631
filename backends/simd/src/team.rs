//! Op threads: hands the parts of one operation to the calling thread and to some more.

use std::sync::{Mutex, PoisonError};
use std::thread;

/// Calls `work` once for each job, on at most `threads` threads, one of them the calling one.
///
/// Each thread takes one job at a time, so the others do the share of a thread that is late or that the system refuses
/// to start.
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

/// Calls `work` on `threads` threads, one of them the calling one, or on as many as the system starts.
///
/// Not generic, so that the compiler makes this code once, not for each of the fifty kernels.
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

/// Elements of a lane below which a second thread does not pay: a thread takes as long to start as to read or write 1
/// MiB of `f64`.
pub(crate) const LEAST: usize = 1 << 17;

/// The length of the equal pieces into which a lane of `len` elements is cut for `threads` threads: at least `least`
/// (below that, starting a thread, some 50 us, costs more than it saves), and a multiple of 64, so that no two threads
/// write to one cache line.
pub(crate) fn piece(len: usize, threads: usize, least: usize) -> usize {
    len.div_ceil(threads).max(least).next_multiple_of(64)
}
