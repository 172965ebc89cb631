//! A tuning from start to end: memory, candidates, a search, and the outcome.
//!
//! [`Tuner`] tunes a workload in trials: an operation, or a function that the program registered. [`FnTuner`] is the
//! front for functions, and races closures in this process.

#[cfg(target_os = "linux")]
mod budget;
mod error;
mod functions;
#[cfg(target_os = "linux")]
mod header;
#[cfg(target_os = "linux")]
mod workload;

pub use error::Error;
pub use functions::FnTuner;
#[cfg(target_os = "linux")]
pub use workload::{Tuner, check};
