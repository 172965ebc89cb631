//! Loading of files, and their conversion into another format: the work of `gingham run --op load` and `--op save`.
//!
//! A [`Transfer`] says which files, and where they are saved if they are; [`plan()`] chooses the executor, and
//! [`Transfer::run`] does the work. A worker loads one file at a time, all of them into one buffer, so that memory is
//! bounded and its first touch is paid once. The error of one file ([`Failure`]) fails that file alone. [`Plain`] is
//! what the speed is held against.

mod judge;
mod pass;
mod plain;
mod plan;
mod request;

use std::path::PathBuf;

pub use judge::Difference;
pub use pass::{Done, Summary};
pub use plain::{Plain, in_cache};
pub use plan::plan;
pub use request::{Options, Transfer};

use crate::format;
use crate::shown::Shown;

/// A file that was not loaded, or not saved.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", Shown(path))]
pub struct Failure {
    /// Position in the request.
    pub index: usize,
    /// The file that was to be loaded.
    pub path: PathBuf,
    /// Why it was not.
    pub problem: Problem,
}

/// Why a file was not loaded or not saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It cannot be loaded.
    #[error(transparent)]
    Load(#[from] format::Problem),
    /// What was loaded cannot be saved under this name.
    #[error("not saved as {}: {}", Shown(&.0.path), .0.problem)]
    Save(format::Error),
    /// A second reading gave something else.
    #[error("what was loaded is not what a second reading gives: {0}")]
    Differs(Difference),
    /// The saved file gives something else than what was saved.
    #[error("{} does not give back what was saved: {difference}; it is removed", Shown(out))]
    Spoilt {
        /// The saved file.
        out: PathBuf,
        /// What it gives.
        difference: Difference,
    },
    /// The reading or writing panicked with this message.
    #[error("panicked: {0}")]
    Panicked(String),
    /// The executor did not run, for this reason.
    #[error("{0}")]
    NotRun(String),
}

impl Problem {
    /// Whether the file is at fault, or a format that cannot hold its arrays: another run would fail as well.
    #[must_use]
    pub fn is_of_input(&self) -> bool {
        match self {
            Self::Load(problem) => !matches!(problem, format::Problem::Memory(_)),
            Self::Save(error) => !matches!(error.problem, format::Problem::Io(..) | format::Problem::NotAFile),
            _ => false,
        }
    }
}
