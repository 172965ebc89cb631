//! For a terminal: what was measured and where, every combination, the studies' arrangements side by side, the verdict.

use std::collections::BTreeSet;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use gingham_runtime::combination::ExecutorKind;
use strum::VariantArray;

use super::columns::{Column, legend};
use super::verdict::verdict;
use super::{Page, arrangements, bytes, count, ended, remarks, seconds, serial, unmeasured};
use crate::outcome::{Outcome, Row, Status};

/// Combinations shown: with the rest of the report they fit a screen of fifty lines.
const SHOWN: usize = 20;

/// Reasons shown why combinations have no figures.
const REASONS: usize = 8;

/// The map is shown on pages of at least this many columns.
const FOR_MAP: usize = 120;

pub(super) fn render(outcome: &Outcome, page: Page) -> String {
    let line = |text: &str| page.wrap(text, "  ") + "\n";
    let mut text = line(&outcome.workload.to_string()) + &line(&circumstances(outcome)) + "\n";

    let measured: Vec<&Row> = outcome.trials.iter().filter(|row| row.status == Status::Ok).collect();
    let shown = &measured[..measured.len().min(SHOWN)];
    text += &format!("{}\n", fitting(outcome, &[], shown, page.width()));
    if measured.len() > SHOWN {
        text += &line(&format!("  and {} more; --format csv or json has them all", measured.len() - SHOWN));
    }
    text.extend(legend(outcome, shown, serial(outcome)).map(|explained| line(&format!("  {explained}"))));
    text += &without_figures(outcome, page);

    let (names, rows): (Vec<&str>, Vec<&Row>) = arrangements(outcome).into_iter().unzip();
    text += &format!("\n{}\n", fitting(outcome, &names, &rows, page.width()));
    // Functions have no backends to compare.
    let is_of_backends = outcome.workload.call().op().is_some();
    if let Some(map) = map(outcome).filter(|_| is_of_backends && page.width() >= FOR_MAP) {
        text += &format!("\nThe best backend for each number of workers and op threads, and its x best:\n{map}\n");
    }
    text += &format!("\n{}", line(&verdict(outcome)));
    text.extend(remarks(outcome).iter().map(|remark| line(&format!("Note: {remark}."))));
    if page.warnings {
        text.extend(outcome.warnings.iter().map(|warning| line(&format!("Warning: {warning}."))));
    }
    text
}

/// Where it was measured, on how much memory, in how many rounds, and why it ended.
fn circumstances(outcome: &Outcome) -> String {
    let machine = &outcome.machine.machine;
    let operands = match outcome.workload.task_bytes() * outcome.arena_tasks as u64 {
        0 => String::new(),
        held => format!("{} of operands, touched and filled in {}; ", bytes(held), seconds(outcome.prefault_s)),
    };
    format!(
        "{}, {}; {operands}{} in {}, ended {}",
        machine.cpu_model,
        count(machine.usable_cpus, "usable CPU"),
        count(outcome.rounds.kept, "round"),
        seconds(outcome.elapsed_s),
        ended(&outcome.stopped_because),
    )
}

/// Why combinations have no figures, one line for each reason.
fn without_figures(outcome: &Outcome, page: Page) -> String {
    let mut reasons: Vec<_> = unmeasured(outcome);
    reasons.sort_by_key(|reason| reason.status == Status::Skipped); // a failure is news, a rule is not
    let line = |text: String| page.wrap(&text, "           ") + "\n";
    let mut text: String = reasons.iter().take(REASONS).map(|reason| line(format!("  {reason}"))).collect();
    if reasons.len() > REASONS {
        let more: usize = reasons[REASONS..].iter().map(|reason| reason.count).sum();
        text += &line(format!("  and {more} more without figures; --format json has their reasons"));
    }
    text
}

/// A table of `rows` within `width`: as long as it is wider, the least important column is left out. `names`, if any,
/// stand in a first column, beside which the standing matters less.
fn fitting(outcome: &Outcome, names: &[&str], rows: &[&Row], width: usize) -> Table {
    let mut columns = Column::VARIANTS.to_vec();
    let mut least = Column::LEAST.iter().chain((!names.is_empty()).then_some(&Column::Standing));
    loop {
        let table = of_columns(outcome, names, rows, &columns);
        let widest = table.lines().map(|line| line.trim_end().chars().count()).max();
        match least.next() {
            Some(least) if widest > Some(width) => columns.retain(|column| column != least),
            _ => return table,
        }
    }
}

fn of_columns(outcome: &Outcome, names: &[&str], rows: &[&Row], columns: &[Column]) -> Table {
    let serial_s = serial(outcome);
    let first = |name: &str| (!names.is_empty()).then(|| name.to_owned());
    let headings = columns.iter().map(|column| column.heading(outcome).to_owned());
    let headings = first("arrangement").into_iter().chain(headings);
    let mut table = ruled(headings.collect(), 1 + usize::from(!names.is_empty()));
    for (i, row) in rows.iter().enumerate() {
        let cells = columns.iter().map(|column| column.cell(outcome, row, serial_s));
        table.add_row(first(names.get(i).unwrap_or(&"")).into_iter().chain(cells));
    }
    table
}

/// A compact map: for each number of workers (a row) and of op threads the best backend, and how many times the
/// winner's time it takes. `None` if all rows have one number of both.
fn map(outcome: &Outcome) -> Option<Table> {
    let measured = outcome.trials.iter().filter(|row| row.combination.executor != ExecutorKind::Peer);
    let rows: Vec<(&Row, f64)> = measured.filter_map(|row| Some((row, row.ratio_to_best?))).collect();
    let workers: BTreeSet<usize> = rows.iter().map(|(row, _)| row.workers).collect();
    let threads: BTreeSet<usize> = rows.iter().map(|(row, _)| row.op_threads).collect();
    if workers.len() * threads.len() < 2 {
        return None;
    }
    let headings = threads.iter().map(|&n| count(n, "op thread"));
    let mut table = ruled(std::iter::once(String::new()).chain(headings).collect(), 1);
    for &w in &workers {
        let cell = |&t: &usize| {
            // The first in the order of the table: the winner and those tied with it come before any that left early.
            let best = rows.iter().find(|(row, _)| row.workers == w && row.op_threads == t);
            best.map_or_else(|| "-".to_owned(), |(row, ratio)| format!("{} {ratio:.2}", row.backend))
        };
        table.add_row(std::iter::once(count(w, "worker")).chain(threads.iter().map(cell)));
    }
    Some(table)
}

/// A table with a rule below its head; its first `words` columns are words, to the left, the others figures, to the
/// right.
pub(crate) fn ruled(headings: Vec<String>, words: usize) -> Table {
    const RULE: LineStyle = LineStyle::new('─', '─', '─', '─');
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(RULE)).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings);
    for column in table.column_iter_mut().skip(words) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
