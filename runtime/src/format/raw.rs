//! The bytes of the values and nothing else: what `numpy.ndarray.tofile` writes. Type, shape and order are told.

use std::io::Read;

use gingham_core::DType;

use super::{Destination, Endian, Kind, Layout};

/// What a raw file does not say of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// Type, shape and order of the values.
    pub layout: Layout,
    /// Order of the bytes of an element.
    pub endian: Endian,
}

impl Raw {
    /// Values in this machine's byte order.
    #[must_use]
    pub fn native(layout: Layout) -> Self {
        Self { layout, endian: Endian::NATIVE }
    }
}

/// What is wrong with a raw file, and what would have worked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Nobody told what the bytes are.
    #[error("a raw file does not say what it holds; tell its element type and its shape")]
    Untold,
    /// The file is of another length than the shape.
    #[error("{holds} bytes; shape {shape:?} of {kind} has {needs}: tell another shape or type, or copy the file again")]
    Length {
        /// Bytes of the file.
        holds: u64,
        /// Element type that was told.
        kind: Kind,
        /// Shape that was told.
        shape: Vec<usize>,
        /// Bytes of that shape.
        needs: usize,
    },
}

/// Reads the array that fills `length` bytes of `reader`, converted to `cast` if given.
pub(super) fn load(
    reader: &mut impl Read,
    length: u64,
    raw: &Raw,
    cast: Option<DType>,
    destination: &mut impl Destination,
) -> Result<Layout, super::Problem> {
    let Raw { layout: Layout { kind, shape, fortran_order }, endian } = raw;
    let needs = raw.layout.bytes()?;
    if length != needs as u64 {
        return Err(Problem::Length { holds: length, kind: *kind, shape: shape.clone(), needs }.into());
    }
    let layout = Layout { kind: cast.map_or(*kind, Kind::of), shape: shape.clone(), fortran_order: *fortran_order };
    layout.read(reader, *kind, *endian, destination)?;
    Ok(layout)
}
