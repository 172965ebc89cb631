//! Arrays in NumPy's `.npy` files: what `gingham run` reads and writes.
//!
//! The files come from anywhere, so one is believed only as far as it has been checked: [`Header::read`] holds the
//! header against the file's length before anything is allocated for the values. `ndarray-npy` 0.10 is not used. Its
//! parser allocates whatever length a header states (4 GiB for a file of 14 bytes), takes the last of two equal keys,
//! panics on the shape `(0, 2**63)`, and aborts the program when there is no memory for the values. Its writer takes 12
//! s to compile, for the header, one line of text.
//!
//! The format is described in NumPy's `numpy.lib.format`.

mod dictionary;
mod head;
mod header;
mod kind;
mod partial;
mod read;
mod write;

use std::io;
use std::path::{Path, PathBuf};

pub use header::Header;
pub use kind::{Element, Endian, Kind};
pub use partial::{Abandoned, Partials, remove_stale};
pub use read::{Array, read};

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

/// What is wrong with a file, and what would have worked. Texts taken from the file are escaped and cut.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system refused.
    #[error("cannot {what}: {cause}")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// The operating system's answer.
        cause: io::Error,
    },
    /// A directory, a pipe, a device.
    #[error("not a regular file; expected a .npy file")]
    NotAFile,
    /// The first six bytes are not those of the format.
    #[error("not a .npy file: it starts with `{found}`; expected `\\x93NUMPY`, as numpy.save writes")]
    Magic {
        /// The first bytes.
        found: String,
    },
    /// A version of the format that NumPy does not write.
    #[error("format version {major}.{minor}; expected 1.0, 2.0 or 3.0")]
    Version {
        /// The first number.
        major: u8,
        /// The second number.
        minor: u8,
    },
    /// A header longer than any honest one.
    #[error("the header claims {length} bytes; expected at most {max}", max = Header::MAX_LENGTH)]
    HeaderTooLong {
        /// Bytes.
        length: usize,
    },
    /// The file ends inside its header.
    #[error("the file ends inside its header, {missing} bytes early; copy or save it again")]
    HeaderCut {
        /// Bytes.
        missing: u64,
    },
    /// The header is not the Python dictionary that it should be.
    #[error("malformed header: expected {expected} at byte {at}, found {found}")]
    Header {
        /// What the format has in that place.
        expected: String,
        /// Offset in the file, bytes.
        at: usize,
        /// What the file has in that place.
        found: String,
    },
    /// An archive of several arrays.
    #[error("an .npz archive; expected a .npy file: numpy.load opens it, and numpy.save writes one of its arrays")]
    Archive,
    /// Integers, half precision, truth values.
    #[error("elements of dtype {kind}; expected float64 or float32: `--cast f64` or `--cast f32` converts them")]
    Cast {
        /// The type in the header.
        kind: Kind,
    },
    /// Complex numbers.
    #[error("complex elements, dtype `{descr}`; expected real ones: complex products are not computed")]
    Complex {
        /// NumPy's descriptor.
        descr: String,
    },
    /// Objects, records, texts, dates, extended precision.
    #[error("elements of dtype `{descr}`; expected real numbers of at most 64 bits, such as <f8 or <f4")]
    DType {
        /// NumPy's descriptor.
        descr: String,
    },
    /// A shape that no machine can hold.
    #[error("shape {shape:?} has more bytes than this machine can address")]
    TooLarge {
        /// The shape in the header.
        shape: Vec<usize>,
    },
    /// The file ends before its last element.
    #[error("truncated: {missing} bytes of the data are missing; copy or save it again")]
    Truncated {
        /// Bytes.
        missing: u64,
    },
    /// The file goes on after its last element.
    #[error("{extra} bytes follow the data; expected none: save it again as a single array")]
    Trailing {
        /// Bytes.
        extra: u64,
    },
    /// There is not enough memory for the values.
    #[error("no memory for {bytes} bytes of data; use fewer workers or smaller matrices")]
    Memory {
        /// Bytes.
        bytes: usize,
    },
}

impl Problem {
    fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::Io { what, cause }
    }
}
