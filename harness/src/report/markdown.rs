//! For documents: the arrangements, then every combination.

use strum::VariantArray;

use super::columns::{Column, legend};
use super::verdict::verdict;
use super::{arrangements, remarks, serial, unmeasured};
use crate::outcome::{Outcome, Row, Status};

pub(super) fn render(outcome: &Outcome) -> String {
    let serial_s = serial(outcome);
    let mut text = format!("## {}\n\n{}\n\n", outcome.workload, verdict(outcome));
    let headings: Vec<String> = Column::VARIANTS.iter().map(|column| column.heading(outcome).to_owned()).collect();
    let cells =
        |row: &Row| Column::VARIANTS.iter().map(|column| column.cell(outcome, row, serial_s)).collect::<Vec<_>>();

    let named = arrangements(outcome).into_iter().map(|(name, row)| [vec![name.to_owned()], cells(row)].concat());
    text += &table(&[vec!["arrangement".to_owned()], headings.clone()].concat(), named);

    let measured: Vec<&Row> = outcome.trials.iter().filter(|row| row.status == Status::Ok).collect();
    text += "\n";
    text += &table(&headings, measured.iter().map(|row| cells(row)));

    let explained = legend(outcome, &measured, serial_s);
    let without = unmeasured(outcome).into_iter().map(|reason| reason.to_string());
    let warnings = outcome.warnings.iter().map(|warning| format!("warning: {warning}"));
    let list: String =
        explained.chain(without).chain(remarks(outcome)).chain(warnings).map(|item| format!("- {item}\n")).collect();
    if !list.is_empty() {
        text += "\n";
        text += &list;
    }
    text
}

pub(crate) fn table(headings: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("|{}\n", "---|".repeat(headings.len()));
    line(headings) + &rule + &rows.map(|cells| line(&cells)).collect::<String>()
}
