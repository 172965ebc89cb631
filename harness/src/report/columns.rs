//! The columns that tables for people share: what each cell says, and which columns are left out first on a narrow
//! page.

use gingham_runtime::quantity::{percent, seconds};
use strum::{Display, VariantArray};

use super::ceiling;
use crate::outcome::{Outcome, Row};

/// A column, in the order in which they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub(super) enum Column {
    Combination,
    Time,
    ToBest,
    Interval,
    Rounds,
    Serial,
    Rate,
    OfCeiling,
    Standing,
}

impl Column {
    /// The columns that a narrow page leaves out, in this order.
    pub(super) const LEAST: [Self; 5] = [Self::Rounds, Self::OfCeiling, Self::Interval, Self::Rate, Self::ToBest];

    pub(super) fn heading(self, outcome: &Outcome) -> &'static str {
        match self {
            Self::Combination => "combination",
            Self::Time => "batch",
            Self::ToBest => "x best",
            Self::Interval => "95 % of x best",
            Self::Rounds => "rounds",
            Self::Serial => "x serial",
            Self::Rate => outcome.workload.rate_unit(),
            Self::OfCeiling => "of ceiling",
            Self::Standing => "standing",
        }
    }

    /// The cell of `row`; "x serial" is `serial_s` over its seconds.
    pub(super) fn cell(self, outcome: &Outcome, row: &Row, serial_s: Option<f64>) -> String {
        let cell = match self {
            Self::Combination => Some(row.combination.to_string()),
            Self::Time => row.median_s.map(|s| format!("{}{}", if row.extrapolated { "~" } else { "" }, seconds(s))),
            Self::ToBest => row.ratio_to_best.map(|ratio| format!("{ratio:.2}")),
            Self::Interval => {
                let of_others = row.ratio_ci95.filter(|_| outcome.best.as_ref() != Some(&row.combination));
                of_others.map(|[low, high]| format!("{low:.2} .. {high:.2}"))
            }
            Self::Rounds => (row.shared_rounds > 0).then(|| row.shared_rounds.to_string()),
            Self::Serial => row.median_s.zip(serial_s).map(|(own, serial)| format!("{:.2}", serial / own)),
            Self::Rate => row.rate.map(|rate| format!("{rate:.1}")),
            Self::OfCeiling => {
                let share = row.rate.zip(ceiling(outcome)).map(|(rate, ceiling)| rate / ceiling * 100.0);
                share.map(|share| format!("{share:.0} %"))
            }
            Self::Standing => Some(Standing::of(outcome, row).to_string()),
        };
        cell.unwrap_or_else(|| "-".to_owned())
    }
}

/// How a row came out of the race.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Display)]
#[strum(serialize_all = "lowercase")]
pub(super) enum Standing {
    Best,
    Tied,
    Slower,
    #[strum(to_string = "left early")]
    LeftEarly,
}

impl Standing {
    pub(super) fn of(outcome: &Outcome, row: &Row) -> Self {
        match row.slower_by {
            _ if outcome.best.as_ref() == Some(&row.combination) => Self::Best,
            _ if outcome.tied.contains(&row.combination) => Self::Tied,
            // Slower than the leader of the race, but not than the winner in fresh processes: that proves nothing.
            Some(_) if row.ratio_to_best.is_none_or(|ratio| ratio >= 1.0) => Self::Slower,
            _ => Self::LeftEarly,
        }
    }

    /// What the word means, unless it speaks for itself.
    fn meaning(self, tolerance: f64) -> Option<String> {
        match self {
            Self::Best => None,
            Self::Tied => Some(format!("tied: not proven {} slower", percent(tolerance))),
            Self::Slower => Some("slower: proven".into()),
            Self::LeftEarly => Some("left early: dropped, unproven".into()),
        }
    }
}

/// What the words and the signs in the cells of `rows` mean, a line for each kind of them; `serial_s` as in
/// [`Column::cell`].
pub(super) fn legend(outcome: &Outcome, rows: &[&Row], serial_s: Option<f64>) -> impl Iterator<Item = String> {
    [words(outcome, rows), signs(rows, serial_s)].into_iter().filter(|line| !line.is_empty())
}

/// What the words of the last column mean; empty if all speak for themselves.
fn words(outcome: &Outcome, rows: &[&Row]) -> String {
    let mut standings: Vec<Standing> = rows.iter().map(|row| Standing::of(outcome, row)).collect();
    standings.sort_unstable();
    standings.dedup();
    let meanings = standings.into_iter().filter_map(|standing| standing.meaning(outcome.tolerance));
    meanings.collect::<Vec<_>>().join("; ")
}

fn signs(rows: &[&Row], serial_s: Option<f64>) -> String {
    let scaled = rows.iter().any(|row| row.extrapolated).then_some("~: scaled up from a part of the batch");
    let apart = rows.iter().any(|row| row.ratio_to_best.is_none()).then_some("-: no round shared with the best");
    let groundless = serial_s.is_none().then_some("no x serial: no backend but the reference ran on one thread");
    scaled.into_iter().chain(apart).chain(groundless).collect::<Vec<_>>().join("; ")
}
