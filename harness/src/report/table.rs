//! For a terminal: what was measured and where, every combination, the studies' arrangements side by side, the verdict.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::{Cells, arrangements, bytes, headings, remarks, seconds, serial, unmeasured, verdict};
use crate::outcome::{Outcome, Status};

pub(super) fn render(outcome: &Outcome) -> String {
    let machine = &outcome.machine.machine;
    let serial = serial(outcome);
    let mut text = format!(
        "{}\n{}, {} usable CPU{}; {} of operands; {} rounds in {}\n\n",
        outcome.workload,
        machine.cpu_model,
        machine.usable_cpus,
        if machine.usable_cpus == 1 { "" } else { "s" },
        bytes(outcome.workload.task_bytes() * outcome.arena_tasks as u64),
        outcome.rounds.kept,
        seconds(outcome.elapsed_s),
    );

    let mut all = table(headings(outcome).to_vec(), 1);
    for row in outcome.trials.iter().filter(|row| row.status == Status::Ok) {
        all.add_row(Cells::new(outcome, row, serial).into_array());
    }
    text += &format!("{all}\n");
    for (row, status, reason) in unmeasured(outcome) {
        text += &format!("  {status:<8} {}: {reason}\n", row.combination);
    }

    let mut few = table(std::iter::once("arrangement".to_owned()).chain(headings(outcome)).collect(), 2);
    for (name, row) in arrangements(outcome) {
        few.add_row(std::iter::once(name.to_owned()).chain(Cells::new(outcome, row, serial).into_array()));
    }
    text += &format!("\n{few}\n\n{}\n", verdict(outcome));
    for remark in remarks(outcome) {
        text += &format!("Note: {remark}.\n");
    }
    text
}

/// A table whose first `names` columns are words and whose others are figures.
fn table(headings: Vec<String>, names: usize) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings);
    for column in table.column_iter_mut().skip(names) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
