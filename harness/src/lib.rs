//! The measuring half of Gingham: from a workload to the combination that runs it fastest, and back into a program.
//!
//! A [`Workload`] says what is to be computed; [`space`] lists the combinations of backend and executor that may do
//! it; each becomes a [`trial`] in a process of its own over one shared [`arena`]; [`search`] runs them in rounds;
//! [`Outcome`] is the result, which [`report`] prints and [`profile`] keeps; a [`Plan`] applies it.
//!
//! Tuning (arena, trials, tuner) is for Linux; plans and their executors are for every system.
//!
//! This crate is handed a [`gingham_core::Registry`] and knows no backend by name.
#![deny(unsafe_code)]
// Their panic, where a stream cannot be written to, would lose the work.
#![deny(clippy::print_stdout, clippy::print_stderr)]

#[cfg(target_os = "linux")]
pub mod arena;
pub mod arrangement;
mod clock;
pub mod combination;
mod course;
pub mod engine;
pub mod environment;
pub mod executor;
pub mod files;
pub mod journal;
pub mod npy;
pub mod outcome;
mod parallel;
pub mod plan;
pub mod profile;
pub mod progress;
pub mod quantity;
pub mod reason;
pub mod replay;
pub mod report;
pub mod sample;
pub mod search;
pub mod shown;
pub mod space;
pub mod stats;
pub mod store;
#[cfg(target_os = "linux")]
pub mod trial;
pub mod tuner;
pub mod waves;
pub mod workload;

pub use combination::{Combination, ExecutorKind};
pub use engine::Engine;
pub use outcome::Outcome;
pub use plan::{Plan, Session};
pub use profile::Profile;
pub use progress::Progress;
pub use tuner::FnTuner;
#[cfg(target_os = "linux")]
pub use tuner::Tuner;
pub use workload::{Batch, Task, Workload};
