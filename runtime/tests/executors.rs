//! The contract of the executors, a test a bullet, for every executor alike; and what each promises besides.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};
use std::thread::{self, ThreadId};

use gingham_runtime::executor::{
    BoxError, Error, Executor, MAX_WORKERS, Parts, Rayon, Serial, TaskError, Threads, for_each, for_each_group_mut,
    for_each_mut,
};
use proptest::prelude::*;

const WORKERS: [usize; 4] = [1, 2, 3, 8];

/// Every executor at every number of workers.
fn all() -> Vec<Box<dyn Executor>> {
    let mut executors: Vec<Box<dyn Executor>> = vec![Box::new(Serial)];
    for workers in WORKERS {
        executors.push(Box::new(Threads::new(workers).unwrap()));
        executors.push(Box::new(Rayon::new(workers).unwrap()));
    }
    executors
}

fn label(executor: &dyn Executor, n: usize, chunk: usize) -> String {
    format!("{}:{} n {n} chunk {chunk}", executor.name(), executor.workers())
}

/// Runs `0..n`, checks that each index comes once, and gives the ranges in order, with the threads that had them.
fn ranges(executor: &dyn Executor, n: usize, chunk: usize) -> Vec<(Range<usize>, ThreadId)> {
    let seen = Mutex::new(Vec::new());
    executor.run(n, chunk, &|range| seen.lock().unwrap().push((range, thread::current().id()))).unwrap();
    let mut seen = seen.into_inner().unwrap();
    seen.sort_by_key(|(range, _)| range.start);
    let indices: Vec<usize> = seen.iter().flat_map(|(range, _)| range.clone()).collect();
    assert!(indices.iter().copied().eq(0..n), "{}: {indices:?}", label(executor, n, chunk));
    seen
}

fn total(executor: &dyn Executor, n: usize, chunk: usize) -> usize {
    let sum = AtomicUsize::new(0);
    let ran = executor.run(n, chunk, &|range| {
        sum.fetch_add(range.sum(), Relaxed);
    });
    ran.unwrap();
    sum.into_inner()
}

/// The message of a panic raised by `panic!`.
fn message(panic: Box<dyn std::any::Any + Send>) -> String {
    *panic.downcast::<String>().expect("a formatted message")
}

#[test]
fn each_index_comes_once_in_the_ranges_promised() {
    for executor in all() {
        for n in [0, 1, 2, 5, 100, 1000] {
            for chunk in [0, 1, 2, 7, n, n + 1, usize::MAX] {
                let lengths: Vec<usize> = ranges(&*executor, n, chunk).iter().map(|(range, _)| range.len()).collect();
                let at = label(&*executor, n, chunk);
                if chunk == 0 {
                    assert_eq!(lengths.len(), n.min(executor.workers()), "{at}");
                    assert!(lengths.iter().all(|length| n / executor.workers() <= *length), "{at}: {lengths:?}");
                    assert!(
                        lengths.iter().all(|length| *length <= n.div_ceil(executor.workers())),
                        "{at}: {lengths:?}"
                    );
                } else if let Some((last, others)) = lengths.split_last() {
                    assert!(others.iter().all(|length| *length == chunk), "{at}: {lengths:?}");
                    assert!((1..=chunk).contains(last), "{at}: {lengths:?}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn parts_cover_the_indices(
        n in 0..3000_usize,
        chunk in prop_oneof![0..4_usize, 0..3000_usize],
        workers in 1..70_usize,
    ) {
        let parts = Parts::new(n, chunk, workers);
        prop_assert!(parts.iter().flatten().eq(0..n));
        prop_assert!(parts.iter().all(|range| !range.is_empty()));
        prop_assert_eq!(parts.iter().count(), parts.len());
        prop_assert_eq!(parts.is_empty(), n == 0);
        prop_assert_eq!(parts.get(parts.len()), None);
    }

    #[test]
    fn each_index_comes_once(n in 0..300_usize, chunk in 0..310_usize, workers in 1..6_usize) {
        ranges(&Threads::new(workers).unwrap(), n, chunk);
        ranges(&Rayon::new(workers).unwrap(), n, chunk);
    }
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    for chunk in [0, usize::MAX, usize::MAX - 1, usize::MAX / 2] {
        let parts = Parts::new(usize::MAX, chunk, 3);
        let mut next = 0;
        for range in parts.iter() {
            assert_eq!(range.start, next, "chunk {chunk}");
            next = range.end;
        }
        assert_eq!(next, usize::MAX, "chunk {chunk}");
    }
}

#[test]
fn a_static_range_stays_with_its_thread() {
    for executor in all() {
        let first = ranges(&*executor, 100, 0);
        for _ in 0..50 {
            assert_eq!(ranges(&*executor, 100, 0), first, "{}", label(&*executor, 100, 0));
        }
        let threads: HashSet<ThreadId> = first.iter().map(|(_, thread)| *thread).collect();
        assert_eq!(threads.len(), executor.workers());
        // Fewer indices than workers: the same threads again, from the first.
        assert_eq!(ranges(&*executor, 1, 0)[0].1, first[0].1);
    }
}

#[test]
fn all_workers_work_at_once() {
    for executor in all() {
        let workers = executor.workers();
        for chunk in [0, 1] {
            // Returns only if as many threads as there are workers meet inside their tasks.
            let barrier = Barrier::new(workers);
            let ran = executor.run(workers, chunk, &|range| {
                assert_eq!(range.len(), 1);
                barrier.wait();
            });
            ran.unwrap();
        }
    }
}

#[test]
fn the_caller_is_a_worker_where_that_saves_a_hand_over() {
    for executor in [&Serial as &dyn Executor, &Threads::new(1).unwrap()] {
        for chunk in [0, 3] {
            assert!(ranges(executor, 10, chunk).iter().all(|(_, thread)| *thread == thread::current().id()));
        }
    }
    assert_eq!(ranges(&Threads::new(3).unwrap(), 10, 0)[0].1, thread::current().id());
}

#[test]
fn a_panic_is_one_tasks_own() {
    for executor in all() {
        for chunk in [0, 1, 7] {
            let at = label(&*executor, 100, chunk);
            let done = AtomicUsize::new(0);
            let errors = for_each(&*executor, 100, chunk, |index| {
                assert!(index % 10 != 3, "planted in {index}");
                done.fetch_add(1, Relaxed);
                Ok(())
            })
            .unwrap_err();
            assert_eq!(done.into_inner(), 90, "{at}");
            assert_eq!((errors.index, errors.others), (3, 9), "{at}");
            assert_eq!(errors.to_string(), "task 3 panicked: planted in 3 (and 9 other tasks failed)", "{at}");
            assert_eq!(total(&*executor, 100, chunk), 4950, "{at}: not usable afterwards");
        }
    }
}

#[test]
fn an_error_is_one_tasks_own() {
    for executor in all() {
        for chunk in [0, 1, 7] {
            let mut items = vec![0; 100];
            let errors = for_each_mut(&*executor, &mut items, chunk, |index, item| {
                *item = index + 1;
                if index == 42 || index == 99 { Err(format!("planted in {index}").into()) } else { Ok(()) }
            })
            .unwrap_err();
            assert!(matches!(&errors.cause, TaskError::Failed(error) if error.to_string() == "planted in 42"));
            assert_eq!(errors.to_string(), "task 42 failed: planted in 42 (and 1 other task failed)");
            assert!(items.iter().copied().eq(1..=100), "{}: {items:?}", label(&*executor, 100, chunk));
        }
    }
}

#[test]
fn a_group_that_fails_is_done_again_one_by_one() {
    for executor in all() {
        for chunk in [0, 1, 7, 100] {
            let at = label(&*executor, 100, chunk);
            let mut items: Vec<usize> = (0..100).collect();
            let alone = AtomicUsize::new(0);
            let group = |rest: &[usize]| if rest[0] < 50 { 4 } else { 0 };
            let errors = for_each_group_mut(&*executor, &mut items, chunk, group, |index, items| {
                assert!(items[0] == index && items.len() <= 4, "{at}");
                alone.fetch_add(usize::from(items.len() == 1), Relaxed);
                assert!(!items.contains(&3), "planted in 3");
                if items.contains(&80) { Err("planted in 80".into()) } else { Ok(()) }
            })
            .unwrap_err();
            assert_eq!(errors.to_string(), "task 3 panicked: planted in 3 (and 1 other task failed)", "{at}");
            let expected = if chunk == 1 { 100 } else { 50 };
            assert!(alone.into_inner() >= expected, "{at}");
        }
    }
}

#[test]
fn whatever_a_task_panics_with_is_told() {
    let told = |f: fn() -> Result<(), BoxError>| for_each(&Serial, 1, 0, |_| f()).unwrap_err().to_string();
    assert_eq!(told(|| panic!("plain")), "task 0 panicked: plain");
    assert_eq!(told(|| panic!("formatted {}", 1)), "task 0 panicked: formatted 1");
    assert_eq!(told(|| panic_any(7)), "task 0 panicked: no message");
}

#[test]
fn every_item_is_handed_out_alone() {
    for executor in all() {
        for n in [0, 1, 2, 5, 100, 1000] {
            for chunk in [0, 1, 2, 7, n, n + 1, usize::MAX] {
                // Not Copy and not Sync: each is to be touched by one worker only.
                let mut items: Vec<_> = (0..n).map(|_| std::cell::Cell::new(None)).collect();
                for_each_mut(&*executor, &mut items, chunk, |index, item| {
                    assert_eq!(item.replace(Some(index)), None);
                    Ok(())
                })
                .unwrap();
                assert!(items.iter().map(|item| item.get().unwrap()).eq(0..n), "{}", label(&*executor, n, chunk));
            }
        }
    }
}

#[test]
fn a_body_that_unwinds_is_resumed_when_the_others_are_done() {
    for executor in all() {
        for chunk in [0, 1, 7] {
            let at = label(&*executor, 100, chunk);
            // In every range in turn, so in every worker, the calling one included; and in all at once.
            for victim in [0, 50, 99, usize::MAX] {
                let done = AtomicUsize::new(0);
                let panic = catch_unwind(AssertUnwindSafe(|| {
                    executor.run(100, chunk, &|range| {
                        done.fetch_add(range.len(), Relaxed);
                        assert!(!range.contains(&victim) && victim != usize::MAX, "planted for {victim}");
                    })
                }))
                .unwrap_err();
                assert_eq!(message(panic), format!("planted for {victim}"), "{at}");
                assert_eq!(done.into_inner(), 100, "{at}");
                assert_eq!(total(&*executor, 100, chunk), 4950, "{at}: not usable afterwards");
            }
        }
    }
}

#[test]
fn several_threads_may_call_at_once() {
    for executor in all() {
        let executor = &*executor;
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for caller in 0..4 {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    for turn in 0..200 {
                        let (n, chunk) = (turn % 37, (turn + caller) % 3);
                        assert_eq!(total(executor, n, chunk), n * n.saturating_sub(1) / 2);
                    }
                });
            }
        });
    }
}

#[test]
fn a_body_may_run_the_executor_it_runs_in() {
    for executor in all() {
        for (outer, inner) in [(0, 0), (0, 1), (1, 0), (1, 1), (3, 2)] {
            let sum = AtomicUsize::new(0);
            let ran = executor.run(10, outer, &|range| {
                for _ in range {
                    sum.fetch_add(total(&*executor, 20, inner), Relaxed);
                }
            });
            ran.unwrap();
            assert_eq!(sum.into_inner(), 1900, "{}:{} {outer} {inner}", executor.name(), executor.workers());
        }
    }
}

#[test]
fn executors_may_be_nested_both_ways_round() {
    // The case in which a blocking lock per pool would deadlock: threads of `a` wait in `b`, and threads of `b` in `a`.
    for (a, b) in all().into_iter().zip(all().into_iter().rev()) {
        for chunk in [0, 1] {
            let sum = AtomicUsize::new(0);
            let ran = a.run(8, chunk, &|_| {
                let ran = b.run(8, chunk, &|_| {
                    sum.fetch_add(total(&*a, 4, chunk), Relaxed);
                });
                ran.unwrap();
            });
            ran.unwrap();
            let calls = Parts::new(8, chunk, a.workers()).len() * Parts::new(8, chunk, b.workers()).len();
            assert_eq!(sum.into_inner(), 6 * calls, "{} in {}", b.name(), a.name());
        }
    }
}

#[test]
fn no_wake_up_is_lost() {
    for executor in all() {
        for turn in 0..5000 {
            let n = turn % 11;
            assert_eq!(total(&*executor, n, turn % 3), n * n.saturating_sub(1) / 2);
            if turn % 1000 == 0 {
                // Long enough for every thread to fall asleep.
                thread::sleep(std::time::Duration::from_millis(2));
            }
        }
    }
}

#[test]
fn dropping_an_executor_waits_for_its_threads() {
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    struct EndsSlowly;
    impl Drop for EndsSlowly {
        fn drop(&mut self) {
            thread::sleep(std::time::Duration::from_millis(20));
            ENDED.fetch_add(1, Relaxed);
        }
    }
    thread_local!(static LIFE: EndsSlowly = const { EndsSlowly });
    let caller = thread::current().id();
    for executor in all() {
        let threads = ranges(&*executor, 100, 0).iter().filter(|(_, thread)| *thread != caller).count();
        let ran = executor.run(executor.workers(), 0, &|_| {
            if thread::current().id() != caller {
                LIFE.with(|_| ());
            }
        });
        ran.unwrap();
        ENDED.store(0, Relaxed);
        drop(executor);
        assert_eq!(ENDED.load(Relaxed), threads);
    }
}

#[test]
fn names_and_numbers_of_workers() {
    let counted: HashMap<&str, Vec<usize>> = all().iter().fold(HashMap::new(), |mut counted, executor| {
        counted.entry(executor.name()).or_default().push(executor.workers());
        counted
    });
    let expected = [("serial", vec![1]), ("threads", WORKERS.to_vec()), ("rayon", WORKERS.to_vec())];
    assert_eq!(counted, HashMap::from(expected));
}

#[test]
fn a_number_of_workers_out_of_range_is_refused() {
    for workers in [0, MAX_WORKERS + 1, usize::MAX] {
        for error in [Threads::new(workers).unwrap_err(), Rayon::new(workers).unwrap_err()] {
            assert!(matches!(error, Error::Workers { given, .. } if given == workers));
            assert!(error.to_string().ends_with(&format!(": {workers} workers; expected 1 to 4096")), "{error}");
        }
    }
}

/// What only Linux shows: which threads there are, and what happens when the system refuses one. Both concern the whole
/// process, so these tests run in processes of their own.
#[cfg(target_os = "linux")]
mod process {
    use super::*;
    use std::process::Command;
    use std::time::{Duration, Instant};

    /// True in a process that runs the test `name` and nothing else; elsewhere, starts one and checks that it passes.
    fn alone(name: &str) -> bool {
        const ALONE: &str = "GINGHAM_TEST_ALONE";
        if std::env::var_os(ALONE).is_some() {
            return true;
        }
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(ALONE, "1")
            .env("RUST_MIN_STACK", STACK.to_string())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        false
    }

    /// The size of a thread's stack in a process of its own, so that few fit in [`SPACE`].
    const STACK: u64 = 64 << 20;
    const SPACE: u64 = 2 << 30;

    /// Names of the pools' threads, in order.
    fn names() -> Vec<String> {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        // A thread may end between the listing and the reading.
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
        let mut names: Vec<String> =
            names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with("gingham-")).collect();
        names.sort();
        names
    }

    /// A thread that has been joined stays listed for a moment, until the system has cleared it away.
    fn assert_all_ended() {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !names().is_empty() {
            assert!(Instant::now() < deadline, "still there: {:?}", names());
            thread::yield_now();
        }
    }

    #[test]
    fn dropping_an_executor_ends_its_threads() {
        if !alone("process::dropping_an_executor_ends_its_threads") {
            return;
        }
        for asleep in [false, true] {
            let (threads, rayon) = (Threads::new(3).unwrap(), Rayon::new(3).unwrap());
            for executor in [&threads as &dyn Executor, &rayon] {
                assert_eq!(total(executor, 100, 0), 4950);
            }
            if asleep {
                thread::sleep(Duration::from_millis(5));
            }
            drop(rayon);
            let deadline = Instant::now() + Duration::from_secs(10);
            while names() != ["gingham-1", "gingham-2"] {
                assert!(Instant::now() < deadline, "{:?}", names());
                thread::yield_now();
            }
            drop(threads);
            assert_all_ended();
        }
        for _ in 0..200 {
            drop(Threads::new(3).unwrap());
            drop(Rayon::new(3).unwrap());
        }
        assert_all_ended();
    }

    #[test]
    fn a_thread_refused_is_an_error_and_leaves_none_behind() {
        if !alone("process::a_thread_refused_is_an_error_and_leaves_none_behind") {
            return;
        }
        use rustix::process::{Resource, Rlimit, setrlimit};
        setrlimit(Resource::As, Rlimit { current: Some(SPACE), maximum: Some(SPACE) }).unwrap();
        for _ in 0..3 {
            for error in [Threads::new(200).unwrap_err(), Rayon::new(200).unwrap_err()] {
                assert!(matches!(&error, Error::Spawn { workers: 200, .. }), "{error}");
                assert!(error.to_string().contains("cannot start 200 workers: "), "{error}");
                assert_all_ended();
            }
        }
        // 200 threads were refused; 2 can be started.
        for executor in [&Threads::new(2).unwrap() as &dyn Executor, &Rayon::new(2).unwrap()] {
            assert_eq!(total(executor, 100, 1), 4950);
        }
    }
}
