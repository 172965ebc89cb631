//! Which files are loaded, and where they are saved.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::Error;
use super::super::check::budget;
use super::super::output::check_inputs_stay;
use crate::format::npy::Header;
use crate::format::{Format, LoadOptions, SaveOptions};

/// What a worker takes beside its values: its stack, and what reading CSV allocates for a line and its numbers (26 MiB
/// at most).
const WORKER: u64 = 32 << 20;

/// How files are loaded.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How each is read. Its limit does not count: that comes from the memory.
    pub load: LoadOptions,
    /// Bytes of available memory; 0 if unknown.
    pub memory: u64,
}

/// Files to be loaded, and saved in another format if that is asked for.
#[derive(Debug)]
pub struct Transfer {
    pub(super) items: Vec<Item>,
    present: usize,
    pub(super) options: Options,
    pub(super) save: SaveOptions,
}

/// A file, and the one that it is saved as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) path: PathBuf,
    pub(super) out: Option<PathBuf>,
}

impl Transfer {
    /// Files to be loaded and no more.
    pub fn load(files: impl IntoIterator<Item = impl Into<PathBuf>>, options: Options) -> Self {
        let items = files.into_iter().map(|path| Item { path: path.into(), out: None }).collect();
        Self { items, present: 0, options, save: SaveOptions::default() }
    }

    /// Files to be saved in the directory `out` in `format`, under their names with its extension. With
    /// `skip_existing`, those whose output is there and not empty are left out: a file is written whole or not at all,
    /// but a power cut may empty it.
    ///
    /// # Errors
    /// [`Error::SameTarget`], [`Error::ReplacesInput`].
    pub fn save(
        files: impl IntoIterator<Item = impl Into<PathBuf>>,
        options: Options,
        out: &Path,
        format: Format,
        save: SaveOptions,
        skip_existing: bool,
    ) -> Result<Self, Error> {
        let save = SaveOptions { format: Some(format), ..save };
        let items = files.into_iter().map(|path| {
            let path = path.into();
            let name = Path::new(path.file_name().unwrap_or_default()).with_extension(format.extensions()[0]);
            Item { out: Some(out.join(name)), path }
        });
        let mut items: Vec<Item> = items.collect();
        let mut sources: HashMap<&Path, &Path> = HashMap::new();
        for Item { path, out } in &items {
            let Some(out) = out else { continue };
            if let Some(first) = sources.insert(out, path) {
                return Err(Error::SameTarget(first.into(), path.clone(), out.clone()));
            }
        }
        let outputs = items.iter().filter_map(|item| item.out.as_deref());
        check_inputs_stay(outputs, items.iter().map(|item| item.path.as_path()))?;
        let asked = items.len();
        items.retain(|item| !(skip_existing && item.out.as_deref().is_some_and(|out| is_there(out, format))));
        Ok(Self { present: asked - items.len(), items, options, save })
    }

    /// How many files are to be loaded.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many files were left out since their output is there.
    #[must_use]
    pub fn present(&self) -> usize {
        self.present
    }

    /// The files in the order of the request, and what each is saved as.
    pub fn files(&self) -> impl ExactSizeIterator<Item = (&Path, Option<&Path>)> {
        self.items.iter().map(|item| (item.path.as_path(), item.out.as_deref()))
    }

    /// The most bytes of values that each of `workers` may have in memory; `None` if the memory is unknown.
    pub(super) fn limit(&self, workers: usize) -> Option<usize> {
        let all = budget(self.options.memory);
        let each = (all / workers.max(1) as u64).saturating_sub(WORKER);
        (all != u64::MAX).then(|| usize::try_from(each).unwrap_or(usize::MAX))
    }
}

/// Whether `out` is there, as far as can be told without reading its values.
fn is_there(out: &Path, format: Format) -> bool {
    match format {
        Format::Npy => Header::read(out).is_ok(),
        _ => fs::metadata(out).is_ok_and(|file| file.is_file() && file.len() > 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_share_the_memory() {
        let of = |memory| Transfer::load(["a.npy"], Options { memory, ..Options::default() });
        assert_eq!(of(0).limit(2), None);
        assert_eq!(of(2_000_000_000).limit(2), Some(900_000_000 - (32 << 20)));
        assert_eq!(of(1000).limit(2), Some(0));
    }
}
