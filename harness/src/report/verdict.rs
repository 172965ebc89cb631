//! The answer in sentences, which claim no more than was measured: how many combinations it covers, which are tied with
//! the winner, and what is missing.

use gingham_runtime::quantity::seconds;

use super::columns::Standing;
use super::serial;
use crate::outcome::{Coverage, Outcome, Row};

/// How many combinations of a list are named.
const NAMED: usize = 4;

/// The winner, the combinations tied with it, the next one, and what the answer does not cover.
#[must_use]
pub fn verdict(outcome: &Outcome) -> String {
    let Some(best) = outcome.best_row() else {
        return "No combination finished with right results; the rows above say why.".into();
    };
    let coverage = Coverage::of(outcome);
    let claim = coverage.claim(!outcome.tied.is_empty());
    let mut clauses = vec![format!("{} is {claim}{}", best.combination, figures(best, serial(outcome)))];
    clauses.extend(list("not told apart from it", outcome.tied.iter().map(ToString::to_string)));
    let rows = || outcome.trials.iter().filter(|row| row.ratio_to_best.is_some());
    let slower = rows().filter(|row| Standing::of(outcome, row) == Standing::Slower);
    let next = slower.filter_map(|row| Some((row, row.ratio_to_best?))).min_by(|a, b| a.1.total_cmp(&b.1));
    clauses.extend(next.map(|(row, ratio)| format!("the next, {}, takes {ratio:.2} x its time", row.combination)));
    let open = rows().filter(|row| is_open(outcome, row)).map(|row| row.combination.to_string());
    clauses.extend(list("left early, and may be as fast", open));
    if !best.confirmed {
        clauses.push("not confirmed in fresh processes".into());
    }
    if outcome.disturbed.is_some() {
        clauses.push("measured while others had the machine".into());
    }
    let mut text = clauses.join("; ") + ".";
    if let Some(gaps) = coverage.gaps() {
        text += &format!(" The answer is partial: {gaps}.");
    }
    text
}

/// The winner's time, with its interval, and its gain.
fn figures(best: &Row, serial_s: Option<f64>) -> String {
    let Some(own) = best.median_s else { return String::new() };
    let interval = best.ci95_s.map(|[low, high]| format!(" ({} .. {})", seconds(low), seconds(high)));
    let gain = serial_s.map(|serial| format!(", {:.2} x serial", serial / own));
    format!(": {}{}{}", seconds(own), interval.unwrap_or_default(), gain.unwrap_or_default())
}

/// Whether a row left without proof, and its rounds do not separate it from the winner.
fn is_open(outcome: &Outcome, row: &Row) -> bool {
    let least = row.ratio_ci95.map(|[low, _]| low).or(row.ratio_to_best);
    Standing::of(outcome, row) == Standing::LeftEarly && least.is_some_and(|least| least <= 1.0 + outcome.tolerance)
}

/// `what: a, b`, or `what: a, b, c, d and 3 more`; `None` if `names` is empty.
fn list(what: &str, names: impl Iterator<Item = String>) -> Option<String> {
    let names: Vec<String> = names.collect();
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = &names[..names.len().min(NAMED)];
    (!names.is_empty()).then(|| format!("{what}: {}{more}", named.join(", ")))
}
