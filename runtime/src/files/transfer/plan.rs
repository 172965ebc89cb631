//! Which executor loads files.
//!
//! No answer is saved for files yet. The rule is one thread for each CPU: an unpacking and a copy from the page cache
//! take a CPU each, and files that lie on a disk are asked for side by side.

use gingham_core::{OpThreads, Threading};
use gingham_machine::Machine;

use crate::combination::{Combination, ExecutorKind, FUNCTIONS};
use crate::plan::{Error, Plan};
use crate::rules::{self, Cpus};

/// A plan for `files` files: with the executor and the workers of `asked`, whose backend and op threads do nothing
/// here, or else by the rule. Processes become threads of this process: a process would load no more than a thread.
///
/// # Errors
/// [`Error`], where the combination cannot be run on this machine.
pub fn plan(asked: Option<&Combination>, files: usize) -> Result<Plan, Error> {
    let cpus = Cpus::of(&Machine::probe());
    let serial = Combination::serial(FUNCTIONS, OpThreads::ONE);
    let threads = |workers| Combination { workers, executor: ExecutorKind::Threads, ..serial.clone() };
    let (combination, why) = match asked {
        Some(Combination { executor: ExecutorKind::Processes(_), workers, .. }) => {
            (threads(*workers), "threads of this process, as a process would load no more than a thread")
        }
        Some(Combination { executor: executor @ ExecutorKind::Peer, backend, .. }) => {
            (Combination { executor: *executor, backend: backend.clone(), ..serial }, "as asked for")
        }
        Some(&Combination { executor, workers, .. }) => (Combination { executor, workers, ..serial }, "as asked for"),
        None => match cpus.usable.min(files) {
            0 | 1 => (serial, "chosen without a measurement: one file or one CPU"),
            workers => (threads(workers), "chosen without a measurement: every CPU has its own files"),
        },
    };
    if let Some(reason) = rules::impossible(Threading::Single, &combination, cpus) {
        return Err(Error::Impossible { combination, reason });
    }
    let mut plan = Plan::for_functions(&combination)?;
    plan.origin = format!("{combination}, {why}");
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executor_is_the_one_asked_for_without_its_backend() {
        let planned = |text: &str| {
            let plan = plan(Some(&text.parse().expect(text)), 100).map_err(|error| error.to_string())?;
            Ok::<_, String>((plan.combination().to_string(), plan.origin().to_owned()))
        };
        for (asked, expected) in [
            ("simd:4+serial", "fn:1+serial"),
            ("fn+threads:3:7", "fn:1+threads:3"),
            ("faer:1+rayon:2", "fn:1+rayon:2"),
            ("simd:1+processes/shm:2", "fn:1+threads:2"),
        ] {
            let (combination, origin) = planned(asked).expect(asked);
            assert_eq!(combination.replace("fn+", "fn:1+"), expected, "{asked}");
            assert_eq!(origin.contains("threads of this process"), asked.contains("processes"), "{origin}");
        }
        let crowd = Cpus::of(&Machine::probe()).most_runnable() + 1;
        let crowd = Combination { workers: crowd, ..plan(None, 2).expect("a plan").combination().clone() };
        assert!(plan(Some(&crowd), 100).is_err_and(|error| error.to_string().contains("usable CPU")));
        assert!(planned("peer/numpy").is_err());
    }

    #[test]
    fn one_file_needs_one_worker() {
        assert_eq!(plan(None, 1).expect("serial").engine().workers(), 1);
    }
}
