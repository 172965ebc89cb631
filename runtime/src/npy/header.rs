//! The bytes of a `.npy` file before its values: written as NumPy writes them, and checked when they are read.
//!
//! They are `\x93NUMPY`, two bytes of version, the length of the rest (two bytes in version 1.0, four in the others),
//! and a Python dictionary that ends in a newline. What is allocated for them is bounded by [`Header::MAX_LENGTH`].

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::Path;

use gingham_core::DType;

use super::{Endian, Error, Kind, Problem, dictionary};

const MAGIC: &[u8] = b"\x93NUMPY";

/// The values start at a multiple of this many bytes, for programs that map the file.
const ALIGN: usize = 64;

/// How archives of `numpy.savez` start, and how one without arrays starts.
const ARCHIVES: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// What a `.npy` file says of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Element type.
    pub kind: Kind,
    /// Order of the bytes of an element.
    pub endian: Endian,
    /// Whether the first index runs fastest.
    pub fortran_order: bool,
    /// Lengths of the axes; empty for a scalar.
    pub shape: Vec<usize>,
    /// Where the values start, bytes.
    pub data_offset: usize,
}

impl Header {
    /// The longest dictionary that is read, bytes: as much as version 1.0 can express. A matrix's takes 118.
    pub const MAX_LENGTH: usize = 65535;

    /// The header of the file at `path`, which must end with its last value.
    ///
    /// # Errors
    /// Every [`Problem`] but [`Problem::Cast`] and [`Problem::Memory`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        open(path).map(|(_, header)| header).map_err(Error::at(path))
    }

    /// The type to compute in: `cast`, or the file's own.
    ///
    /// # Errors
    /// [`Problem::Cast`], if `cast` is `None` and no backend computes in the file's own type.
    pub fn dtype(&self, cast: Option<DType>) -> Result<DType, Problem> {
        cast.or(self.kind.dtype()).ok_or(Problem::Cast(self.kind))
    }

    /// Number of elements; [`Problem::TooLarge`] if this machine cannot address their bytes.
    pub(crate) fn count(&self) -> Result<usize, Problem> {
        // Axes of length 0 are left out first: `ndarray` has no array of shape (0, 2**63) either.
        let mut lengths = self.shape.iter().filter(|&&length| length != 0);
        let bytes = lengths.try_fold(self.kind.size(), |bytes, &length| bytes.checked_mul(length));
        match bytes.filter(|&bytes| isize::try_from(bytes).is_ok()) {
            Some(_) if self.shape.contains(&0) => Ok(0),
            Some(bytes) => Ok(bytes / self.kind.size()),
            None => Err(Problem::TooLarge(self.shape.clone())),
        }
    }

    /// Checks that a file of this length ends with its last value.
    fn check_length(&self, file_length: u64) -> Result<(), Problem> {
        let (holds, needs) = (file_length - self.data_offset as u64, (self.count()? * self.kind.size()) as u64);
        match holds {
            _ if holds < needs => Err(Problem::Truncated(needs - holds)),
            _ if holds > needs => Err(Problem::Trailing(holds - needs)),
            _ => Ok(()),
        }
    }
}

/// All bytes before the values of an array of `shape`, in version 1.0, as `numpy.save` writes them.
pub(super) fn head(descr: &str, fortran_order: bool, shape: &[usize]) -> Vec<u8> {
    let order = if fortran_order { "True" } else { "False" };
    let shape = match shape {
        [] => String::new(),
        [only] => format!("{only},"),
        axes => axes.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
    };
    let dictionary = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({shape}), }}");
    let start = MAGIC.len() + 4;
    let length = (start + dictionary.len() + 1).next_multiple_of(ALIGN) - start;
    // An array has some thirty axes at most, of twenty digits each.
    let length = u16::try_from(length).expect("the header of an array is shorter than version 1.0 can express");
    let mut head = [MAGIC, &[1, 0], &length.to_le_bytes(), dictionary.as_bytes()].concat();
    head.resize(start + usize::from(length) - 1, b' ');
    head.push(b'\n');
    head
}

/// The file at `path`, positioned at its first value, and its header.
pub(super) fn open(path: &Path) -> Result<(File, Header), Problem> {
    // Checked before opening, which would wait for ever on a pipe without a writer.
    if !fs::metadata(path).map_err(Problem::io("open"))?.is_file() {
        return Err(Problem::NotAFile);
    }
    let mut file = File::open(path).map_err(Problem::io("open"))?;
    let length = file.metadata().map_err(Problem::io("open"))?.len();
    let (head, start) = read_head(&mut file, length)?;
    let ((kind, endian), fortran_order, shape) = dictionary::parse(&head, start)?;
    let header = Header { kind, endian, fortran_order, shape, data_offset: head.len() };
    header.check_length(length)?;
    Ok((file, header))
}

/// The bytes before the first value, and where the dictionary starts in them.
fn read_head(file: &mut File, file_length: u64) -> Result<(Vec<u8>, usize), Problem> {
    let holds = |bytes: usize| match (bytes as u64).checked_sub(file_length) {
        None | Some(0) => Ok(()),
        Some(missing) => Err(Problem::HeaderCut(missing)),
    };
    let mut prefix = [0; 12];
    let held = file_length.min(12) as usize;
    file.read_exact(&mut prefix[..held]).map_err(Problem::io("read"))?;
    if prefix[..held.min(MAGIC.len())] != MAGIC[..held.min(MAGIC.len())] {
        if ARCHIVES.iter().any(|magic| prefix.starts_with(magic)) {
            return Err(Problem::Archive);
        }
        return Err(Problem::Magic(prefix[..held].escape_ascii().to_string()));
    }
    holds(10)?;
    let (start, length) = match prefix {
        [.., 1, 0, a, b, _, _] => (10, u16::from_le_bytes([a, b]).into()),
        [.., 2 | 3, 0, a, b, c, d] => {
            holds(12)?;
            (12, u32::from_le_bytes([a, b, c, d]) as usize)
        }
        [.., major, minor, _, _, _, _] => return Err(Problem::Version(major, minor)),
    };
    if length > Header::MAX_LENGTH {
        return Err(Problem::HeaderTooLong(length));
    }
    holds(start + length)?;
    let mut head = vec![0; start + length];
    file.rewind().and_then(|()| file.read_exact(&mut head)).map_err(Problem::io("read"))?;
    Ok((head, start))
}
