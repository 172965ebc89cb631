//! The protocol: lines of JSON over the standard input and output of a runner or a worker.
//!
//! `hello` -> `ready`; then any number of `run` -> `done`, or another `hello`; then `quit` -> `bye`. In place of any
//! answer a runner may send `failed`, and instead of `ready` also `refused`. Unknown fields are ignored, and a new
//! field has a default for when it is left out, so that the protocol can grow.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::arena::{Arena, Arenas, Location};
use crate::combination::Combination;
use crate::workload::{Tensor, Workload};

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
    /// The first line of the server of a pool: it holds the operands of `workload` for those that connect to the name
    /// `address`, and answers `ready`, until its standard input is closed.
    Keep {
        /// A name in the abstract namespace of sockets.
        address: String,
        /// What the operands are of.
        workload: Workload,
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
    /// The seed of inputs that whoever does a task makes.
    #[serde(default)]
    pub seed: u64,
    /// The results are kept, even where the workload drops them.
    #[serde(default)]
    pub keep: bool,
    /// The directory of the files of operands, where the workload has its operands in files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// How often a runner with worker processes runs a task again after one has died of it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: usize,
    /// For a worker of a pool: the place where it finds what it is to run, instead of in requests. It answers `ready`,
    /// and reads the next request when the board says so: another hello, or `quit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<Seat>,
}

/// A worker's place at the board of a pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seat {
    /// Where the board lies.
    pub board: Location,
    /// The number of the worker, from 0.
    pub worker: usize,
    /// Workers in all.
    pub workers: usize,
    /// How it reaches the operands of its tasks.
    #[serde(default)]
    pub way: Way,
}

/// How a worker reaches the operands of its tasks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Way {
    /// They lie in the arenas of the hello.
    #[default]
    Mapped,
    /// By messages: it asks for the inputs of each task, and gives its result.
    Asked {
        /// To whom: a name in the abstract namespace of sockets.
        address: String,
        /// It waits until a result has been taken, because the pool will ask for it by another socket.
        settle: bool,
    },
    /// It pulls tasks with their inputs from a queue, and gives the results by messages.
    Pulled {
        /// The queue's slots: which are full, and of which task.
        slots: Location,
        /// The inputs in each slot.
        inputs: Location,
        /// To whom it gives results: a name in the abstract namespace of sockets.
        address: String,
    },
}

impl Hello {
    /// For a runner of `combination` over `arena`, which holds the operands of `workload`.
    #[must_use]
    pub fn new(workload: &Workload, combination: &Combination, arena: &Arena) -> Self {
        Self {
            protocol: PROTOCOL,
            workload: workload.clone(),
            combination: combination.clone(),
            arenas: arena.locations(),
            tensors: arena.placement().tensors.clone(),
            private: false,
            seed: arena.seed(),
            keep: false,
            folder: arena.folder().map(Into::into),
            retries: 0,
            seat: None,
        }
    }

    /// The same, computed on private copies of the operands or not.
    #[must_use]
    pub fn privately(self, private: bool) -> Self {
        Self { private, ..self }
    }

    /// The same, with so many retries after the death of a worker.
    #[must_use]
    pub fn retrying(self, retries: usize) -> Self {
        Self { retries, ..self }
    }
}

/// From a runner to the parent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Answer {
    /// A worker has started, before anything was asked: from here on it ends with its pool.
    Here,
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

impl Answer {
    /// A process of this program is ready, with a library of this version and these kernels.
    pub(crate) fn ready([version, kernels]: [String; 2]) -> Self {
        Self::Ready { protocol: PROTOCOL, version, kernels }
    }
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The protocol of a runner that does not name one.
fn protocol() -> u32 {
    PROTOCOL
}
