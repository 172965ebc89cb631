//! Tunings on a mock machine with a mock clock: the right answer there is known, so the errors of the search can be
//! counted.
//!
//! `tests/trust.rs` of the harness asserts a part of these counts; `docs/trust.md` has all of them. `tests/resume.rs`
//! kills tunings on it.

mod course;
mod fields;
mod noise;
mod plain;
mod share;
mod tuning;

pub use course::{Disturbance, Machine};
pub use fields::{MockCandidate, company, forty, graded, one_noisy, serial};
pub use noise::Noise;
pub use plain::{Method, race};
pub use share::Share;
pub use tuning::{Tuned, candidates, rules, tunings, unchanged};

/// The mock machine's CPUs.
pub const CPUS: usize = 4;

/// Tasks of the batch.
pub const TASKS: usize = 64;

/// Seconds of a task of the fastest candidate, which a batch takes 64 ms.
pub const SECONDS: f64 = 0.001;

/// How a field of candidates is tuned: the settings that all tunings of an experiment share.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The noise of the logs of times.
    pub noise: &'a Noise,
    /// Standard deviation of the difference of two candidates' logs in one round.
    pub paired_sd: f64,
    /// Standard deviation of the log by which processes of one combination differ for as long as they live.
    pub process_sd: f64,
    /// The search's.
    pub tolerance: f64,
    /// The number of tunings, each with another seed.
    pub runs: usize,
}

impl<'a> Setting<'a> {
    /// At a tolerance of 2 %, all processes alike.
    pub fn new(noise: &'a Noise, paired_sd: f64, runs: usize) -> Self {
        Self { noise, paired_sd, process_sd: 0.0, tolerance: 0.02, runs }
    }

    /// Whether `seconds` are more than the tolerance above the least of `field`.
    pub fn is_slower(&self, field: &[MockCandidate], seconds: f64) -> bool {
        let least = field.iter().map(|c| c.seconds).fold(f64::INFINITY, f64::min);
        // One exactly at the edge is not beyond it.
        seconds > least * (1.0 + self.tolerance) * (1.0 + 1e-9)
    }
}
