//! What the header of a `.npy` file says, and what follows from it.

use gingham_core::DType;

use super::{Endian, Kind, Problem};

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
    pub(super) fn check_length(&self, file_length: u64) -> Result<(), Problem> {
        let (holds, needs) = (file_length - self.data_offset as u64, (self.count()? * self.kind.size()) as u64);
        match holds {
            _ if holds < needs => Err(Problem::Truncated(needs - holds)),
            _ if holds > needs => Err(Problem::Trailing(holds - needs)),
            _ => Ok(()),
        }
    }
}
