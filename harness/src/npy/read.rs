//! Reading a matrix: one buffer of its own size, filled in the file's order.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use gingham_core::{DType, Scalar};
use ndarray::{Array2, ShapeBuilder};

use super::{Endian, Error, Header, Problem, header};

/// Bytes read at a time: they stay in cache until they are decoded.
const BLOCK: usize = 64 << 10;

/// A matrix as it stands in its file: a file in Fortran order gives an array in Fortran order.
#[derive(Debug, Clone, PartialEq)]
pub enum Matrix {
    /// `<f4` or `>f4`.
    F32(Array2<f32>),
    /// `<f8` or `>f8`.
    F64(Array2<f64>),
}

impl Matrix {
    /// Element type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        match self {
            Self::F32(_) => DType::F32,
            Self::F64(_) => DType::F64,
        }
    }

    /// Rows and columns.
    #[must_use]
    pub fn dim(&self) -> (usize, usize) {
        match self {
            Self::F32(a) => a.dim(),
            Self::F64(a) => a.dim(),
        }
    }

    /// Bytes of the values.
    #[must_use]
    pub fn size(&self) -> usize {
        let (rows, columns) = self.dim();
        rows * columns * self.dtype().size()
    }
}

/// An element type that the files may have.
pub trait Element: Scalar + ndarray_npy::WritableElement {
    /// Appends the elements that `bytes`, a whole number of them, encode.
    fn decode(bytes: &[u8], endian: Endian, values: &mut Vec<Self>);
}

impl Element for f32 {
    fn decode(bytes: &[u8], endian: Endian, values: &mut Vec<Self>) {
        let (elements, _) = bytes.as_chunks();
        match endian {
            Endian::Little => values.extend(elements.iter().map(|&bytes| Self::from_le_bytes(bytes))),
            Endian::Big => values.extend(elements.iter().map(|&bytes| Self::from_be_bytes(bytes))),
        }
    }
}

impl Element for f64 {
    fn decode(bytes: &[u8], endian: Endian, values: &mut Vec<Self>) {
        let (elements, _) = bytes.as_chunks();
        match endian {
            Endian::Little => values.extend(elements.iter().map(|&bytes| Self::from_le_bytes(bytes))),
            Endian::Big => values.extend(elements.iter().map(|&bytes| Self::from_be_bytes(bytes))),
        }
    }
}

/// The matrix in the file at `path`. Beyond the matrix itself it allocates the header and a block of 64 KiB.
///
/// # Errors
/// Every [`Problem`]; those of the header come before anything is allocated for the values.
pub fn read_matrix(path: &Path) -> Result<Matrix, Error> {
    let read = || {
        let (file, header) = header::open(path)?;
        match header.dtype {
            DType::F32 => values(file, &header).map(Matrix::F32),
            DType::F64 => values(file, &header).map(Matrix::F64),
        }
    };
    read().map_err(Error::at(path))
}

fn values<T: Element>(mut file: File, header: &Header) -> Result<Array2<T>, Problem> {
    let (rows, columns) = header.dim()?;
    let (count, size) = (rows * columns, header.dtype.size());
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| Problem::Memory { bytes: count * size })?;
    let mut block = vec![0; BLOCK.min(count * size)];
    while values.len() < count {
        let bytes = ((count - values.len()) * size).min(BLOCK);
        file.read_exact(&mut block[..bytes]).map_err(Problem::io("read"))?;
        T::decode(&block[..bytes], header.endian, &mut values);
    }
    let shape = (rows, columns).set_f(header.fortran_order);
    Ok(Array2::from_shape_vec(shape, values).expect("the header's check has counted the elements"))
}
