//! The bytes of a `.npy` file before its values: written as NumPy writes them, and checked when they are read.
//!
//! They are `\x93NUMPY`, two bytes of version, the length of the rest (two bytes in version 1.0, four in the others),
//! and a Python dictionary that ends in a newline. What is allocated for them is bounded by [`Header::MAX_LENGTH`].

use std::io::Read;
use std::path::Path;

use gingham_core::DType;

use super::super::array::{self, Layout};
use super::super::{self as format, Endian, Error, Kind};
use super::{Problem, dictionary};

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
    /// Every [`Problem`] but [`Problem::Cast`], and those of opening and reading a file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        format::open(path).and_then(|(mut file, length)| Self::read_from(&mut file, length)).map_err(Error::at(path))
    }

    /// The header that `reader` starts with. Of its `length` bytes, the values are left to be read.
    pub(in super::super) fn read_from(reader: &mut impl Read, length: u64) -> Result<Self, format::Problem> {
        let (head, start) = read_head(reader, length)?;
        let ((kind, endian), fortran_order, shape) = dictionary::parse(&head, start)?;
        let header = Self { kind, endian, fortran_order, shape, data_offset: head.len() };
        header.check_length(length)?;
        Ok(header)
    }

    /// The type to compute in: `cast`, or the file's own.
    ///
    /// # Errors
    /// [`Problem::Cast`], if `cast` is `None` and no backend computes in the file's own type.
    pub fn dtype(&self, cast: Option<DType>) -> Result<DType, format::Problem> {
        Ok(cast.or(self.kind.dtype()).ok_or(Problem::Cast(self.kind))?)
    }

    /// Number of elements.
    pub(crate) fn count(&self) -> Result<usize, format::Problem> {
        array::elements(self.kind, &self.shape)
    }

    /// How the values stand in memory, converted to `cast` if given.
    pub(super) fn layout(self, cast: Option<DType>) -> Layout {
        Layout { kind: cast.map_or(self.kind, Kind::of), shape: self.shape, fortran_order: self.fortran_order }
    }

    /// Checks that a file of this length ends with its last value.
    fn check_length(&self, file_length: u64) -> Result<(), format::Problem> {
        let (holds, needs) = (file_length - self.data_offset as u64, (self.count()? * self.kind.size()) as u64);
        match holds {
            _ if holds < needs => Err(Problem::Truncated(needs - holds).into()),
            _ if holds > needs => Err(Problem::Trailing(holds - needs).into()),
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

/// The bytes before the first value, and where the dictionary starts in them.
fn read_head(reader: &mut impl Read, length: u64) -> Result<(Vec<u8>, usize), format::Problem> {
    let holds = |bytes: usize| match (bytes as u64).checked_sub(length) {
        None | Some(0) => Ok(()),
        Some(missing) => Err(Problem::HeaderCut(missing)),
    };
    let mut head = Vec::new();
    // At most MAX_LENGTH more bytes at a time.
    let mut read = |head: &mut Vec<u8>, to: usize| {
        let from = head.len();
        head.resize(to, 0);
        reader.read_exact(&mut head[from..]).map_err(format::Problem::io("read"))
    };
    read(&mut head, length.min(10) as usize)?;
    let magic = head.len().min(MAGIC.len());
    if head[..magic] != MAGIC[..magic] {
        if ARCHIVES.iter().any(|magic| head.starts_with(magic)) {
            return Err(Problem::Archive.into());
        }
        return Err(Problem::Magic(head.escape_ascii().to_string()).into());
    }
    holds(10)?;
    let (start, length) = match head[MAGIC.len()..] {
        [1, 0, a, b] => (10, u16::from_le_bytes([a, b]).into()),
        [2 | 3, 0, a, b] => {
            holds(12)?;
            read(&mut head, 12)?;
            (12, u32::from_le_bytes([a, b, head[10], head[11]]) as usize)
        }
        [major, minor, ..] => return Err(Problem::Version(major, minor).into()),
        _ => unreachable!("ten bytes, less the magic ones"),
    };
    if length > Header::MAX_LENGTH {
        return Err(Problem::HeaderTooLong(length).into());
    }
    holds(start + length)?;
    read(&mut head, start + length)?;
    Ok((head, start))
}
