//! The scoped job: work on the caller's stack, lent to the threads of a pool until all have handed it back.
//!
//! The threads outlive every batch, so the compiler cannot see that what they borrow outlives them. This module
//! guarantees it, and holds the only unsafe code of the executors. [`Crew::share`] posts a pointer to the work to each
//! thread, does its own share, and leaves only when the count of threads that may hold the pointer is zero; the waiting
//! is in a destructor, so that unwinding cannot get round it.
//!
//! A swap empties a post: the thread swaps to take the work, or the caller swaps to take it back because nothing is
//! left to do. The side that finds the pointer owns it; the other finds null. So a batch that is over before a sleeping
//! thread has woken up does not wait for that thread.
//!
//! A waiting thread spins for [`SPINS`] pauses, in case the wait is short, and then sleeps.
#![allow(unsafe_code)]

use std::hint::spin_loop;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering::*};
use std::sync::{Mutex, TryLockError};

use crossbeam::sync::{Parker, Unparker};
use crossbeam::utils::CachePadded;

/// Pauses before a thread sleeps. Measured on two cores of a Zen 5, one run of two empty tasks took 0.3 us with the
/// pool's thread spinning and 31 us with it asleep. 2,000 pauses last some 50 us there, about as long as the futex
/// round trip that they may save, so that a wait costs at most twice the better of the two choices.
const SPINS: u32 = 2000;

/// Work for all: called once by each thread that takes part, with that thread's number.
type Work<'a> = &'a (dyn Fn(usize) + Sync);

/// The threads of a pool as the caller sees them: a post to leave work at for each, and a count to wait for.
#[derive(Debug)]
pub(super) struct Crew {
    /// The caller is worker 0 and has no post: worker `w` looks at `posts[w - 1]`.
    posts: Box<[CachePadded<Post>]>,
    /// How many threads hold the posted pointer, or may still take it.
    pending: CachePadded<AtomicUsize>,
    /// Locked by the caller whose work is posted.
    caller: Mutex<Parker>,
    wake_caller: Unparker,
    closed: AtomicBool,
    spins: u32,
}

#[derive(Debug)]
struct Post {
    /// Null while the thread has nothing to do.
    work: AtomicPtr<Work<'static>>,
    wake: Unparker,
}

impl Crew {
    /// A crew of the caller and as many threads as there are parkers; each thread must call [`Crew::serve`].
    pub(super) fn new(parkers: &[Parker]) -> Self {
        let post = |parker: &Parker| Post { work: AtomicPtr::default(), wake: parker.unparker().clone() };
        let caller = Parker::new();
        // With more threads than processors, a spinning thread takes the processor from the thread that it is waiting
        // for: eight workers on two cores took 233 us for 64 small tasks, and 37 us when they slept at once.
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            posts: parkers.iter().map(|parker| CachePadded::new(post(parker))).collect(),
            pending: CachePadded::default(),
            wake_caller: caller.unparker().clone(),
            caller: Mutex::new(caller),
            closed: AtomicBool::new(false),
            spins: if parkers.len() < processors { SPINS } else { 0 },
        }
    }

    /// Calls `work(w)` once for each worker `w` in `0..workers`, 0 on this thread and the rest on theirs, and waits for
    /// all that have begun. With `recall`, workers that have not begun when `work(0)` returns are not waited for and do
    /// not begin. Returns false, with nothing done, while another caller's work is posted: this call may come from
    /// inside that very work, and would wait for ever.
    ///
    /// `work` must not unwind on a crew's thread: that would end the thread, and the caller would wait for ever.
    pub(super) fn share(&self, workers: usize, recall: bool, work: Work<'_>) -> bool {
        let parker = match self.caller.try_lock() {
            Ok(parker) => parker,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        let posts = &self.posts[..workers - 1];
        self.pending.store(posts.len(), Relaxed);
        let _join = Join { crew: self, parker: &parker };
        for post in posts {
            post.work.store((&raw const work).cast_mut().cast(), Release);
            post.wake.unpark();
        }
        work(0);
        if recall {
            let recalled = posts.iter().filter(|post| !post.work.swap(null_mut(), Relaxed).is_null()).count();
            self.pending.fetch_sub(recalled, Relaxed);
        }
        true
    }

    /// The loop of the thread that is `worker`: does the work posted to it until the crew is closed.
    pub(super) fn serve(&self, worker: usize, parker: &Parker) {
        let post = &self.posts[worker - 1];
        loop {
            self.wait(parker, || !post.work.load(Relaxed).is_null() || self.closed.load(Relaxed));
            let work = post.work.swap(null_mut(), Acquire);
            if !work.is_null() {
                // SAFETY: the pointer was posted by `share`, where it points to a live local. `share` has counted this
                // thread in `pending` and cannot return or unwind past `Join` before the count is zero. Once the
                // pointer is swapped out, only this thread takes itself off the count, and it does so below, after the
                // call. The pointee is `Sync` by its type, and the swap acquires what was written before.
                unsafe { (*work)(worker) };
                if self.pending.fetch_sub(1, Release) == 1 {
                    self.wake_caller.unpark();
                }
            } else if self.closed.load(Relaxed) {
                return;
            }
        }
    }

    /// Ends [`Crew::serve`] on every thread.
    pub(super) fn close(&self) {
        self.closed.store(true, Relaxed);
        for post in &self.posts {
            post.wake.unpark();
        }
    }

    /// Returns when `ready`. The thread that makes it ready unparks afterwards, and the parker remembers that, so no
    /// wake-up is lost; a token left over from an earlier wait costs one turn of the loop.
    fn wait(&self, parker: &Parker, ready: impl Fn() -> bool) {
        let mut spins = self.spins;
        while !ready() {
            if spins > 0 {
                spins -= 1;
                spin_loop();
            } else {
                parker.park();
            }
        }
    }
}

/// Waits, when dropped, until no thread holds the posted pointer.
struct Join<'a> {
    crew: &'a Crew,
    parker: &'a Parker,
}

impl Drop for Join<'_> {
    fn drop(&mut self) {
        // Acquires what the threads wrote: each took itself off with a release, in one chain of read-modify-writes.
        self.crew.wait(self.parker, || self.crew.pending.load(Acquire) == 0);
    }
}
