//! What came of a way: its figures, or why it has none.

use gingham_runtime::executor::BoxError;
use serde::Deserialize;

use crate::stats::{median, sorted};

/// A row of a study's table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Whose way it is.
    pub by: By,
    /// Its figures, or why it has none, in one line.
    pub found: Result<Figures, String>,
    /// What the reader has to know of it; may be empty.
    pub note: String,
    /// What a tutorial measured elsewhere, in the same unit.
    pub theirs: Option<f64>,
}

/// Whose way a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum By {
    /// One of this program.
    Ours,
    /// One of a peer's program.
    Peer,
    /// Nobody's: a bound.
    Floor,
}

/// The figures of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// `s`, `us` or `us/MiB`.
    pub unit: String,
    /// The median of the samples.
    pub median: f64,
    /// The least and the greatest, a tenth of the samples left out at each end: with ten or fewer, the extremes.
    pub spread: [f64; 2],
    /// How many samples there are.
    pub samples: usize,
}

impl Figures {
    /// Those of `samples`, of which there is at least one.
    pub(super) fn of(unit: &str, samples: &[f64]) -> Option<Self> {
        let sorted = sorted(samples);
        let tail = sorted.len().checked_sub(1)? / 10;
        let spread = [sorted[tail], sorted[sorted.len() - 1 - tail]];
        Some(Self { unit: unit.into(), median: median(samples), spread, samples: samples.len() })
    }
}

/// A line of a peer's program, as benches/peers/README.md describes it.
#[derive(Deserialize)]
struct Line {
    row: String,
    missing: Option<String>,
    unit: Option<String>,
    median: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    n: Option<usize>,
    #[serde(default)]
    note: String,
    theirs: Option<f64>,
}

impl Row {
    /// The row that a line of a peer's program tells.
    ///
    /// # Errors
    /// An error, where the line tells none.
    pub(super) fn of_peer(line: &str) -> Result<Self, BoxError> {
        let Line { row, missing, unit, median, low, high, n, note, theirs } = serde_json::from_str(line)?;
        let figures = || Some(Figures { unit: unit?, median: median?, spread: [low?, high?], samples: n? });
        let found = match missing {
            Some(why) => Err(why),
            None => Ok(figures().ok_or_else(|| format!("row `{row}` has neither all figures nor `missing`"))?),
        };
        Ok(Self { name: row, by: By::Peer, found, note, theirs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_is_left_out_at_each_end_of_many() {
        let upto = |n: usize| (1..=n).map(|x| x as f64).collect::<Vec<_>>();
        let figures = |n| Figures::of("s", &upto(n)).unwrap();
        assert_eq!((figures(3).median, figures(3).spread), (2.0, [1.0, 3.0]));
        assert_eq!(figures(10).spread, [1.0, 10.0]);
        assert_eq!(figures(21).spread, [3.0, 19.0]);
        assert_eq!(Figures::of("s", &[]), None);
    }

    #[test]
    fn a_peer_tells_a_row_or_why_there_is_none() {
        let line =
            r#"{"row": "pipe", "unit": "us", "median": 2, "low": 1.5, "high": 3, "n": 11, "new": [], "theirs": 4}"#;
        let row = Row::of_peer(line).unwrap();
        let figures = Figures { unit: "us".into(), median: 2.0, spread: [1.5, 3.0], samples: 11 };
        assert_eq!((row.found, row.theirs, row.by), (Ok(figures), Some(4.0), By::Peer));
        let none = Row::of_peer(r#"{"row": "pandas", "missing": "no pandas"}"#).unwrap();
        assert_eq!(none.found, Err("no pandas".into()));
        for bad in ["", "{}", r#"{"row": "pipe", "unit": "us", "median": 2}"#, "hello"] {
            assert!(Row::of_peer(bad).is_err(), "{bad}");
        }
    }
}
