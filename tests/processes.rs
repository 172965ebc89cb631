//! Worker processes with the libraries of this build: pools that start while a library has threads, and thread counts
//! that a library takes at its start alone.
//!
//! A worker is this test, started again, so it has a main of its own. `GINGHAM_TEST_STARTS` says how many pools are
//! started (`cargo xtask kill-matrix`: 200).

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

#[path = "../harness/tests/mimic/mod.rs"]
mod mimic;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    {
        gingham::init(&gingham::registry());
        mimic::run(
            &mimic::checks![every_backend_computes_in_worker_processes, pools_start_while_a_library_has_threads,],
        )
    }
    #[cfg(not(target_os = "linux"))]
    mimic::run(&[])
}

/// A batch of products in the workers of a fresh pool: each is `n` times the number of the task.
#[cfg(target_os = "linux")]
fn multiply(combination: &str) {
    use gingham::{Session, Workload};
    const N: usize = 65;
    let session = Session::without_profile(gingham::registry());
    let plan = session.apply(&combination.parse().expect(combination)).expect(combination);
    let mut arena = plan.arena(&Workload::matmul::<f64>([N, N, N]).tasks(4)).expect("an arena");
    for task in 0..4 {
        arena.input_mut::<f64>(task, 0).expect("A").fill(1.0);
        arena.input_mut::<f64>(task, 1).expect("B").fill(task as f64);
    }
    plan.run_in(&mut arena).expect(combination);
    for task in 0..4 {
        let right = (N * task) as f64;
        assert!(arena.output::<f64>(task).expect("C").iter().all(|&x| x == right), "{combination}, task {task}");
    }
}

#[cfg(target_os = "linux")]
fn every_backend_computes_in_worker_processes() {
    use gingham::core::Threading;
    for backend in gingham::registry().iter() {
        let id = backend.info().id;
        multiply(&format!("{id}:1+processes/shm:2"));
        if !matches!(backend.threading(), Threading::Single) {
            // Some libraries take their number of threads at their start alone: it is the worker's.
            multiply(&format!("{id}:2+processes/shm:2:1"));
        }
    }
}

#[cfg(target_os = "linux")]
fn pools_start_while_a_library_has_threads() {
    let starts = std::env::var("GINGHAM_TEST_STARTS").map_or(10, |starts| starts.parse().expect("a number of starts"));
    let registry = gingham::registry();
    let threaded = ["openblas", "faer"].into_iter().find(|id| registry.get(id).is_ok());
    let Some(id) = threaded else { return };
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            use gingham::core::ndarray::Array2;
            let backend = registry.get(id).expect(id);
            let (a, threads) = (Array2::<f64>::ones((300, 300)), gingham::core::OpThreads::new(2).expect("2"));
            let limit = backend.limit(threads).expect("two threads");
            let mut c = Array2::zeros((300, 300));
            while !done.load(Relaxed) {
                let product = gingham::core::matmul::matmul(
                    backend.as_ref(),
                    1.0,
                    a.view(),
                    a.view(),
                    0.0,
                    c.view_mut(),
                    threads,
                );
                product.expect("a product");
            }
            drop(limit);
        });
        for _ in 0..starts {
            multiply(&format!("{id}:1+processes/shm:2"));
        }
        done.store(true, Relaxed);
    });
}
