//! Which threads of this process work during a call, from the CPU time that the kernel accounts to each.
//!
//! `/proc/self/task/*/schedstat` holds nanoseconds on a CPU, exact to the last switch. A watcher reads it all through
//! the call, since threads that a library starts for one call are gone after it. Linux only.

use std::collections::HashMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Between two readings: a thread of a call that is watched works ten times as long or more.
const INTERVAL: Duration = Duration::from_micros(500);

/// A thread works if it gains more than this share of the busiest thread's gain. Idle threads gain next to nothing; a
/// pool thread that looks for work for a moment, or wakes up to find none, gains a few per cent.
const SHARE: f64 = 0.2;

/// CPU nanoseconds of every thread of this process but the calling one; `None` where the system does not say.
fn cpu_times() -> Option<HashMap<String, u64>> {
    let own = fs::read_link("/proc/thread-self").ok()?;
    let mut times = HashMap::new();
    for task in fs::read_dir("/proc/self/task").ok()? {
        let id = task.ok()?.file_name();
        if own.file_name() == Some(&id) {
            continue;
        }
        // A thread may end between the listing and the reading.
        if let Ok(text) = fs::read_to_string(format!("/proc/self/task/{}/schedstat", id.display())) {
            times.insert(id.to_string_lossy().into_owned(), text.split_whitespace().next()?.parse().ok()?);
        }
    }
    (!times.is_empty()).then_some(times)
}

/// Whether [`working`] works on this system.
pub(super) fn is_possible() -> bool {
    thread::scope(|scope| scope.spawn(|| cpu_times().is_some()).join().unwrap_or(false))
}

/// How many threads work during `call`, how long the busiest of them works, and the call's result.
pub(super) fn working<R>(call: impl FnOnce() -> R) -> (usize, Duration, R) {
    let [ready, done] = [const { AtomicBool::new(false) }; 2];
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let before = cpu_times().unwrap_or_default();
            let mut last = before.clone();
            ready.store(true, Ordering::Release);
            while !done.load(Ordering::Acquire) {
                thread::sleep(INTERVAL);
                last.extend(cpu_times().unwrap_or_default());
            }
            let gain = |(id, time): (&String, &u64)| time.saturating_sub(before.get(id).copied().unwrap_or(0)) as f64;
            let gains: Vec<f64> = last.iter().map(gain).collect();
            let busiest = gains.iter().copied().fold(0.0, f64::max);
            let working = gains.into_iter().filter(|&gain| gain > 0.0 && gain > SHARE * busiest).count();
            (working, Duration::from_nanos(busiest as u64))
        });
        while !ready.load(Ordering::Acquire) {
            thread::yield_now();
        }
        let result = call();
        done.store(true, Ordering::Release);
        let (threads, busiest) = watcher.join().unwrap_or_default();
        (threads, busiest, result)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::skip;

    /// Some 50 ms of one CPU: work and not time, of which a busy machine gives a thread none in 60 ms.
    fn spin() {
        (0..50_000_000_u64).for_each(|i| _ = std::hint::black_box(i));
    }

    // The tests of this crate run on threads of one process: others may work at the same time.
    #[test]
    fn threads_that_live_for_one_call_are_seen() {
        if !is_possible() {
            skip!("there is no /proc/self/task/*/schedstat");
            return;
        }
        let start = Instant::now();
        let (threads, busiest, ()) = working(|| thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(spin)))));
        assert!(threads >= 3, "{threads} threads seen");
        assert!(Duration::ZERO < busiest && busiest <= start.elapsed(), "{busiest:?}");
    }
}
