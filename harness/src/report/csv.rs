//! One line a combination, for spreadsheets. Only the JSON form has the samples.

use crate::outcome::Outcome;
use crate::search::Cause;

const HEADINGS: [&str; 26] = [
    "combination",
    "backend",
    "op_threads",
    "executor",
    "workers",
    "chunk",
    "status",
    "reason",
    "samples",
    "median_s",
    "ci95_low_s",
    "ci95_high_s",
    "rate",
    "rate_unit",
    "cold_s",
    "error_ratio",
    "eliminated",
    "slower_low",
    "slower_high",
    "confirmed",
    "ratio_to_best",
    "ratio_ci95_low",
    "ratio_ci95_high",
    "shared_rounds",
    "extrapolated",
    "not_started",
];

pub(super) fn render(outcome: &Outcome) -> String {
    let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let in_memory = "a vector takes every record";
    writer.write_record(HEADINGS).expect(in_memory);
    for row in &outcome.trials {
        let record: [String; HEADINGS.len()] = [
            row.combination.to_string(),
            row.backend.clone(),
            row.op_threads.to_string(),
            row.executor.clone(),
            row.workers.to_string(),
            row.chunk.to_string(),
            row.status.name().into(),
            row.reason.clone().unwrap_or_default(),
            row.samples.len().to_string(),
            number(row.median_s),
            number(row.ci95_s.map(|[low, _]| low)),
            number(row.ci95_s.map(|[_, high]| high)),
            number(row.rate),
            row.rate_unit.clone(),
            number(row.cold_s),
            number(row.error_ratio),
            row.eliminated.clone().unwrap_or_default(),
            number(row.slower_by.map(|[low, _]| low)),
            number(row.slower_by.map(|[_, high]| high)),
            row.confirmed.to_string(),
            number(row.ratio_to_best),
            number(row.ratio_ci95.map(|[low, _]| low)),
            number(row.ratio_ci95.map(|[_, high]| high)),
            row.shared_rounds.to_string(),
            row.extrapolated.to_string(),
            row.not_started.map(Cause::name).unwrap_or_default().into(),
        ];
        writer.write_record(record).expect(in_memory);
    }
    String::from_utf8(writer.into_inner().expect(in_memory)).expect("made of strings")
}
