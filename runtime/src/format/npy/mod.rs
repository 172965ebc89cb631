//! Arrays in NumPy's `.npy` files: what `gingham run` reads and writes.
//!
//! A file may come from anywhere: [`Header::read`] checks the header against the file's length before anything is
//! allocated for the values. `ndarray-npy` 0.10 is not used. Its parser allocates whatever length a header states (4
//! GiB for a file of 14 bytes), takes the last of two equal keys, panics on the shape `(0, 2**63)`, and aborts the
//! program when memory does not hold the values. Its writer takes 12 s to compile, for the header, one line of text.
//!
//! The format is described in NumPy's `numpy.lib.format`.

mod array;
mod dictionary;
mod header;

pub use array::{Array, read};
pub(super) use array::{load, save};
pub use header::Header;

use super::Kind;
pub use super::Partials;

/// What is wrong with a `.npy` file, and what would have worked. Texts taken from the file are escaped and cut.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file starts with these bytes, which are not the first six of the format.
    #[error("not a .npy file: it starts with `{0}`; expected `\\x93NUMPY`, as numpy.save writes")]
    Magic(String),
    /// NumPy does not write this version of the format.
    #[error("format version {0}.{1}; expected 1.0, 2.0 or 3.0")]
    Version(u8, u8),
    /// The header claims this many bytes, more than an honest one has.
    #[error("the header claims {0} bytes; expected at most {max}", max = Header::MAX_LENGTH)]
    HeaderTooLong(usize),
    /// The file ends inside its header, this many bytes early.
    #[error("the file ends inside its header, {0} bytes early; copy or save it again")]
    HeaderCut(u64),
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
    /// The elements are integers, truth values or of half precision.
    #[error("elements of dtype {0}; expected float64 or float32: `--cast f64` or `--cast f32` converts them")]
    Cast(Kind),
    /// The elements are complex numbers, of this descriptor of NumPy's.
    #[error("complex elements, dtype `{0}`; expected real ones: complex products are not computed")]
    Complex(String),
    /// The elements are objects, records, texts, dates or of extended precision: NumPy's descriptor.
    #[error("elements of dtype `{0}`; expected real numbers of at most 64 bits, such as <f8 or <f4")]
    DType(String),
    /// The file ends this many bytes before the end of its last element.
    #[error("truncated: {0} bytes of the data are missing; copy or save it again")]
    Truncated(u64),
    /// The file goes on for this many bytes after its last element.
    #[error("{0} bytes follow the data; expected none: save it again as a single array")]
    Trailing(u64),
}
