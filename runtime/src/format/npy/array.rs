//! Reading an array into memory of its own size, and writing one, both in its own order.

use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use gingham_core::DType;
use ndarray::{ArrayD, ArrayView, Dimension, IxDyn, ShapeBuilder};

use super::super::{self as format, Destination, Element, Error, Kind, Layout, Partials, Problem, View};
use super::{Header, header};

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

/// The array in the file at `path`, converted to `cast` if given. Besides the array, it allocates the header, and a
/// block of 64 KiB if it converts.
///
/// # Errors
/// Every [`Problem`](super::Problem) of the format, and those of opening and reading a file; errors in the header are
/// found before anything is allocated for the values.
pub fn read(path: &Path, cast: Option<DType>) -> Result<Array, Error> {
    let read = || {
        let (mut file, length) = format::open(path)?;
        let header = Header::read_from(&mut file, length)?;
        match header.dtype(cast)? {
            DType::F32 => values(&mut file, &header).map(Array::F32),
            DType::F64 => values(&mut file, &header).map(Array::F64),
        }
    };
    read().map_err(Error::at(path))
}

fn values<T: Element>(reader: &mut impl Read, header: &Header) -> Result<ArrayD<T>, Problem> {
    let count = header.count()?;
    let memory = |()| Problem::Memory(count.saturating_mul(size_of::<T>()));
    let mut values = bytemuck::allocation::try_zeroed_vec(count).map_err(memory)?;
    header.kind.read_as::<T>(reader, header.endian, &mut values).map_err(Problem::io("read"))?;
    ArrayD::from_shape_vec(IxDyn(&header.shape).set_f(header.fortran_order), values)
        .map_err(|_| Problem::TooLarge(header.shape.clone()))
}

/// Reads the array that fills `length` bytes of `reader`, converted to `cast` if given.
pub(in super::super) fn load(
    reader: &mut impl Read,
    length: u64,
    cast: Option<DType>,
    destination: &mut impl Destination,
) -> Result<Layout, Problem> {
    let header = Header::read_from(reader, length)?;
    let (kind, endian) = (header.kind, header.endian);
    let layout = header.layout(cast);
    layout.read(reader, kind, endian, destination)?;
    Ok(layout)
}

/// Writes `array` as `numpy.save` would.
pub(in super::super) fn save(mut writer: impl Write, array: View<'_>) -> io::Result<()> {
    let Layout { kind, shape, fortran_order } = array.layout();
    writer.write_all(&header::head(&kind.descr(), *fortran_order, shape))?;
    writer.write_all(array.bytes())
}

impl Partials {
    /// Writes `array` to a `.npy` file at `path`. A file that is there is replaced, and the new one gets its
    /// permissions; a link is followed. An array in Fortran order is written in that order, any other in C order; the
    /// elements in the byte order of this machine.
    ///
    /// # Errors
    /// [`Problem::NotAFile`], where a directory, a pipe or a device has the name, and [`Problem::Io`]; the temporary
    /// file is gone then, and a former file at `path` untouched.
    pub fn write<T: Element, D: Dimension>(&self, path: &Path, array: &ArrayView<'_, T, D>) -> Result<(), Error> {
        let transposed = array.t();
        let (fortran_order, in_memory) = match (array.as_slice(), transposed.as_slice()) {
            (None, Some(values)) => (true, Some(values)),
            (values, _) => (false, values),
        };
        let head = header::head(&Kind::of(T::DTYPE).descr(), fortran_order, array.shape());
        self.replace(path, |file| {
            let mut writer = BufWriter::new(file);
            let mut write = || {
                writer.write_all(&head)?;
                match in_memory {
                    Some(values) => writer.write_all(bytemuck::cast_slice(values))?,
                    None => array.iter().try_for_each(|value| writer.write_all(bytemuck::bytes_of(value)))?,
                }
                writer.flush()
            };
            write().map_err(Problem::io("write"))
        })
    }
}
