//! The noise of the mock machine: the residuals of recorded times, with rounds and combinations taken out.

use std::path::Path;

use gingham_harness::outcome::{Outcome, Status};
use gingham_harness::stats;
use statrs::distribution::{ContinuousCDF, Normal};

use crate::recordings::{FOLDER, logs, measured, polish};

/// Values that stand for the normal distribution.
const QUANTILES: usize = 4096;

/// A distribution of log times, its median 0 and its standard deviation 1.
#[derive(Debug, Clone)]
pub struct Noise {
    /// Its source, in words.
    pub name: String,
    /// In ascending order.
    values: Vec<f64>,
}

impl Noise {
    /// Residuals of the recorded exhaustive tunings in [`FOLDER`], those of simulated machines left out.
    #[must_use]
    pub fn recorded() -> Self {
        let recordings = measured(Path::new(FOLDER)).expect("the recordings can be read");
        let mut values = Vec::new();
        let mut used = 0;
        for recording in recordings {
            let own = residuals(recording.outcome());
            let spread = deviation(&own);
            if spread > 0.0 {
                values.extend(own.iter().map(|x| x / spread));
                used += 1;
            }
        }
        let name = format!("{} residuals of {used} recorded tunings", values.len());
        Self::standardised(name, values)
    }

    /// The normal distribution.
    pub fn normal() -> Self {
        let quantile = |i| Normal::standard().inverse_cdf((i as f64 + 0.5) / QUANTILES as f64);
        Self::standardised("the normal distribution".into(), (0..QUANTILES).map(quantile).collect())
    }

    fn standardised(name: String, mut values: Vec<f64>) -> Self {
        let (median, spread) = (stats::median(&values), deviation(&values));
        values.iter_mut().for_each(|x| *x = (*x - median) / spread);
        values.sort_by(f64::total_cmp);
        Self { name, values }
    }

    /// A value; the same for the same bits.
    pub fn draw(&self, bits: u64) -> f64 {
        self.values[(uniform(bits) * self.values.len() as f64) as usize]
    }

    /// The noise in words, and how heavy its tails are.
    pub fn describe(&self) -> String {
        let at = |p: f64| self.values[(p * self.values.len() as f64) as usize];
        let [low, high, lowest, highest] = [0.05, 0.95, 0.005, 0.995].map(at);
        format!(
            "{}: nine of ten lie within {low:.1} and {high:.1} standard deviations, 99 of 100 within {lowest:.1} and \
             {highest:.1}",
            self.name
        )
    }
}

/// Logs of the seconds per task, less the effects of the round and of the combination.
fn residuals(outcome: &Outcome) -> Vec<f64> {
    let finished = outcome.trials.iter().filter(|row| row.status == Status::Ok).map(logs);
    let finite = |logs: Vec<(usize, f64)>| logs.into_iter().filter(|(_, log)| log.is_finite()).collect();
    let mut trials: Vec<Vec<_>> = finished.map(finite).filter(|logs: &Vec<_>| logs.len() >= 6).collect();
    for _ in 0..10 {
        polish(&mut trials);
    }
    trials.into_iter().flatten().map(|(_, log)| log).collect()
}

fn deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count).sqrt()
}

/// Random bits from what names them: SplitMix64 (Steele, Lea and Flood 2014), a step a word. A draw depends on its name
/// alone, so that a disturbance or another order changes no other draw.
pub(super) fn bits(words: &[u64]) -> u64 {
    words.iter().fold(0, |state, word| {
        let mut z = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// From 0 to below 1.
pub(super) fn uniform(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
