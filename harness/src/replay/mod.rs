//! Searches on recorded samples. The same samples must lead to the same decision; and a race that is simulated from a
//! recorded exhaustive run shows what racing loses and what it saves.
//!
//! A [`Recording`] is the result of a tuning, checked: whatever a file says, a search on it does not panic, and takes
//! no more memory or time than its size explains.

mod again;
mod difference;
mod play;
mod text;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use gingham_runtime::combination::Combination;
use gingham_runtime::store;

use crate::outcome::{Outcome, Row, SCHEMA, Sample};
use crate::search::Model;
use crate::space::Candidate;

pub use again::{Decision, Ended};
pub use difference::{Difference, parts};
pub use play::{Play, Race};
pub use text::render;

/// A recording holds some hundred bytes a sample; a larger file is not a recording.
const LARGEST: u64 = 64 << 20;

/// Combinations that a search can have run: the order of a round takes memory of their number squared.
const MOST_RUN: usize = 1024;

/// Tasks that an arena can hold, and CPUs that a machine can have: far more than any does.
const MOST_TASKS: usize = 1 << 32;
const MOST_CPUS: usize = 1 << 16;

/// Seconds that a sample can take: one picosecond to thirty thousand years, which keeps ratios finite.
const SECONDS: std::ops::RangeInclusive<f64> = 1e-12..=1e12;

/// The result of a tuning, its rows in the order in which the search took them.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    outcome: Outcome,
    candidates: Vec<Candidate>,
    model: Model,
}

/// A file that is not a recording.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused.
    #[error("results {0}: {1}")]
    Io(PathBuf, #[source] io::Error),
    /// The file is damaged, or not the result of a tuning; the text says what is wrong with it.
    #[error("results {0}: {1}; expected a file written by `gingham tune --format json`")]
    Damaged(PathBuf, String),
}

impl Recording {
    /// Reads the file at `path`, as `gingham tune --format json` writes it.
    ///
    /// # Errors
    /// [`Error`]
    pub fn load(path: &Path) -> Result<Self, Error> {
        let damaged = |reason| Error::Damaged(path.into(), reason);
        let bytes = store::read(path, LARGEST).map_err(|source| match source.kind() {
            io::ErrorKind::FileTooLarge => damaged(source.to_string()),
            _ => Error::Io(path.into(), source),
        })?;
        Self::parse(&bytes).map_err(damaged)
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() as u64 > LARGEST {
            return Err(format!("more than {} MiB", LARGEST >> 20));
        }
        let other = |reason| store::introduced(bytes).map_or(reason, str::to_owned);
        let schema = store::schema(bytes).map_err(|reason| other(format!("damaged, {reason}")))?;
        if schema != SCHEMA {
            let short: String = schema.chars().take(40).collect();
            let foreign = format!("schema `{}` where this gingham reads `{SCHEMA}`", short.escape_debug());
            return Err(if schema.starts_with("gingham.tune/") { foreign } else { other(foreign) });
        }
        Self::new(store::value(bytes).map_err(|flaw| format!("damaged, {flaw}"))?)
    }

    /// Takes over an outcome whose parts fit each other.
    ///
    /// # Errors
    /// Which part does not, in one line.
    pub fn new(mut outcome: Outcome) -> Result<Self, String> {
        outcome.trials.sort_by_key(|row| row.id);
        check(&outcome)?;
        let candidate = |row: &Row| Candidate {
            combination: row.combination.clone(),
            skipped: row.ruled_out.then(|| row.reason.clone().unwrap_or_default()),
        };
        let candidates = outcome.trials.iter().map(candidate).collect();
        let held = outcome.workload.with_fewer_tasks(outcome.arena_tasks);
        let model = Model::new(&held, &outcome.machine.machine, &outcome.machine.ceilings);
        Ok(Self { outcome, candidates, model })
    }

    /// What was recorded; its rows in the order in which the search took them.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

/// Refuses an outcome on which a search might panic.
fn check(outcome: &Outcome) -> Result<(), String> {
    let Outcome { trials, workload, arena_tasks, tolerance, .. } = outcome;
    if !(1..=workload.tasks().min(MOST_TASKS)).contains(arena_tasks) {
        return Err(format!("{arena_tasks} tasks in the arena for {workload}"));
    }
    let cpus = outcome.machine.machine.usable_cpus;
    if !(1..=MOST_CPUS).contains(&cpus) {
        return Err(format!("a machine with {cpus} usable CPUs"));
    }
    if !(0.0..1.0).contains(tolerance) {
        return Err(format!("a tolerance of {tolerance}"));
    }
    if trials.iter().enumerate().any(|(place, row)| row.id != place) {
        return Err("rows without their places in the list of candidates; tune again with this gingham".into());
    }
    let run = trials.iter().filter(|row| !row.samples.is_empty()).count();
    if run > MOST_RUN {
        return Err(format!("{run} combinations that have run, where {MOST_RUN} is the most"));
    }
    let known: HashSet<&Combination> = trials.iter().map(|row| &row.combination).collect();
    if known.len() < trials.len() {
        return Err("a combination that has two rows".into());
    }
    let texts = trials.iter().flat_map(|row| row.eliminated.iter().chain([&row.backend, &row.combination.backend]));
    let texts = texts.chain([&outcome.stopped_because, &outcome.machine.machine.cpu_model]);
    if let Some(text) = texts.into_iter().find(|text| text.contains(char::is_control)) {
        let short: String = text.escape_debug().take(40).collect();
        return Err(format!("`{short}` is not a name or a reason"));
    }
    let confirmed = || outcome.confirmation.iter().flat_map(|confirmation| &confirmation.trials);
    let named = outcome.control.iter().map(|control| &control.combination).chain(confirmed().map(|c| &c.combination));
    if let Some(stranger) = named.chain(&outcome.best).chain(&outcome.tied).find(|name| !known.contains(name)) {
        return Err(format!("`{}` has no row", stranger.to_string().escape_debug()));
    }
    let all = trials.iter().map(|row| (&row.combination, &row.samples));
    let all = all.chain(outcome.control.iter().map(|control| (&control.combination, &control.samples)));
    for (combination, samples) in all.chain(confirmed().map(|c| (&c.combination, &c.samples))) {
        let mut rounds = HashSet::new();
        for sample in samples {
            let reason = match check_sample(sample, *arena_tasks) {
                Ok(()) if rounds.insert(sample.round) => continue,
                Ok(()) => "twice the same round".to_owned(),
                Err(reason) => reason,
            };
            return Err(format!("{combination}, round {}: {reason}", sample.round));
        }
    }
    Ok(())
}

fn check_sample(sample: &Sample, arena_tasks: usize) -> Result<(), String> {
    if !SECONDS.contains(&sample.wall_s) {
        return Err(format!("{} s is not a time that a sample takes", sample.wall_s));
    }
    if sample.repeat == 0 || sample.repeat > sample.tasks || sample.batch() > arena_tasks {
        let Sample { tasks, repeat, .. } = sample;
        return Err(format!("{tasks} tasks in {repeat} repetitions, where the arena holds {arena_tasks}"));
    }
    if [sample.steal_s, sample.others_s].iter().any(|s| s.abs() > *SECONDS.end()) {
        return Err("more time lost to others than there is".into());
    }
    Ok(())
}
