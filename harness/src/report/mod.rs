//! Outcomes in the forms that people and programs read: one exporter a file.

mod columns;
mod csv;
pub(crate) mod markdown;
mod page;
pub(crate) mod table;
mod unmeasured;
mod verdict;

use std::fmt;

use gingham_core::reference;
use strum::VariantArray;

use crate::arrangement::Arrangement;
use crate::outcome::{Outcome, Ratio, Row, Sample};
use crate::reason::Stop;

pub use gingham_runtime::quantity::{bytes, count, seconds};
pub use page::Page;
use unmeasured::unmeasured;
pub use verdict::verdict;

/// A form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, strum::Display, strum::EnumString)]
#[strum(serialize_all = "lowercase", parse_err_ty = UnknownFormat, parse_err_fn = unknown)]
pub enum Format {
    /// For a terminal.
    #[default]
    Table,
    /// All of the outcome, for programs.
    Json,
    /// One line a combination, for spreadsheets.
    Csv,
    /// For documents.
    Markdown,
}

/// A form that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown format `{0}`; available: table, json, csv, markdown")]
pub struct UnknownFormat(String);

fn unknown(given: &str) -> UnknownFormat {
    UnknownFormat(given.into())
}

/// `outcome` in the given form, its last line ended; only a table depends on the page.
#[must_use]
pub fn render(outcome: &Outcome, format: Format, page: Page) -> String {
    match format {
        Format::Table => table::render(outcome, page),
        Format::Json => serde_json::to_string_pretty(outcome).expect("an outcome's maps have strings as keys") + "\n",
        Format::Csv => csv::render(outcome),
        Format::Markdown => markdown::render(outcome),
    }
}

/// When a race ended, in words, from its `stopped_because`: `when one combination was left`.
#[must_use]
pub fn ended(stopped_because: &str) -> String {
    match stopped_because.parse::<Stop>() {
        Ok(stop) => stop.when().to_owned(),
        Err(_) => format!("because: {stopped_because}"),
    }
}

/// The table, at its full width.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render(self, Format::Table, Page::FILE))
    }
}

/// The ceiling of this workload on all usable CPUs together, in its rate's unit: multiply-adds for matmul, memory
/// traffic for the others. `None` where the operands fit the last-level cache, since memory does not bound them then.
fn ceiling(outcome: &Outcome) -> Option<f64> {
    let (held, site) = (outcome.workload.with_fewer_tasks(outcome.arena_tasks), &outcome.machine);
    held.ceiling(&site.machine, &site.ceilings.all_cores).map(|bound| bound / 1e9)
}

/// Median seconds of the fastest row on one thread, to which speed-ups are relative. Beside other backends the
/// reference does not count: relative to its plain loops, the gain of a better kernel would look like the gain of
/// threads.
fn serial(outcome: &Outcome) -> Option<f64> {
    let is_reference = |row: &Row| row.backend == reference::ID;
    let is_alone = outcome.trials.iter().filter(|row| row.median_s.is_some()).all(is_reference);
    let cpus = outcome.machine.machine.usable_cpus;
    let is_serial = |row: &Row| Arrangement::Serial.includes(&row.combination, cpus);
    outcome.fastest(|row| is_serial(row) && (is_alone || !is_reference(row)))?.median_s
}

/// The arrangements that the studies compare, the fastest combination first.
fn arrangements(outcome: &Outcome) -> Vec<(&'static str, &Row)> {
    let cpus = outcome.machine.machine.usable_cpus;
    let fastest = |one: Arrangement| outcome.fastest(|row| one.includes(&row.combination, cpus));
    let others = Arrangement::VARIANTS.iter().map(|&one| (one.into(), fastest(one)));
    let all = std::iter::once(("fastest", outcome.best_row())).chain(others);
    all.filter_map(|(name, row)| Some((name, row?))).collect()
}

/// What the reader should know before trusting the figures.
fn remarks(outcome: &Outcome) -> Vec<String> {
    let mut remarks = Vec::new();
    if outcome.arena_tasks < outcome.workload.tasks() {
        let (held, all) = (outcome.arena_tasks, outcome.workload.tasks());
        let were = if held == 1 { "was" } else { "were" };
        remarks.push(format!("{held} of the {all} tasks {were} measured; times are scaled up to the whole batch"));
    }
    if let Some(ratio) = private_memory(outcome) {
        remarks.push(format!(
            "in memory of a single process, where Linux may use large pages, the best takes {:.0} % of its time in \
             memory that processes share, as here",
            ratio * 100.0
        ));
    }
    if !outcome.machine.env_cleared.is_empty() {
        let names = outcome.machine.env_cleared.join(", ");
        remarks.push(format!(
            "cleared for every trial, but set in your shell, where they choose slower or faster kernels: {names}"
        ));
    }
    remarks
}

/// The best's time in private memory over its time in the arena, where they differ by more than the tolerance.
fn private_memory(outcome: &Outcome) -> Option<f64> {
    let best = outcome.best.as_ref()?;
    let trials = || outcome.confirmation.iter().flat_map(|c| &c.trials).filter(|t| t.combination == *best);
    let samples = |private| Some(&trials().find(|t| t.private == private)?.samples[..]);
    let batch_s = |sample: &Sample| sample.batch_s(best, &outcome.workload);
    let ratio = Ratio::new((samples(true)?, batch_s), (samples(false)?, batch_s))?.times;
    (ratio.ln().abs() > outcome.tolerance.ln_1p()).then_some(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_words() {
        assert_eq!(ended("one left"), "when one combination was left");
        let equal = "all that are left are proven to be within the tolerance";
        assert_eq!(ended(equal), "when all that were left were proven equally fast");
        assert_eq!(ended("a reason of later versions"), "because: a reason of later versions");
    }
}
