//! A compact map: for each number of workers and of op threads the best backend, and how many times the winner's time
//! it takes.

use std::collections::BTreeSet;

use comfy_table::Table;
use gingham_runtime::combination::ExecutorKind;

use super::count;
use super::ruled::ruled;
use crate::outcome::{Outcome, Row};

/// The map, a row for each number of workers; `None` if all rows have one number of workers and of op threads.
pub(super) fn map(outcome: &Outcome) -> Option<Table> {
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
