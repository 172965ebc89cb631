//! Whether this process was forked: a pool of threads asks before each batch, since a forked child lacks its threads.
//!
//! The process id would show that too, but reading it takes 0.2 us, most of the cost of handing out a small batch. So a
//! function is registered with the C library once, which calls it in every child that it forks.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// Counts the forks between this process and the ancestor that first called this function. If two calls return the same
/// number, they are of one process. (The count misses a process that `clone` made without the C library.)
pub fn count() -> u32 {
    static WATCH: Once = Once::new();
    WATCH.call_once(watch);
    COUNT.load(Relaxed)
}

#[cfg(target_os = "linux")]
fn watch() {
    unsafe extern "C" fn forked() {
        COUNT.fetch_add(1, Relaxed);
    }
    // SAFETY: the function only adds to a number, which a child of a process with several threads may do. If the C
    // library lacks the memory to register one more function, forks are not noticed.
    unsafe { libc::pthread_atfork(None, None, Some(forked)) };
}

#[cfg(not(target_os = "linux"))]
fn watch() {}
