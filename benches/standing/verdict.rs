//! What a row must reach, and whether it did.

use gingham::harness::stats::{median, median_interval};
use serde::Deserialize;

/// What a row must reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Goal {
    /// Share of the ceiling.
    pub(crate) ceiling: Option<f64>,
    /// Times the best rival's rate.
    pub(crate) ratio: Option<f64>,
    /// Times the best rival's rate, where that lies below 90 % of the ceiling.
    pub(crate) ratio_below: Option<f64>,
}

/// A figure taken in each round: its median, and the median's interval or, of fewer than six rounds, the whole range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) interval: [f64; 2],
}

impl Figure {
    pub(crate) fn of(values: &[f64]) -> Self {
        let range = || {
            let ends = [f64::min, f64::max];
            ends.map(|end| values.iter().copied().fold(f64::NAN, end))
        };
        Self { median: median(values), interval: median_interval(values).unwrap_or_else(range) }
    }

    /// The figure of `x / y` by rounds.
    pub(crate) fn of_ratios(x: &[f64], y: &[f64]) -> Self {
        Self::of(&x.iter().zip(y).map(|(x, y)| x / y).collect::<Vec<_>>())
    }
}

impl Goal {
    /// The column of a table. `rival` is the best rival's share of the ceiling.
    pub(crate) fn text(&self, rival: Option<f64>) -> String {
        let ceiling = self.ceiling.map(|share| format!("{:.0} %", 100.0 * share));
        let ratio = self.times(rival).map(|times| format!("{times:.2} x"));
        let parts: Vec<String> = ceiling.into_iter().chain(ratio).collect();
        if parts.is_empty() { "-".into() } else { parts.join(", ") }
    }

    /// `met`, or by how much the row falls short. A missing figure does not meet a goal.
    pub(crate) fn verdict(&self, share: Option<Figure>, ratio: Option<Figure>, rival: Option<f64>) -> String {
        let mut short = Vec::new();
        if let Some(goal) = self.ceiling {
            match share {
                Some(share) => short.extend(shortfall(share.median / goal, "of the ceiling")),
                None => short.push("no ceiling".into()),
            }
        }
        if let Some(goal) = self.times(rival) {
            // "Not slower" means that the interval includes equality.
            let end = |ratio: Figure| if goal <= 1.0 { ratio.median.max(ratio.interval[1]) } else { ratio.median };
            match ratio {
                Some(ratio) => short.extend(shortfall(end(ratio) / goal, "of the rival")),
                None => short.push("no rival".into()),
            }
        }
        match (short.is_empty(), self.text(rival) == "-") {
            (_, true) => "-".into(),
            (true, _) => "met".into(),
            (false, _) => format!("short: {}", short.join(", ")),
        }
    }

    fn times(&self, rival: Option<f64>) -> Option<f64> {
        let below = self.ratio_below.filter(|_| rival.is_some_and(|share| share < 0.9));
        below.or(self.ratio)
    }
}

/// By how much `reached` lies below 1, in words.
fn shortfall(reached: f64, of: &str) -> Option<String> {
    let ok = reached >= 1.0;
    (!ok).then(|| format!("{:.1} % {of}", 100.0 * (1.0 - reached)))
}
