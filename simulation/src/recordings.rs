//! Recorded exhaustive tunings: where they are, which of them were measured, and the times in them.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use gingham_harness::outcome::Row;
use gingham_harness::replay::Recording;
use gingham_harness::stats;

/// The recordings of this repository.
pub const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../harness/tests/recordings");

/// The recordings in a folder, in the order of their names.
///
/// # Errors
/// Where one cannot be read.
pub fn all(folder: &Path) -> io::Result<Vec<(PathBuf, Recording)>> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let load = |path: PathBuf| Ok((path.clone(), Recording::load(&path).map_err(io::Error::other)?));
    paths.into_iter().map(load).collect()
}

/// The recordings of real machines.
///
/// # Errors
/// Where one cannot be read.
pub fn measured(folder: &Path) -> io::Result<Vec<Recording>> {
    let mut recordings: Vec<Recording> = all(folder)?.into_iter().map(|(_, recording)| recording).collect();
    recordings.retain(|recording| !recording.outcome().machine.machine.cpu_model.starts_with("simulated"));
    Ok(recordings)
}

/// The rounds that a trial ran in, with the logs of its seconds per task; what was set aside is left out.
pub(crate) fn logs(row: &Row) -> Vec<(usize, f64)> {
    let counted = row.samples.iter().filter(|sample| !sample.set_aside);
    counted.map(|sample| (sample.round, sample.seconds_per_task().ln())).collect()
}

/// A sweep of Tukey's (1977) median polish, which leaves a burst where it happened: takes the effect of each trial out
/// of its [`logs`], then that of each round out of the logs of all. Returns the effects of the rounds.
pub(crate) fn polish(trials: &mut [Vec<(usize, f64)>]) -> Vec<f64> {
    for logs in trials.iter_mut() {
        take_out_median(logs.iter_mut());
    }
    let rounds: BTreeSet<usize> = trials.iter().flatten().map(|(round, _)| *round).collect();
    let of_round = |round| take_out_median(trials.iter_mut().flatten().filter(|(own, _)| *own == round));
    rounds.into_iter().map(of_round).collect()
}

fn take_out_median<'a>(logs: impl Iterator<Item = &'a mut (usize, f64)>) -> f64 {
    let mut logs: Vec<&mut f64> = logs.map(|(_, log)| log).collect();
    let median = stats::median(&logs.iter().map(|log| **log).collect::<Vec<_>>());
    logs.iter_mut().for_each(|log| **log -= median);
    median
}
