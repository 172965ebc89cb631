//! Why a tuning could not be done.

use gingham_runtime::workload::memory::TooLarge;
use gingham_runtime::workload::{self, Workload, placement};

use crate::journal;
use crate::reason::Failure;
use crate::space;

/// Processes that an exhaustive search keeps alive at once: each costs some megabytes, stopped or not.
pub(super) const MOST_EXHAUSTIVE: usize = 256;

/// A tuning that could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program does not serve its trials.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Uninitialised(#[from] crate::trial::Uninitialised),
    /// The selection names what is not there.
    #[error(transparent)]
    Space(#[from] space::Error),
    /// The operands do not fit the machine.
    #[error(transparent)]
    Memory(#[from] TooLarge),
    /// The operands do not lie where they must.
    #[error(transparent)]
    Placement(#[from] placement::Error),
    /// The memory for them cannot be had.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Arena(#[from] gingham_runtime::arena::Error),
    /// The journal cannot be used, or belongs to another tuning.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// The budget is too short for an answer.
    #[error("a budget of {given:.1} s is too short for {workload}; give --budget {needed:.0}s")]
    Budget {
        /// Seconds that were given.
        given: f64,
        /// Seconds that would do.
        needed: f64,
        /// The workload.
        workload: Workload,
    },
    /// The function is not one that is registered.
    #[error(transparent)]
    Workload(#[from] workload::Error),
    /// The function fails on one thread, with which all others would be compared.
    #[error("the function does not run on one thread: {0}")]
    Serial(Failure),
    /// A workload of nothing.
    #[error("{0}: nothing to measure; give sizes above 0")]
    Nothing(Workload),
    /// Two peers that would share a row.
    #[error("two peers are named `{0}`; name one of them otherwise: --peer NAME=CMD")]
    Twice(String),
    /// Peers find their inputs in memory, and leave their results there.
    #[error("peers take inputs from the parent and hand results to it; leave out --peer, or --source and --sink")]
    PeersEnds,
    /// A peer's program cannot be found.
    #[error("peer {name}: there is no program that `{command}` would start; give its path, or install it")]
    Missing {
        /// The peer.
        name: String,
        /// Its command.
        command: String,
    },
    /// It was interrupted before there was anything to measure.
    #[error("interrupted before any combination was measured; nothing is saved")]
    Interrupted,
    /// More combinations, so many, than can be kept alive at once.
    #[error(
        "an exhaustive search keeps all combinations alive, {0} here and {MOST_EXHAUSTIVE} at most; choose among \
         them with --backend, --executor, --op-threads, --workers or --chunk"
    )]
    Exhaustive(usize),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Serial(failure)
    }
}
