//! Writing an array.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use ndarray::{ArrayView, Dimension};

use super::{Element, header};

/// Writes `array` to `file`. An array in Fortran order is written in that order, any other in C order; the elements in
/// the byte order of this machine.
pub(super) fn write<T: Element, D: Dimension>(file: &File, array: &ArrayView<'_, T, D>) -> io::Result<()> {
    let transposed = array.t();
    let (fortran_order, in_memory) = match (array.as_slice(), transposed.as_slice()) {
        (None, Some(values)) => (true, Some(values)),
        (values, _) => (false, values),
    };
    let order = if cfg!(target_endian = "big") { '>' } else { '<' };
    let descr = format!("{order}f{}", T::DTYPE.size());
    let mut writer = BufWriter::new(file);
    writer.write_all(&header::head(&descr, fortran_order, array.shape()))?;
    match in_memory {
        Some(values) => writer.write_all(bytemuck::cast_slice(values))?,
        None => array.iter().try_for_each(|value| writer.write_all(bytemuck::bytes_of(value)))?,
    }
    writer.flush()
}
