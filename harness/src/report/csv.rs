//! One line a combination, for spreadsheets. Only the JSON form has the samples.

use crate::outcome::{Outcome, Row};

type Cell = fn(&Row) -> String;

/// Each column: its heading, and the cell of a row.
const COLUMNS: [(&str, Cell); 27] = [
    ("combination", |row| row.combination.to_string()),
    ("backend", |row| row.backend.clone()),
    ("op_threads", |row| row.op_threads.to_string()),
    ("executor", |row| row.executor.clone()),
    ("workers", |row| row.workers.to_string()),
    ("chunk", |row| row.chunk.to_string()),
    ("status", |row| row.status.to_string()),
    ("reason", |row| row.reason.clone().unwrap_or_default()),
    ("samples", |row| row.samples.len().to_string()),
    ("median_s", |row| number(row.median_s)),
    ("ci95_low_s", |row| number(row.ci95_s.map(|[low, _]| low))),
    ("ci95_high_s", |row| number(row.ci95_s.map(|[_, high]| high))),
    ("rate", |row| number(row.rate)),
    ("rate_unit", |row| row.rate_unit.clone()),
    ("cold_s", |row| number(row.cold_s)),
    ("error_ratio", |row| number(row.error_ratio)),
    ("eliminated", |row| row.eliminated.clone().unwrap_or_default()),
    ("slower_low", |row| number(row.slower_by.map(|[low, _]| low))),
    ("slower_high", |row| number(row.slower_by.map(|[_, high]| high))),
    ("confirmed", |row| row.confirmed.to_string()),
    ("ratio_to_best", |row| number(row.ratio_to_best)),
    ("ratio_ci95_low", |row| number(row.ratio_ci95.map(|[low, _]| low))),
    ("ratio_ci95_high", |row| number(row.ratio_ci95.map(|[_, high]| high))),
    ("shared_rounds", |row| row.shared_rounds.to_string()),
    ("extrapolated", |row| row.extrapolated.to_string()),
    ("not_started", |row| row.not_started.map_or("", Into::into).into()),
    ("transport", |row| row.transport.clone().unwrap_or_default()),
];

pub(super) fn render(outcome: &Outcome) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let in_memory = "a vector takes every record";
    writer.write_record(COLUMNS.map(|(heading, _)| heading)).expect(in_memory);
    for row in &outcome.trials {
        writer.write_record(COLUMNS.map(|(_, cell)| cell(row))).expect(in_memory);
    }
    String::from_utf8(writer.into_inner().expect(in_memory)).expect("made of strings")
}

fn number(x: Option<f64>) -> String {
    x.map(|x| x.to_string()).unwrap_or_default()
}
