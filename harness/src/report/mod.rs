//! Outcomes in the forms that people and programs read: one exporter a file.

mod csv;
mod json;
mod markdown;
mod table;
mod text;

use std::fmt;
use std::str::FromStr;

use gingham_core::{DType, Op};

use crate::outcome::{Outcome, Row, Status};

pub use text::{bytes, seconds};

/// A form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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

/// A form that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown format `{0}`; available: table, json, csv, markdown")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(s: &str) -> Result<Self, UnknownFormat> {
        match s {
            "table" => Ok(Self::Table),
            "json" => Ok(Self::Json),
            "csv" => Ok(Self::Csv),
            "markdown" => Ok(Self::Markdown),
            other => Err(UnknownFormat(other.into())),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
        })
    }
}

/// `outcome` in the given form, its last line ended.
#[must_use]
pub fn render(outcome: &Outcome, format: Format) -> String {
    match format {
        Format::Table => table::render(outcome),
        Format::Json => json::render(outcome),
        Format::Csv => csv::render(outcome),
        Format::Markdown => markdown::render(outcome),
    }
}

/// What the machine can do at most at this workload, in its rate's unit, all usable CPUs together: multiply-adds for
/// matmul, memory traffic for the others. `None` where the operands fit the last-level cache, which memory does not
/// bound.
fn ceiling(outcome: &Outcome) -> Option<f64> {
    let (workload, all) = (&outcome.workload, &outcome.machine.ceilings.all_cores);
    let bound = match (workload.op(), workload.dtype()) {
        (Op::MatMul, DType::F64) => all.fma_f64,
        (Op::MatMul, DType::F32) => all.fma_f32,
        _ if workload.task_bytes() * outcome.arena_tasks as u64 <= outcome.machine.machine.last_level_bytes() => {
            return None;
        }
        (Op::Dot, _) => all.read,
        (Op::Fill | Op::Random(_), _) => all.write,
        _ => all.copy,
    };
    Some(bound / 1e9)
}

/// The cells of a measured row that every form shares, as text.
struct Cells {
    combination: String,
    batch: String,
    spread: String,
    rate: String,
    of_ceiling: String,
    speed_up: String,
    standing: String,
}

/// The headings of [`Cells`].
fn headings(outcome: &Outcome) -> [String; 7] {
    let unit = outcome.workload.rate_unit();
    ["combination", "median batch", "95 % interval", unit, "of ceiling", "x serial", "standing"].map(Into::into)
}

impl Cells {
    fn new(outcome: &Outcome, row: &Row, serial: Option<f64>) -> Self {
        let dash = || "-".to_owned();
        let median = row.median_s;
        Self {
            combination: row.combination.to_string(),
            batch: median.map_or_else(dash, seconds),
            spread: row.ci95_s.map_or_else(dash, |[low, high]| format!("{} .. {}", seconds(low), seconds(high))),
            rate: row.rate.map_or_else(dash, |rate| format!("{rate:.1}")),
            of_ceiling: row
                .rate
                .zip(ceiling(outcome))
                .map_or_else(dash, |(rate, ceiling)| format!("{:.0} %", rate / ceiling * 100.0)),
            speed_up: median.zip(serial).map_or_else(dash, |(own, serial)| format!("{:.2}", serial / own)),
            standing: standing(outcome, row),
        }
    }

    fn into_array(self) -> [String; 7] {
        [self.combination, self.batch, self.spread, self.rate, self.of_ceiling, self.speed_up, self.standing]
    }
}

/// How a row came out of the race.
fn standing(outcome: &Outcome, row: &Row) -> String {
    match row.slower_by {
        _ if outcome.best.as_ref() == Some(&row.combination) => "best".into(),
        _ if outcome.tied.contains(&row.combination) => "tied".into(),
        Some(interval) => format!("slower {}", percent(interval)),
        None => "left early".into(),
    }
}

/// An interval of shares: `8 .. 11 %`.
fn percent([low, high]: [f64; 2]) -> String {
    format!("{:.0} .. {:.0} %", low * 100.0, high * 100.0)
}

/// Median seconds of the fastest serial row: what speed-ups are over.
fn serial(outcome: &Outcome) -> Option<f64> {
    outcome.arrangements(outcome.machine.machine.usable_cpus)[0].1?.median_s
}

/// The arrangements that the studies compare, the fastest combination first.
fn arrangements(outcome: &Outcome) -> Vec<(&'static str, &Row)> {
    let others = outcome.arrangements(outcome.machine.machine.usable_cpus);
    let all = std::iter::once(("fastest", outcome.best_row())).chain(others);
    all.filter_map(|(name, row)| Some((name, row?))).collect()
}

/// One sentence: the winner, what cannot be told from it, and who comes next.
fn verdict(outcome: &Outcome) -> String {
    let Some(best) = outcome.best_row() else {
        return "No combination finished with right results; the rows above say why.".into();
    };
    let rank = if outcome.tied.is_empty() { "the fastest" } else { "as fast as any" };
    let mut text = format!("{} is {rank}", best.combination);
    if let Some((serial, own)) = serial(outcome).zip(best.median_s) {
        text += &format!(": {:.2} x serial", serial / own);
    }
    match outcome.tied.len() {
        0 => {}
        n if n <= 4 => {
            let names: Vec<String> = outcome.tied.iter().map(ToString::to_string).collect();
            text += &format!("; not distinguishable from it: {}", names.join(", "));
        }
        n => text += &format!("; {n} others are not distinguishable from it, {} among them", outcome.tied[0]),
    }
    let slower = outcome.trials.iter().filter_map(|row| Some((row, row.slower_by?)));
    if let Some((next, interval)) = slower.min_by(|(_, a), (_, b)| a[0].total_cmp(&b[0])) {
        text += &format!("; {} is slower by {}", next.combination, percent(interval));
    }
    text + "."
}

/// What the reader should know before trusting the figures.
fn remarks(outcome: &Outcome) -> Vec<String> {
    let mut remarks = Vec::new();
    if outcome.arena_tasks < outcome.workload.tasks() {
        let (held, all) = (outcome.arena_tasks, outcome.workload.tasks());
        remarks.push(format!("{held} of the {all} tasks were measured; times are scaled to the whole batch"));
    }
    if let Some((arena, private)) = private_memory(outcome) {
        remarks.push(format!(
            "operands in private memory, which may have huge pages, would make the best take {:.0} % of its time in the \
             shared arena",
            private / arena * 100.0
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

/// Median seconds of the best in the arena and in private memory, where they lie more than the tolerance apart.
fn private_memory(outcome: &Outcome) -> Option<(f64, f64)> {
    let best = outcome.best.as_ref()?;
    let trials = || outcome.confirmation.iter().flat_map(|c| &c.trials).filter(|t| t.combination == *best);
    let arena = trials().find(|t| !t.private)?.median_s;
    let private = trials().find(|t| t.private)?.median_s;
    ((private / arena).ln().abs() > outcome.tolerance.ln_1p()).then_some((arena, private))
}

/// The rows that have no figures, with the reason: `status combination: reason`.
fn unmeasured(outcome: &Outcome) -> impl Iterator<Item = (&Row, &'static str, &str)> {
    let without = outcome.trials.iter().filter(|row| row.status != Status::Ok);
    without.map(|row| (row, row.status.name(), row.reason.as_deref().unwrap_or_default()))
}
