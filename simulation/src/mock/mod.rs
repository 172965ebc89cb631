//! Tunings on a mock machine with a mock clock: the right answer there is known, so the errors of the search can be
//! counted.
//!
//! `tests/trust.rs` of the harness asserts a part of these counts; `docs/trust.md` has all of them. `tests/resume.rs`
//! kills tunings on it.

mod course;
mod fields;
mod noise;
mod plain;
mod setting;
mod share;
mod tuning;

pub use course::{Disturbance, Machine};
pub use fields::{MockCandidate, company, forty, graded, one_noisy, serial};
pub use noise::Noise;
pub use plain::{Method, race};
pub use setting::Setting;
pub use share::Share;
pub use tuning::{Tuned, candidates, rules, tunings, unchanged};

/// The mock machine's CPUs.
pub const CPUS: usize = 4;

/// Tasks of the batch.
pub const TASKS: usize = 64;

/// Seconds of a task of the fastest candidate, which a batch takes 64 ms.
pub const SECONDS: f64 = 0.001;
