//! Many arrays from files and into files, by the formats and the executors of the runtime.

use std::fs::{self, File};
use std::io::IoSliceMut;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use gingham_core::ndarray::ArrayViewMut1;
use gingham_core::{DType, Distribution, OpThreads, Registry, Stream, random, reference};
use gingham_runtime::executor::BoxError;
use gingham_runtime::format::{self, Kind, Layout, LoadOptions, Named, Partials, SaveOptions, View};
use gingham_runtime::quantity::bytes;
use gingham_runtime::{Combination, Engine};
use rustix::fs::{Advice, fadvise, statvfs, syncfs};
use rustix::io::{Errno, ReadWriteFlags, preadv2};
use tempfile::TempDir;

use super::site::Site;
use crate::study::definition::Format;
use crate::study::race::Sample;

/// Elements of a row: 1 KiB.
const COLUMNS: usize = 128;

/// Bytes of text for a byte in memory, at most.
const TEXT: u64 = 3;

/// How often a file is dropped at most, and the pause after one that stayed: on a busy machine one of some hundred
/// stays at first, because another CPU has its pages in hand.
const DROPS: usize = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// Files of one format in a folder, and the arrays that are in them.
pub(super) struct Files {
    folder: PathBuf,
    format: Format,
    count: usize,
    layout: Layout,
    /// The elements of array `i` are these and `i`: no two are alike, and all have many digits.
    base: Vec<f64>,
}

impl Files {
    /// Those of this format and of the sizes of `site`, which are written where they are not there yet.
    pub(super) fn of(format: Format, site: &Site<'_>) -> Result<Self, BoxError> {
        let [count, kib] = match format {
            Format::Npy => ["npy-files", "npy-kib"],
            Format::Csv => ["csv-files", "csv-kib"],
        }
        .map(|name| site.sizes.one(name));
        let (count, kib) = (count?, kib?);
        let layout = Layout { kind: Kind::of(DType::F64), shape: vec![kib, COLUMNS], fortran_order: false };
        let base = base(site.registry, layout.elements()?)?;
        let files = Self { folder: site.scratch.join(ending(format)), format, count, layout, base };
        if !files.folder.exists() {
            files.require_room(site.scratch)?;
            fs::create_dir(&files.folder)?;
            let partials = Partials::default();
            (0..count).try_for_each(|i| files.save(i, &files.array(i), &files.folder, &partials))?;
            // What the disk has not got cannot be dropped from the cache. Where this is refused, cold rows say so.
            let _ = syncfs(File::open(&files.folder)?);
        }
        Ok(files)
    }

    /// The files that are loaded, and those that are saved.
    fn require_room(&self, folder: &Path) -> Result<(), BoxError> {
        let text = if self.format == Format::Csv { TEXT } else { 1 };
        let needed = 2 * text * (self.count * self.layout.bytes()?) as u64;
        let room = statvfs(folder)?;
        let free = room.f_bavail * room.f_frsize;
        if needed > free {
            let (needed, free, folder) = (bytes(needed), bytes(free), folder.display());
            return Err(
                format!("{needed} are needed, {free} are free in {folder}; set TMPDIR to another folder").into()
            );
        }
        Ok(())
    }

    fn path(&self, i: usize, folder: &Path) -> PathBuf {
        folder.join(format!("{i:05}.{}", ending(self.format)))
    }

    fn array(&self, i: usize) -> Vec<f64> {
        self.base.iter().map(|x| x + i as f64).collect()
    }

    fn save(&self, i: usize, array: &[f64], folder: &Path, partials: &Partials) -> Result<(), BoxError> {
        let view = View::new(&self.layout, bytemuck::cast_slice(array))?;
        Ok(format::save(&self.path(i, folder), &SaveOptions::default(), &[("", view)], partials)?)
    }

    fn load(&self, i: usize, folder: &Path) -> Result<Vec<Named>, BoxError> {
        Ok(format::load(&self.path(i, folder), &LoadOptions::default())?)
    }

    fn check(&self, i: usize, found: &[Named]) -> Result<(), BoxError> {
        match found {
            [one] if one.array.values::<f64>() == Some(&self.array(i)) && *one.array.layout() == self.layout => Ok(()),
            _ => Err(format!("array {i} of {} is not the one that was written", self.count).into()),
        }
    }

    /// Drops them from the system's page cache.
    fn drop_cached(&self) -> Result<(), BoxError> {
        for i in 0..self.count {
            let file = File::open(self.path(i, &self.folder))?;
            if !(0..DROPS).any(|_| is_dropped(&file)) {
                return Err(format!("files in {} stay in memory", self.folder.display()).into());
            }
        }
        Ok(())
    }
}

/// Whether the system has dropped the file from its page cache.
fn is_dropped(file: &File) -> bool {
    // A read that would have to wait for the disk fails. Memory file systems have no such reads.
    let read = || preadv2(file, &mut [IoSliceMut::new(&mut [0])], 0, ReadWriteFlags::NOWAIT);
    let dropped = fadvise(file, 0, None, Advice::DontNeed).is_ok() && read() == Err(Errno::AGAIN);
    if !dropped {
        thread::sleep(PAUSE);
    }
    dropped
}

fn ending(format: Format) -> &'static str {
    format.into()
}

/// Random numbers, the same each time.
fn base(registry: &Registry, elements: usize) -> Result<Vec<f64>, BoxError> {
    let mut base = vec![0.0; elements];
    let (backend, out) = (registry.get(&reference::ID)?.as_ref(), ArrayViewMut1::from(&mut base[..]));
    random::random(backend, Distribution::Uniform, Stream::new(1, 0), out, OpThreads::ONE)?;
    Ok(base)
}

/// Seconds in which all files become arrays; `cold`, from outside the page cache.
pub(super) fn load(files: Files, combination: &Combination, cold: bool) -> Result<Sample, BoxError> {
    let engine = Engine::for_functions(combination)?;
    Ok(Box::new(move || {
        if cold {
            files.drop_cached()?;
        }
        let mut arrays: Vec<Vec<Named>> = vec![Vec::new(); files.count];
        let begin = Instant::now();
        let load = |i, array: &mut Vec<Named>| files.load(i, &files.folder).map(|loaded| *array = loaded);
        engine.limited()?.for_each_mut(&mut arrays, load)?;
        let seconds = begin.elapsed().as_secs_f64();
        arrays.iter().enumerate().try_for_each(|(i, array)| files.check(i, array))?;
        Ok(vec![seconds])
    }))
}

/// Seconds in which all arrays become files.
pub(super) fn save(files: Files, combination: &Combination) -> Result<Sample, BoxError> {
    let engine = Engine::for_functions(combination)?;
    Ok(Box::new(move || {
        let arrays: Vec<Vec<f64>> = (0..files.count).map(|i| files.array(i)).collect();
        let folder = TempDir::new_in(files.folder.parent().unwrap_or(&files.folder))?;
        let partials = Partials::default();
        let begin = Instant::now();
        engine.limited()?.for_each(files.count, |i| files.save(i, &arrays[i], folder.path(), &partials))?;
        let seconds = begin.elapsed().as_secs_f64();
        (0..files.count).try_for_each(|i| files.check(i, &files.load(i, folder.path())?))?;
        Ok(vec![seconds])
    }))
}
