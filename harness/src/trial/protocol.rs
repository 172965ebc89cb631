//! The trial protocol: lines of JSON over a runner's standard input and output.
//!
//! `hello` -> `ready`; then any number of `run` -> `done`; then `quit` -> `bye`. In place of any answer a runner may
//! send `failed`, and instead of `ready` also `refused`. Unknown fields are ignored, and a new field has a default for
//! when it is left out, so that the protocol can grow.

use gingham_runtime::arena::{Arena, Arenas};
use gingham_runtime::combination::Combination;
use gingham_runtime::workload::{Tensor, Workload};
use serde::{Deserialize, Serialize};

/// The version of the protocol; both sides must speak the same.
pub const PROTOCOL: u32 = 1;

/// From the parent to a runner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// The first line: what will be run, and where its operands lie.
    Hello(Box<Hello>),
    /// Runs tasks `first .. first + count` of the batch, `repeat` times.
    Run {
        /// The first task.
        first: usize,
        /// How many tasks.
        count: usize,
        /// How many times over.
        repeat: usize,
        /// The results must lie in the arena when the answer comes. A runner that computes into memory of its own
        /// copies them there for such a run only.
        #[serde(default)]
        check: bool,
    },
    /// The last line.
    Quit,
}

/// What will be run, and where its operands lie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hello {
    /// [`PROTOCOL`]
    pub protocol: u32,
    /// The operation, its sizes, and the number of tasks; or a function that the runner has registered by name, which
    /// is sent only to this program's own runners.
    pub workload: Workload,
    /// How it is to be run.
    pub combination: Combination,
    /// The memory that the operands lie in.
    pub arenas: Arenas,
    /// The operands, in the order in which the operation's contract lists them.
    pub tensors: Vec<Tensor>,
    /// The runner computes on private copies of the operands, in memory advised for huge pages, which mapped files do
    /// not have.
    #[serde(default)]
    pub private: bool,
}

impl Hello {
    /// For a runner of `combination` over `arena`, which holds the operands of `workload`.
    #[must_use]
    pub fn new(workload: &Workload, combination: &Combination, arena: &Arena, private: bool) -> Self {
        Self {
            protocol: PROTOCOL,
            workload: workload.clone(),
            combination: combination.clone(),
            arenas: arena.locations(),
            tensors: arena.placement().tensors.clone(),
            private,
        }
    }
}

/// From a runner to the parent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Answer {
    /// Everything is loaded and mapped; workers have started.
    Ready {
        /// The protocol that the runner speaks.
        #[serde(default = "protocol")]
        protocol: u32,
        /// The version of the library that does the arithmetic.
        #[serde(default)]
        version: String,
        /// The kernels it chose; may be empty.
        #[serde(default)]
        kernels: String,
    },
    /// This process cannot run the combination.
    Refused {
        /// Why.
        reason: String,
    },
    /// The tasks are done.
    Done {
        /// Seconds that they took on the runner's clock, over all repetitions; its parent reads the rest.
        wall_s: f64,
    },
    /// A task failed; the others were done.
    Failed {
        /// Which, and why.
        reason: String,
    },
    /// The runner is about to exit.
    Bye {
        /// The largest resident set it had; 0 where the runner does not know.
        #[serde(default)]
        peak_rss_bytes: u64,
        /// CPU seconds of each of its threads, where the runner knows them.
        #[serde(default)]
        threads: Vec<f64>,
    },
}

/// The protocol of a runner that does not name one.
fn protocol() -> u32 {
    PROTOCOL
}
