//! What a program links to apply Gingham's answers, and what a trial runs. The harness has the search and its tables.
//!
//! A [`Workload`] says what is to be computed; an [`engine`] is a [`Combination`] made ready to run it; a [`Profile`]
//! holds the saved answers, and a [`Session`] makes the best of them a [`Plan`]. The feature `files` adds products of
//! `.npy` files. How the modules hang together, each above those that it uses:
//!
//! ```text
//! session                        what a program asks for a plan
//!   plan                         an answer made ready: called with operands, or with functions
//!   profile                      the saved answers, which of them fits, and what it rests on
//!     store                      files: size limit, schema, lock, atomic replacing
//! files                          whole folders of files, through an engine
//! format                         arrays in files: npy, npz, csv, raw
//! serve                          a process that another one started: the runner of a trial, a worker
//! engine                         backend + limit + executor + chunk: the one place that applies a combination
//!   processes                    a pool of worker processes, the board between it and them, their deaths; transports
//! process                        child processes that are asked, waited for and ended; the protocol
//!   executor, waves              ranges of tasks spread over workers; how many rounds of work they are
//!   arena                        memory that processes share
//! workload                       what is run: families, shapes, operands, inputs, the work, the judge
//! combination, rules             how it is run, as text and value; which combinations cannot run
//! environment                    the variables that backends read: set, cleared and doubted in one place
//! clock, quantity, shown         the time that a tuning has had; numbers and file names for people
//! ```
//!
//! This crate is handed a [`gingham_core::Registry`] and knows no backend by name.
#![deny(unsafe_code)]
// They panic where a stream cannot be written to, which would lose the work.
#![deny(clippy::print_stdout, clippy::print_stderr)]

#[cfg(target_os = "linux")]
pub mod arena;
pub mod clock;
pub mod combination;
pub mod engine;
pub mod environment;
pub mod executor;
#[cfg(feature = "files")]
pub mod files;
#[cfg(feature = "files")]
pub mod format;
mod parallel;
pub mod plan;
#[cfg(target_os = "linux")]
pub mod process;
pub mod profile;
pub mod quantity;
pub mod rules;
#[cfg(target_os = "linux")]
pub mod serve;
pub mod session;
pub mod shown;
pub mod store;
pub mod waves;
pub mod workload;

pub use combination::{Combination, ExecutorKind, Transport};
pub use engine::Engine;
#[cfg(feature = "files")]
pub use format::npy;
pub use plan::Plan;
pub use profile::Profile;
pub use session::Session;
pub use workload::{Batch, Task, Workload};
