//! A forked child has none of its parent's threads. Code that would wait for them there reports that instead, and what
//! needs none works.

#![cfg(target_os = "linux")]

use std::io::{self, Write};
use std::process::{Command, exit};
use std::{env, panic, thread};

use gingham::core::ndarray::Array2;
use gingham::core::{Backend, Error, OpThreads, Threading, matmul};
use gingham::runtime::executor::{Executor, Rayon, Threads, for_each};

/// Set in the process whose threads are counted: the one that forks.
const PARENT: &str = "GINGHAM_TEST_FORKS";

/// Far more than any of the products takes; a process that waits for a missing thread is ended.
const DEADLINE_S: u32 = 30;

/// Whether `work` is true in a forked child; an error where the child waits, or ends otherwise.
fn forked(work: impl FnOnce() -> bool) -> Result<bool, String> {
    // SAFETY: the child calls `work`, which the tests choose, and ends without returning. The allocator of the C
    // library may be used in a child; this process holds no other lock, since its other threads sleep in their pools.
    match unsafe { libc::fork() } {
        0 => {
            // SAFETY: both take numbers only.
            unsafe {
                libc::alarm(DEADLINE_S);
                let right = panic::catch_unwind(panic::AssertUnwindSafe(work));
                libc::_exit(right.map_or(2, |right| i32::from(!right)))
            }
        }
        -1 => Err(io::Error::last_os_error().to_string()),
        child => {
            let mut status = 0;
            // SAFETY: the status is written to a variable that lives.
            unsafe { libc::waitpid(child, &raw mut status, 0) };
            match (libc::WIFEXITED(status), libc::WEXITSTATUS(status)) {
                (true, code @ (0 | 1)) => Ok(code == 0),
                _ => Err(format!("the child ended with status {status:#x}; {} is the alarm", libc::SIGALRM)),
            }
        }
    }
}

/// The product of two n x n matrices of ones.
fn product(backend: &dyn Backend, n: usize, threads: OpThreads) -> Result<bool, Error> {
    let (ones, mut c) = (Array2::ones((n, n)), Array2::zeros((n, n)));
    matmul::matmul(backend, 1.0, ones.view(), ones.view(), 0.0, c.view_mut(), threads)?;
    Ok(c.iter().all(|&c| c == n as f64))
}

fn products_are_refused_or_right() {
    let two = OpThreads::new(2).unwrap();
    let registry = gingham::registry();
    for backend in registry.iter().filter(|backend| backend.threading() != Threading::Single) {
        let id = backend.info().id;
        let _limit = backend.limit(two).unwrap();
        assert_eq!(product(&**backend, 400, two), Ok(true), "{id}");
        let refused = forked(|| product(&**backend, 400, two) == Err(Error::Forked { backend: id.clone() }));
        let right = forked(|| product(&**backend, 400, two) == Ok(true));
        // Threads that a call starts are there, and OpenBLAS starts its own again.
        let works = ["simd", "openblas"].contains(&id.as_str());
        assert_eq!((refused, right), (Ok(!works), Ok(works)), "{id}");
        assert_eq!(forked(|| product(&**backend, 8, two) == Ok(true)), Ok(works || id != "faer"), "{id}, 8 x 8");
        let said = backend.info().notes.iter().any(|note| note.contains("forked"));
        assert_eq!(said, !works, "{id}: {:?}", backend.info().notes);
    }
}

fn pools_return_an_error() {
    let run = |executor: &dyn Executor| {
        let outcome = for_each(executor, 100, 1, |_| Ok(()));
        outcome.map_err(|error| (error.index, error.others, error.to_string()))
    };
    for executor in [Box::new(Threads::new(2).unwrap()) as Box<dyn Executor>, Box::new(Rayon::new(2).unwrap())] {
        let name = executor.name();
        assert_eq!(run(&*executor), Ok(()));
        let refused = forked(|| matches!(run(&*executor), Err((0, 99, why)) if why.contains("was forked")));
        assert_eq!(refused, Ok(true), "{name}");
        let made_anew = forked(|| run(&Threads::new(2).unwrap()) == Ok(()) && run(&Rayon::new(2).unwrap()) == Ok(()));
        assert_eq!(made_anew, Ok(true), "{name}");
        let mut owned = Some(executor);
        let dropped = forked(|| owned.take().is_some());
        assert_eq!(dropped, Ok(true), "{name} waits for threads that are not there when it is dropped");
        assert_eq!(run(owned.as_deref().unwrap()), Ok(()), "{name}");
    }
    assert_eq!(forked(|| run(&Threads::new(1).unwrap()) == Ok(())), Ok(true));
}

#[test]
fn nobody_waits_for_threads_that_are_not_there() {
    if env::var_os(PARENT).is_some() {
        products_are_refused_or_right();
        pools_return_an_error();
        let _ = writeln!(io::stdout(), "all forked");
        exit(0);
    }
    let program = env::current_exe().unwrap();
    let name = thread::current().name().unwrap_or_default().to_owned();
    let output = Command::new(program)
        .args(["--exact", &name, "--nocapture", "--test-threads=1"])
        .envs([(PARENT, "1"), ("MATMUL_NUM_THREADS", "2")])
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && stdout.contains("all forked"), "{stdout}\n{stderr}");
}
