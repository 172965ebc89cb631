//! The defaults of the command line, of [`Tuner`](crate::Tuner), of [`FnTuner`](crate::FnTuner) and of a search.

use std::time::Duration;

/// How long it may take in all.
pub const BUDGET: Duration = Duration::from_secs(60);

/// How long a trial may take to answer.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Combinations within this share of the best count as equal to it.
pub const TOLERANCE: f64 = 0.02;

/// Sets the inputs and the order of rounds.
pub const SEED: u64 = 0;
