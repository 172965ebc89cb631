//! The noise of the modelled machine: the part of recorded times that combination and round do not explain, in logs.

use std::collections::BTreeMap;

use gingham_harness::replay::Recording;

use crate::recordings::logs;

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
            let ran = recording.outcome().trials.iter().filter(|row| !row.samples.is_empty());
            let mut by_round = BTreeMap::<usize, Vec<f64>>::new();
            for row in ran {
                let logs = logs(row);
                let middle = median(logs.iter().map(|(_, log)| *log));
                logs.iter().for_each(|(round, log)| by_round.entry(*round).or_default().push(log - middle));
            }
            for logs in by_round.into_values() {
                let level = median(logs.iter().copied());
                noise.rounds.push(level);
                noise.samples.extend(logs.iter().map(|log| log - level));
            }
        }
        noise
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    gingham_harness::stats::median(&values.collect::<Vec<_>>())
}
