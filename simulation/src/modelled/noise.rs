//! The noise of the modelled machine: the part of recorded times that combination and round do not explain, in logs.

use gingham_harness::replay::Recording;

use crate::recordings::{logs, polish};

/// Differences between recorded samples that combination and round do not explain, in logs.
#[derive(Debug, Clone)]
pub struct Noise {
    /// What the samples of a round have in common.
    pub(super) rounds: Vec<f64>,
    /// What is left of each sample.
    pub(super) samples: Vec<f64>,
}

impl Noise {
    /// The noise of recordings, all taken together.
    #[must_use]
    pub fn of(recordings: &[Recording]) -> Self {
        let mut noise = Self { rounds: Vec::new(), samples: Vec::new() };
        for recording in recordings {
            let mut trials: Vec<_> = recording.outcome().trials.iter().map(logs).collect();
            noise.rounds.extend(polish(&mut trials));
            let mut left = trials.concat();
            left.sort_by_key(|(round, _)| *round);
            noise.samples.extend(left.into_iter().map(|(_, log)| log));
        }
        noise
    }
}
