//! The work: the next free worker loads a file, and saves it.

use std::fs;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::Job;
use super::request::Transfer;
use super::{Failure, Problem};
use crate::clock::Clock;
use crate::executor::panics::message;
use crate::format::{self, Buffer, LoadOptions, View, load_each};

/// A file that was loaded, and saved if that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Position in the request.
    pub index: usize,
    /// Bytes of the file.
    pub file: u64,
    /// Bytes of its values in memory.
    pub values: u64,
    /// Bytes of the saved file; 0 if none was asked for.
    pub saved: u64,
}

/// What became of all files.
#[derive(Debug, Default)]
pub struct Summary {
    /// Those that were loaded, in the order of the request.
    pub done: Vec<Done>,
    /// Those that were not, in the order of the request.
    pub failed: Vec<Failure>,
    /// Files not begun when the work was stopped.
    pub left: usize,
    /// How many files were compared with a second reading, or with what was saved.
    pub verified: usize,
    /// Wall-clock seconds of loading and saving, without those of the comparison, and without the time in which the
    /// program was stopped (Ctrl-Z).
    pub seconds: f64,
}

impl Summary {
    /// Bytes of the files that were loaded.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.done.iter().map(|done| done.file).sum()
    }

    /// Bytes of their values in memory.
    #[must_use]
    pub fn value_bytes(&self) -> u64 {
        self.done.iter().map(|done| done.values).sum()
    }

    /// Bytes of the files that were saved.
    #[must_use]
    pub fn saved_bytes(&self) -> u64 {
        self.done.iter().map(|done| done.saved).sum()
    }
}

/// What became of some files: the result of each that has one.
pub(super) struct Pass<R> {
    pub(super) done: Vec<(usize, R)>,
    pub(super) failed: Vec<(usize, Problem)>,
    pub(super) left: usize,
}

/// Does `work` for each of `indices`, which free workers take one at a time. Each worker has one buffer, and calls
/// `told` when it has done a file.
pub(super) fn pass<R: Send>(
    indices: &[usize],
    job: &Job<'_>,
    told: &(dyn Fn() + Sync),
    work: impl Fn(usize, &mut Buffer) -> Result<R, Problem> + Sync,
) -> Pass<R> {
    let pass = Mutex::new(Pass { done: Vec::new(), failed: Vec::new(), left: 0 });
    let buffers: Mutex<Vec<Buffer>> = Mutex::default();
    let each = |range: Range<usize>| {
        for &index in &indices[range] {
            if job.stop.load(Relaxed) {
                lock(&pass).left += 1;
                continue;
            }
            let mut buffer = lock(&buffers).pop().unwrap_or_default();
            // An unwinding leaves nothing behind: a half-written file is removed, and the buffer is overwritten.
            let result = catch_unwind(AssertUnwindSafe(|| work(index, &mut buffer)))
                .unwrap_or_else(|panic| Err(Problem::Panicked(message(&*panic))));
            lock(&buffers).push(buffer);
            told();
            match result {
                Ok(result) => lock(&pass).done.push((index, result)),
                Err(problem) => lock(&pass).failed.push((index, problem)),
            }
        }
    };
    let ran = job.engine.one_by_one(indices.len(), &each);
    let mut pass = pass.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Err(error) = ran {
        pass.failed.extend(indices.iter().map(|&index| (index, Problem::NotRun(error.to_string()))));
    }
    pass
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Transfer {
    /// Loads every file, saves it if that is asked for, and then compares those that the job says. The thread that has
    /// done a file calls `told`.
    pub fn run(&self, job: &Job<'_>, told: &(dyn Fn() + Sync)) -> Summary {
        let limit = self.limit(job.engine.workers());
        let options = LoadOptions { limit, ..self.options.load.clone() };
        let all: Vec<usize> = (0..self.len()).collect();
        let clock = Clock::start();
        let Pass { done, failed, left } = pass(&all, job, told, |index, buffer| {
            let item = &self.items[index];
            let values = match &item.out {
                None => load(&item.path, &options, buffer)?,
                Some(out) => self.convert(&item.path, out, &options, job)?,
            };
            let bytes = |path| fs::metadata(path).map_or(0, |file| file.len());
            Ok(Done { index, file: bytes(&item.path), values, saved: item.out.as_ref().map_or(0, bytes) })
        });
        let seconds = clock.elapsed_s();
        let mut done: Vec<Done> = done.into_iter().map(|(_, done)| done).collect();
        done.sort_by_key(|done| done.index);
        let mut summary = Summary { done, left, seconds, ..Summary::default() };
        let wrong = self.judge(&mut summary, limit, job);
        let failed = failed.into_iter().chain(wrong);
        let failure = |(index, problem)| Failure { index, path: self.items[index].path.clone(), problem };
        summary.failed = failed.map(failure).collect();
        summary.failed.sort_by_key(|failure| failure.index);
        summary
    }

    /// Saves the arrays of a file, all of which are in memory then; returns the bytes of their values.
    fn convert(&self, path: &Path, out: &Path, options: &LoadOptions, job: &Job<'_>) -> Result<u64, Problem> {
        let arrays = format::load(path, options).map_err(|error| error.problem)?;
        let views: Vec<(&str, View<'_>)> =
            arrays.iter().map(|named| (named.name.as_str(), named.array.view())).collect();
        format::save(out, &self.save, &views, job.partials).map_err(Problem::Save)?;
        Ok(views.iter().map(|(_, view)| view.bytes().len() as u64).sum())
    }
}

/// Loads the arrays of a file, one after the other into `buffer`; returns the bytes of their values.
fn load(path: &Path, options: &LoadOptions, buffer: &mut Buffer) -> Result<u64, Problem> {
    let mut values = 0;
    let count = |_: &str, view: View<'_>| {
        values += view.bytes().len() as u64;
        Ok(())
    };
    load_each(path, options, buffer, count).map_err(|error| error.problem)?;
    Ok(values)
}
