//! Writing an array.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use ndarray::{ArrayView, Dimension};
use ndarray_npy::{WriteNpyError, WriteNpyExt};

use super::Element;

/// Writes `array` to `file`. An array in Fortran order is written in that order, any other in C order; the elements in
/// the byte order of this machine.
pub(super) fn write<T: Element, D: Dimension>(file: &File, array: &ArrayView<'_, T, D>) -> io::Result<()> {
    let mut writer = BufWriter::new(file);
    array.write_npy(&mut writer).map_err(|error| match error {
        WriteNpyError::Io(error) => error,
        other => io::Error::other(other),
    })?;
    writer.flush()
}
