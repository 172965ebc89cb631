//! Whether this process was forked: before each batch, a pool of threads checks whether its threads are in this
//! process.
//!
//! The process id would show that too, but reading it takes 0.2 us, most of the cost of handing out a small batch. So a
//! function is registered with the C library once, which calls it in every child that it forks.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// How often the processes that this one descends from have forked, since one of them first called this function. Equal
/// numbers: the same process. (One that is made past the C library, by `clone` itself, is not counted.)
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
    // SAFETY: the function only adds to a number, which may be done in a child of a process with several threads. If
    // there is no memory to register one more function, forks are not noticed.
    unsafe { libc::pthread_atfork(None, None, Some(forked)) };
}

#[cfg(not(target_os = "linux"))]
fn watch() {}
