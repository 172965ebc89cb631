//! Reading an array into one buffer of its own size, and writing one, both in its own order.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use gingham_core::DType;
use ndarray::{ArrayD, ArrayView, Dimension, IxDyn, ShapeBuilder};

use super::{Element, Error, Header, Problem, header};

/// Bytes read at a time: they stay in cache until they are decoded.
const BLOCK: usize = 64 << 10;

/// An array as it stands in its file: a file in Fortran order gives an array in Fortran order.
#[derive(Debug, Clone, PartialEq)]
pub enum Array {
    /// `float32`, or another type by a cast.
    F32(ArrayD<f32>),
    /// `float64`, or another type by a cast.
    F64(ArrayD<f64>),
}

impl Array {
    /// Element type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        match self {
            Self::F32(_) => DType::F32,
            Self::F64(_) => DType::F64,
        }
    }
}

/// The array in the file at `path`, converted to `cast` if given. Besides the array, it allocates the header and a
/// block of 64 KiB.
///
/// # Errors
/// Every [`Problem`]; errors in the header are found before anything is allocated for the values.
pub fn read(path: &Path, cast: Option<DType>) -> Result<Array, Error> {
    let read = || {
        let (file, header) = header::open(path)?;
        match header.dtype(cast)? {
            DType::F32 => values(file, &header).map(Array::F32),
            DType::F64 => values(file, &header).map(Array::F64),
        }
    };
    read().map_err(Error::at(path))
}

fn values<T: Element>(mut file: File, header: &Header) -> Result<ArrayD<T>, Problem> {
    let (count, size) = (header.count()?, header.kind.size());
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| Problem::Memory(count.saturating_mul(size_of::<T>())))?;
    let mut block = vec![0; BLOCK.min(count * size)];
    while values.len() < count {
        let bytes = ((count - values.len()) * size).min(BLOCK);
        file.read_exact(&mut block[..bytes]).map_err(Problem::io("read"))?;
        header.kind.decode(&block[..bytes], header.endian, &mut values);
    }
    ArrayD::from_shape_vec(IxDyn(&header.shape).set_f(header.fortran_order), values)
        .map_err(|_| Problem::TooLarge(header.shape.clone()))
}

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
