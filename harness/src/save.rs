//! Turns the outcome of a tuning into the answer that a profile keeps.

use std::collections::BTreeSet;
use std::path::Path;

use gingham_core::id;
use gingham_runtime::Profile;
use gingham_runtime::environment::Environment;
use gingham_runtime::profile::{Entry, Error, Evidence, Fingerprint, Library, Ranked, Recorded};

use crate::outcome::{Coverage, Outcome, Row};
use crate::sample::Status;

/// Adds the answer of `outcome` to the profile at `path`, in place of an older one for the same machine and workload;
/// returns what became of it.
///
/// # Errors
/// [`Error`]; the file is then as it was.
pub fn save(path: &Path, outcome: &Outcome, environment: &Environment) -> Result<Recorded, Error> {
    let Some(entry) = entry(outcome, environment) else { return Ok(Recorded::Nothing) };
    Profile::update(path, |profile| profile.put(entry))
}

/// The answer of `outcome`, if any combination of our own finished. Peers are left out: a program cannot apply them.
fn entry(outcome: &Outcome, environment: &Environment) -> Option<Entry> {
    let place = |row: &Row| match (Some(&row.combination) == outcome.best.as_ref(), row.finished()) {
        (true, true) => Some(0),
        (_, true) => Some(1),
        (_, false) if row.status == Status::Ok => Some(2),
        (_, false) => None,
    };
    let ours = outcome.trials.iter().filter(|row| id::is_valid(&row.backend));
    let rows: Vec<(u8, &Row)> = ours.filter_map(|row| Some((place(row)?, row))).collect();
    let &(_, best) = rows.iter().filter(|&&(place, _)| place < 2).min_by_key(|&&(place, _)| place)?;
    let slower = |(place, row)| Some((place, outcome.ratio(row, best)?.times, row));
    let mut rows: Vec<(u8, f64, &Row)> = rows.into_iter().filter_map(slower).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let ranked = |(_, slower, row): (u8, f64, &Row)| {
        let samples = outcome.fresh(row).unwrap_or(&row.samples);
        let mut ranked = Ranked::new(row.combination.clone(), slower, row.median_s?);
        ranked.ci95_s = row.ci95_s;
        ranked.samples = samples.iter().filter(|sample| !sample.set_aside).count();
        ranked.confirmed = row.confirmed;
        ranked.export = environment.export(&row.combination);
        Some(ranked)
    };
    let ranking: Vec<Ranked> = rows.into_iter().filter_map(ranked).collect();
    let ids: BTreeSet<&str> = ranking.iter().map(|ranked| ranked.combination.backend.as_str()).collect();
    let fingerprint = fingerprint(outcome, ids.into_iter());
    let mut evidence = Evidence::default();
    (evidence.rounds, evidence.repeated) = (outcome.rounds.kept, outcome.rounds.repeated);
    evidence.tied = outcome.tied.len();
    evidence.stopped_because.clone_from(&outcome.stopped_because);
    evidence.partial = Coverage::of_own(outcome).gaps();
    evidence.disturbed.clone_from(&outcome.disturbed);
    evidence.narrowed_by.clone_from(&outcome.narrowed_by);
    Entry::new(outcome.workload.clone(), fingerprint, outcome.seed, evidence, ranking.into_iter())
}

/// The fingerprint of the machine and of the backends in `ids` when `outcome` was measured.
fn fingerprint<'a>(outcome: &Outcome, ids: impl Iterator<Item = &'a str>) -> Fingerprint {
    let library = |id: &str| {
        let version = outcome.versions.get(id).map(String::as_str).unwrap_or_default();
        let mut rows = outcome.trials.iter().filter(|row| row.backend == id);
        let kernels = rows.find_map(|row| row.kernels.as_deref()).unwrap_or_default();
        (id.to_owned(), Library::new(version, kernels))
    };
    Fingerprint::new(&outcome.machine.machine, ids.map(library).collect())
}
