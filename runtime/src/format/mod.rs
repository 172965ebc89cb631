//! Arrays in files: read with as much trust as a stranger's file deserves, and written so that a file is whole or not
//! there.
//!
//! A [`Format`] is a folder: [`npy`], [`npz`], [`csv`] and [`raw`]. [`load()`], [`load_each`] and [`load_into`] read a
//! file and [`save()`] writes one, in the format that its name ends in or that the options tell. A file claims no
//! memory: what its header says is held against its length, or against what deflate can make of it, before anything is
//! allocated for values.

mod array;
mod kind;
mod load;
mod name;
mod partial;
mod save;

pub mod csv;
pub mod npy;
pub mod npz;
pub mod raw;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

pub use array::{Array, Buffer, Destination, Layout, View};
pub use kind::{Element, Endian, Kind};
pub use load::{LoadOptions, Named, load, load_each, load_into, parse};
pub use name::Format;
pub use partial::{Partials, remove_stale};
pub use save::{SaveOptions, save};

use crate::shown::Shown;

/// A file that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", Shown(path))]
pub struct Error {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

impl Error {
    pub(crate) fn at(path: &Path) -> impl FnOnce(Problem) -> Self {
        move |problem| Self { path: path.into(), problem }
    }
}

/// What is wrong with a file or a request, and what would have worked. Texts taken from a file are escaped and cut.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system refused to do this, for this reason.
    #[error("cannot {0}: {1}")]
    Io(&'static str, io::Error),
    /// A directory, a pipe, a device.
    #[error("not a regular file; expected a file of numbers")]
    NotAFile,
    /// No machine can hold an array of this shape.
    #[error("shape {0:?} has more bytes than this machine can address")]
    TooLarge(Vec<usize>),
    /// The system refused this many bytes of memory for the values.
    #[error("no memory for {0} bytes of data; use fewer workers or smaller matrices")]
    Memory(usize),
    /// The values take more memory than the options allow.
    #[error("{needs} bytes of data; at most {limit} are allowed")]
    Limit {
        /// Bytes of the values, as far as they are known.
        needs: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The slice that the values should go to is too short.
    #[error("{needs} elements or more; there is room for {has}")]
    Room {
        /// Elements of the slice.
        has: usize,
        /// Elements of the file, as far as they are known.
        needs: usize,
    },
    /// The slice that the values should go to is of another type.
    #[error("elements of dtype {found} do not go into an array of {wanted}; convert them by a cast")]
    Kind {
        /// Type of the values.
        found: Kind,
        /// Type of the slice.
        wanted: Kind,
    },
    /// The values of a view are more or fewer than its shape says.
    #[error("shape {shape:?} has {needs} bytes, and {has} were given")]
    Bytes {
        /// The shape.
        shape: Vec<usize>,
        /// Bytes of the shape.
        needs: usize,
        /// Bytes given.
        has: usize,
    },
    /// A name that tells no format.
    #[error(
        "the format cannot be told from its name; end it in .npy, .npz, .csv, .tsv, .raw or .bin, or tell the format"
    )]
    Extension,
    /// A text that names no format.
    #[error("no format `{0}`; expected npy, npz, csv or raw")]
    Format(String),
    /// So many arrays for a format that takes one.
    #[error("{1} arrays; a .{0} file holds one: save them as .npz")]
    Arrays(Format, usize),
    /// Of a `.npy` file, or of a member of a `.npz` file.
    #[error(transparent)]
    Npy(#[from] npy::Problem),
    /// Of a `.npz` file.
    #[error(transparent)]
    Npz(#[from] npz::Problem),
    /// Of CSV.
    #[error(transparent)]
    Csv(#[from] csv::Problem),
    /// Of a raw file.
    #[error(transparent)]
    Raw(#[from] raw::Problem),
}

impl Problem {
    /// Whether the values, or those of a member of an archive, take more memory than the options allow.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        match self {
            Self::Limit { .. } => true,
            Self::Npz(npz::Problem::Member { problem, .. }) => problem.is_limit(),
            _ => false,
        }
    }

    fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::Io(what, cause)
    }
}

/// The file at `path` and its length, bytes.
fn open(path: &Path) -> Result<(File, u64), Problem> {
    // Checked before opening, which would wait for ever on a pipe without a writer.
    if !fs::metadata(path).map_err(Problem::io("open"))?.is_file() {
        return Err(Problem::NotAFile);
    }
    let file = File::open(path).map_err(Problem::io("open"))?;
    let length = file.metadata().map_err(Problem::io("open"))?.len();
    Ok((file, length))
}

/// The beginning of a text from a file, fit for a terminal.
fn excerpt(text: &[u8]) -> String {
    const LENGTH: usize = 24;
    let dots = if text.len() > LENGTH { ".." } else { "" };
    let escaped = text[..text.len().min(LENGTH)].escape_ascii().to_string();
    escaped.replace("\\'", "'").replace("\\\"", "\"") + dots
}
