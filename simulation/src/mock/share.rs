//! How often something happened, with the interval of its probability.

use std::fmt;

use statrs::distribution::{Beta, ContinuousCDF};

/// How many of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Tries that passed.
    pub hits: usize,
    /// The number of tries, at least one.
    pub of: usize,
}

impl Share {
    /// Counts those of `all` that pass `is`.
    pub fn count<T>(all: &[T], is: impl Fn(&T) -> bool) -> Self {
        Self { hits: all.iter().filter(|one| is(one)).count(), of: all.len() }
    }

    /// In per cent.
    pub fn percent(self) -> f64 {
        100.0 * self.hits as f64 / self.of as f64
    }

    /// The exact 95 % interval of the probability (Clopper and Pearson 1934), in per cent.
    pub fn interval(self) -> [f64; 2] {
        let (hits, misses) = (self.hits as f64, (self.of - self.hits) as f64);
        let quantile = |p, a, b| 100.0 * Beta::new(a, b).expect("both are above zero").inverse_cdf(p);
        let low = if self.hits == 0 { 0.0 } else { quantile(0.025, hits, misses + 1.0) };
        let high = if self.hits == self.of { 100.0 } else { quantile(0.975, hits + 1.0, misses) };
        [low, high]
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [low, high] = self.interval();
        write!(f, "{:.1} % ({low:.1}-{high:.1})", self.percent())
    }
}
