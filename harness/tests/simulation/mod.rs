//! Tunings on a mock machine with a mock clock: what is true there is known, so it can be counted how often the search
//! is wrong.
//!
//! `tests/trust.rs` asserts a part of these counts; `docs/trust.md` has all of them. `tests/resume.rs` kills tunings on
//! it.
#![allow(dead_code, unused_imports, reason = "each test takes a part of it, the report another")]

mod course;
mod fields;
mod noise;
mod plain;
mod setting;
mod share;
mod tuning;

pub(crate) use course::{Disturbance, Machine};
pub(crate) use fields::{Contestant, company, forty, graded, one_noisy, serial};
pub(crate) use noise::Noise;
pub(crate) use plain::{Method, race};
pub(crate) use setting::Setting;
pub(crate) use share::Share;
pub(crate) use tuning::{Tuned, candidates, rules, tunings, unchanged};

/// The mock machine's CPUs.
pub(crate) const CPUS: usize = 4;

/// Tasks of the batch.
pub(crate) const TASKS: usize = 64;

/// Seconds of a task of the fastest contestant: a batch takes it 64 ms.
pub(crate) const SECONDS: f64 = 0.001;
