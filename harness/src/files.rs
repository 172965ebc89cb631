//! Products of pairs of `.npy` files: the work of `gingham run --lhs GLOB --rhs GLOB --out DIR`.
//!
//! There may be more files than memory, so each task loads one pair, multiplies, writes the product and lets go: at
//! most one pair a worker is in memory. What is wrong with the request as a whole ([`Error`]) is found before anything
//! starts; what is wrong with one pair ([`Failure`]) fails that pair alone, and the others' results are kept.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use gingham_core::{Backend, DType, OpThreads, matmul};
use ndarray::Array2;

use crate::executor::Executor;
use crate::executor::panics::message;
use crate::npy::{self, Element, Header, Matrix};

/// A request that was refused as a whole; nothing has been read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No files on either side.
    #[error("no pairs: there are no files on either side; give patterns that match .npy files")]
    NoFiles,
    /// More files on one side than on the other.
    #[error("{lhs} left files but {rhs} right files: {} has no partner; expected as many on either side", first.display())]
    Unpaired {
        /// Number of left files.
        lhs: usize,
        /// Number of right files.
        rhs: usize,
        /// The first file of the longer side that has no partner.
        first: PathBuf,
    },
    /// Two left files of one name, in different directories.
    #[error("{} and {} would both be written to {}; run them with different output directories",
            first.display(), second.display(), out.display())]
    SameOutput {
        /// A left file.
        first: PathBuf,
        /// Another left file.
        second: PathBuf,
        /// The output of both.
        out: PathBuf,
    },
    /// An output in the place of an input.
    #[error("the product {} would replace the input {}; give another output directory", out.display(), input.display())]
    ReplacesInput {
        /// The output.
        out: PathBuf,
        /// The input.
        input: PathBuf,
    },
    /// An output directory that does not exist and cannot be made, or cannot be written to.
    #[error("cannot write to the output directory {}: {cause}; give one that is writable or can be made", path.display())]
    OutputDirectory {
        /// The directory.
        path: PathBuf,
        /// The operating system's answer.
        cause: io::Error,
    },
}

/// A pair that has no product. Its output has not been touched.
#[derive(Debug, thiserror::Error)]
#[error("{pair}: {problem}")]
pub struct Failure {
    /// Position in the request.
    pub index: usize,
    /// The files.
    pub pair: Pair,
    /// Why there is no product.
    pub problem: Problem,
}

/// Why a pair has no product, and what would have worked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A file that cannot be read, or the output that cannot be written.
    #[error(transparent)]
    File(#[from] npy::Error),
    /// Different element types.
    #[error("{lhs} x {rhs}; expected one dtype: convert one of them with .astype")]
    DTypes {
        /// Element type of the left file.
        lhs: DType,
        /// Element type of the right file.
        rhs: DType,
    },
    /// Shapes that do not fit each other.
    #[error("{lhs:?} x {rhs:?}; expected as many columns on the left as rows on the right")]
    Shapes {
        /// Rows and columns of the left file.
        lhs: (usize, usize),
        /// Rows and columns of the right file.
        rhs: (usize, usize),
    },
    /// The memory for the product is not to be had.
    #[error("no memory for the product, {rows}x{columns} elements; use fewer workers or smaller matrices")]
    Memory {
        /// Rows of the product.
        rows: usize,
        /// Columns of the product.
        columns: usize,
    },
    /// The backend's refusal.
    #[error(transparent)]
    Backend(#[from] gingham_core::Error),
    /// An executor that did not run.
    #[error("{message}")]
    NotRun {
        /// The executor's words.
        message: String,
    },
    /// A panic in the backend.
    #[error("the backend panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
}

/// Two files to be multiplied, and the file that their product goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// m x k
    pub lhs: PathBuf,
    /// k x n
    pub rhs: PathBuf,
    /// m x n
    pub out: PathBuf,
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {}", self.lhs.display(), self.rhs.display())
    }
}

/// What a product, or all of them together, took.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Work {
    /// Bytes of the factors' values.
    pub bytes_read: u64,
    /// Bytes of the products' values.
    pub bytes_written: u64,
    /// Floating-point operations, 2 m k n a product.
    pub flops: f64,
}

/// What became of a pair, told when it is done.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'a> {
    /// Position in the request.
    pub index: usize,
    /// The files.
    pub pair: &'a Pair,
    /// What its product took, or why there is none.
    pub result: Result<Work, &'a Failure>,
}

/// What became of all pairs.
#[derive(Debug, Default)]
pub struct Summary {
    /// Products written.
    pub done: usize,
    /// The other pairs, in the order of the request.
    pub failed: Vec<Failure>,
    /// What the products took.
    pub work: Work,
    /// Wall-clock time, s.
    pub seconds: f64,
}

/// A request that has been checked: of each pair, the headers tell whether it can have a product.
#[derive(Debug)]
pub struct Pairs {
    good: Vec<(usize, Pair)>,
    bad: Vec<Failure>,
}

impl Pairs {
    /// The i-th of `lhs` with the i-th of `rhs`; the product goes to the directory `out`, which is made where it is
    /// missing, under the name of the left file. Of the files, the headers alone are read.
    ///
    /// # Errors
    /// [`Error`], for what concerns the request as a whole. Bad files are in [`Pairs::bad`].
    pub fn check(lhs: Vec<PathBuf>, rhs: Vec<PathBuf>, out: &Path) -> Result<Self, Error> {
        let (left, right) = (lhs.len(), rhs.len());
        if let Some(first) = lhs.get(right).or_else(|| rhs.get(left)) {
            return Err(Error::Unpaired { lhs: left, rhs: right, first: first.clone() });
        }
        if lhs.is_empty() {
            return Err(Error::NoFiles);
        }
        let pairs: Vec<Pair> = lhs.into_iter().zip(rhs).map(|(lhs, rhs)| Pair::new(lhs, rhs, out)).collect();
        check_names(&pairs)?;
        fs::create_dir_all(out)
            .and_then(|()| tempfile::tempfile_in(out))
            .map_err(|cause| Error::OutputDirectory { path: out.into(), cause })?;
        check_inputs_stay(&pairs)?;

        let mut checked = Self { good: Vec::new(), bad: Vec::new() };
        for (index, pair) in pairs.into_iter().enumerate() {
            match pair.check() {
                Ok(()) => checked.good.push((index, pair)),
                Err(problem) => checked.bad.push(Failure { index, pair, problem }),
            }
        }
        Ok(checked)
    }

    /// The pairs whose headers tell that they have no product, in the order of the request.
    #[must_use]
    pub fn bad(&self) -> &[Failure] {
        &self.bad
    }

    /// Writes the product of every other pair. `progress` hears of each pair, the bad ones first, on whichever thread
    /// worked on it. The caller holds [`Backend::limit`] for `threads`; `chunk` as in [`Executor::run`].
    pub fn multiply(
        self,
        backend: &dyn Backend,
        threads: OpThreads,
        executor: &dyn Executor,
        chunk: usize,
        progress: &(dyn Fn(Outcome<'_>) + Sync),
    ) -> Summary {
        let start = Instant::now();
        for failure in &self.bad {
            progress(Outcome { index: failure.index, pair: &failure.pair, result: Err(failure) });
        }
        let summary = Mutex::new(Summary { failed: self.bad, ..Summary::default() });
        let ran = executor.run(self.good.len(), chunk, &|range| {
            for (index, pair) in &self.good[range] {
                let result = pair.multiply_caught(backend, threads).map_err(|problem| Failure {
                    index: *index,
                    pair: pair.clone(),
                    problem,
                });
                progress(Outcome { index: *index, pair, result: result.as_ref().copied() });
                summary.lock().unwrap_or_else(PoisonError::into_inner).add(result);
            }
        });
        let mut summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = ran {
            let failed = |(index, pair): &(usize, Pair)| Failure {
                index: *index,
                pair: pair.clone(),
                problem: Problem::NotRun { message: error.to_string() },
            };
            summary.failed.extend(self.good.iter().map(failed));
        }
        summary.failed.sort_by_key(|failure| failure.index);
        summary.seconds = start.elapsed().as_secs_f64();
        summary
    }
}

impl Summary {
    fn add(&mut self, result: Result<Work, Failure>) {
        match result {
            Ok(work) => {
                self.done += 1;
                self.work.bytes_read += work.bytes_read;
                self.work.bytes_written += work.bytes_written;
                self.work.flops += work.flops;
            }
            Err(failure) => self.failed.push(failure),
        }
    }
}

impl Pair {
    fn new(lhs: PathBuf, rhs: PathBuf, directory: &Path) -> Self {
        let mut name = lhs.file_stem().unwrap_or_default().to_owned();
        name.push(".npy");
        Self { lhs, rhs, out: directory.join(name) }
    }

    fn check(&self) -> Result<(), Problem> {
        let ((a, a_dim), (b, b_dim)) = (Header::read_matrix(&self.lhs)?, Header::read_matrix(&self.rhs)?);
        if a.dtype != b.dtype {
            return Err(Problem::DTypes { lhs: a.dtype, rhs: b.dtype });
        }
        check_shapes(a_dim, b_dim)
    }

    fn multiply_caught(&self, backend: &dyn Backend, threads: OpThreads) -> Result<Work, Problem> {
        // What an unwinding product leaves behind is its own: its matrices are freed, its temporary file is removed.
        catch_unwind(AssertUnwindSafe(|| self.multiply(backend, threads)))
            .unwrap_or_else(|panic| Err(Problem::Panicked { message: message(&*panic) }))
    }

    fn multiply(&self, backend: &dyn Backend, threads: OpThreads) -> Result<Work, Problem> {
        match (npy::read_matrix(&self.lhs)?, npy::read_matrix(&self.rhs)?) {
            (Matrix::F64(a), Matrix::F64(b)) => self.write_product(&a, &b, backend, threads),
            (Matrix::F32(a), Matrix::F32(b)) => self.write_product(&a, &b, backend, threads),
            (a, b) => Err(Problem::DTypes { lhs: a.dtype(), rhs: b.dtype() }),
        }
    }

    fn write_product<T: Element>(
        &self,
        a: &Array2<T>,
        b: &Array2<T>,
        backend: &dyn Backend,
        threads: OpThreads,
    ) -> Result<Work, Problem> {
        check_shapes(a.dim(), b.dim())?;
        let (rows, columns) = (a.nrows(), b.ncols());
        let mut c = zeros(rows, columns).ok_or(Problem::Memory { rows, columns })?;
        matmul::matmul(backend, T::one(), a.view(), b.view(), T::zero(), c.view_mut(), threads)?;
        npy::write_matrix_atomic(&self.out, &c.view())?;
        let bytes = |elements: usize| (elements * T::DTYPE.size()) as u64;
        Ok(Work {
            bytes_read: bytes(a.len()) + bytes(b.len()),
            bytes_written: bytes(c.len()),
            flops: 2.0 * c.len() as f64 * a.ncols() as f64,
        })
    }
}

fn check_shapes(lhs: (usize, usize), rhs: (usize, usize)) -> Result<(), Problem> {
    if lhs.1 == rhs.0 { Ok(()) } else { Err(Problem::Shapes { lhs, rhs }) }
}

/// A matrix of zeros, unless there is no memory for it: two small files may have a product of petabytes.
fn zeros<T: Element>(rows: usize, columns: usize) -> Option<Array2<T>> {
    let count = rows.checked_mul(columns)?;
    let mut values = Vec::new();
    values.try_reserve_exact(count).ok()?;
    values.resize(count, T::zero());
    Array2::from_shape_vec((rows, columns), values).ok()
}

fn check_names(pairs: &[Pair]) -> Result<(), Error> {
    let mut sources = HashMap::new();
    for Pair { lhs, out, .. } in pairs {
        if let Some(first) = sources.insert(out, lhs) {
            return Err(Error::SameOutput { first: first.clone(), second: lhs.clone(), out: out.clone() });
        }
    }
    Ok(())
}

/// Refuses an output that would take the name of an input, or of what an input links to.
fn check_inputs_stay(pairs: &[Pair]) -> Result<(), Error> {
    let inputs = pairs.iter().flat_map(|pair| [&pair.lhs, &pair.rhs]);
    let names = inputs.flat_map(|input| [name(input), input.canonicalize().ok()].map(|name| (name, input)));
    let inputs: HashMap<_, _> = names.filter_map(|(name, input)| Some((name?, input))).collect();
    for Pair { out, .. } in pairs {
        if let Some(&input) = name(out).and_then(|name| inputs.get(&name)) {
            return Err(Error::ReplacesInput { out: out.clone(), input: input.clone() });
        }
    }
    Ok(())
}

/// The one path of a name in a directory, whether or not there is a file, links in the directory's path resolved.
fn name(path: &Path) -> Option<PathBuf> {
    Some(npy::directory(path).canonicalize().ok()?.join(path.file_name()?))
}
