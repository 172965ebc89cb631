//! Recorded exhaustive tunings: where they are, which of them were measured, and the times in them.

use std::io;
use std::path::{Path, PathBuf};

use gingham_harness::outcome::Row;
use gingham_harness::replay::Recording;

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
    let load = |path: PathBuf| match Recording::load(&path) {
        Ok(recording) => Ok((path, recording)),
        Err(error) => Err(io::Error::other(error)),
    };
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
