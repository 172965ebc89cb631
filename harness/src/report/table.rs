//! For a terminal: what was measured and where, every combination, the studies' arrangements side by side, the verdict.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use super::{Cells, arrangements, bytes, headings, remarks, seconds, serial, unmeasured, verdict};
use crate::outcome::{Outcome, Status};

/// Combinations shown: with the rest of the report they fit a screen of fifty lines.
const SHOWN: usize = 20;

/// Combinations without figures whose reasons are shown.
const REASONS: usize = 8;

pub(super) fn render(outcome: &Outcome) -> String {
    let machine = &outcome.machine.machine;
    let serial = serial(outcome);
    let mut text = format!(
        "{}\n{}, {} usable CPU{}; {} of operands, touched and filled in {}; {} rounds in {}: {}\n\n",
        outcome.workload,
        machine.cpu_model,
        machine.usable_cpus,
        if machine.usable_cpus == 1 { "" } else { "s" },
        bytes(outcome.workload.task_bytes() * outcome.arena_tasks as u64),
        seconds(outcome.prefault_s),
        outcome.rounds.kept,
        seconds(outcome.elapsed_s),
        outcome.stopped_because,
    );

    let measured: Vec<_> = outcome.trials.iter().filter(|row| row.status == Status::Ok).collect();
    let mut all = table(headings(outcome).to_vec(), 1);
    for row in measured.iter().take(SHOWN) {
        all.add_row(Cells::new(outcome, row, serial).into_array());
    }
    text += &format!("{all}\n");
    if measured.len() > SHOWN {
        text += &format!("  and {} slower ones; --format csv or json has them all\n", measured.len() - SHOWN);
    }
    let mut unmeasured: Vec<_> = unmeasured(outcome).collect();
    unmeasured.sort_by_key(|(row, ..)| row.status == Status::Skipped); // a fault is news, a rule is not
    for (row, status, reason) in unmeasured.iter().take(REASONS) {
        text += &format!("  {status:<8} {}: {reason}\n", row.combination);
    }
    if unmeasured.len() > REASONS {
        text +=
            &format!("  and {} more without figures; --format json has their reasons\n", unmeasured.len() - REASONS);
    }

    let mut few = table(std::iter::once("arrangement".to_owned()).chain(headings(outcome)).collect(), 2);
    for (name, row) in arrangements(outcome) {
        few.add_row(std::iter::once(name.to_owned()).chain(Cells::new(outcome, row, serial).into_array()));
    }
    text += &format!("\n{few}\n\n{}\n", verdict(outcome));
    for remark in remarks(outcome) {
        text += &format!("Note: {remark}.\n");
    }
    for warning in &outcome.warnings {
        text += &format!("Warning: {warning}.\n");
    }
    text
}

/// A table whose first `names` columns are words and whose others are figures.
fn table(headings: Vec<String>, names: usize) -> Table {
    const RULE: LineStyle = LineStyle::new('─', '─', '─', '─');
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(RULE)).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings);
    for column in table.column_iter_mut().skip(names) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
