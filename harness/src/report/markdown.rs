//! For documents: the arrangements, then every combination.

use super::{Cells, arrangements, headings, remarks, serial, unmeasured, verdict};
use crate::outcome::{Outcome, Status};

pub(super) fn render(outcome: &Outcome) -> String {
    let serial = serial(outcome);
    let mut text = format!("## {}\n\n{}\n\n", outcome.workload, verdict(outcome));
    let heads = headings(outcome);

    let named = arrangements(outcome).into_iter().map(|(name, row)| {
        std::iter::once(name.to_owned()).chain(Cells::new(outcome, row, serial).into_array()).collect()
    });
    text += &table(std::iter::once("arrangement".to_owned()).chain(heads.clone()).collect(), named);

    let measured = outcome.trials.iter().filter(|row| row.status == Status::Ok);
    text += "\n";
    text += &table(heads.to_vec(), measured.map(|row| Cells::new(outcome, row, serial).into_array().to_vec()));

    let without =
        unmeasured(outcome).map(|(row, status, reason)| format!("- {status}: {}: {reason}\n", row.combination));
    let remarks = remarks(outcome).into_iter().map(|remark| format!("- {remark}\n"));
    let warnings = outcome.warnings.iter().map(|warning| format!("- warning: {warning}\n"));
    let list: String = without.chain(remarks).chain(warnings).collect();
    if !list.is_empty() {
        text += "\n";
        text += &list;
    }
    text
}

fn table(headings: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("|{}\n", "---|".repeat(headings.len()));
    line(&headings) + &rule + &rows.map(|cells| line(&cells)).collect::<String>()
}
