//! The bytes of the values and nothing else: what `numpy.ndarray.tofile` writes. Type, shape and order are told.

use std::io::Read;

use gingham_core::DType;

use super::{Destination, Endian, Kind, Layout, excerpt};

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

    /// Values by rows. `dtype` is NumPy's name or descriptor of a type with a real value: `float32`, or `>f4` with its
    /// byte order; or f64 or f32. `shape` has the lengths of the axes: `512x256`.
    ///
    /// # Errors
    /// [`Problem::DType`], [`Problem::Shape`].
    pub fn told(dtype: &str, shape: &str) -> Result<Self, Problem> {
        let given = |text: &str| excerpt(text.as_bytes());
        let (kind, endian) = Kind::named(dtype).ok_or_else(|| Problem::DType(given(dtype)))?;
        let lengths: Result<_, _> = shape.split('x').map(str::parse).collect();
        let shape = lengths.map_err(|_| Problem::Shape(given(shape)))?;
        Ok(Self { layout: Layout { kind, shape, fortran_order: false }, endian })
    }
}

/// What is wrong with a raw file, and what would have worked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Nobody told what the bytes are.
    #[error("a raw file does not say what it holds; tell its element type and its shape")]
    Untold,
    /// A text that names no element type.
    #[error("no element type `{0}`; expected one such as float64, int32, bool, or >f4 with its byte order")]
    DType(String),
    /// A text that is no shape.
    #[error("no shape `{0}`; expected the lengths of the axes, such as 512x256")]
    Shape(String),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_and_shape_are_told_in_words() {
        let told = |dtype, shape| Raw::told(dtype, shape).map_err(|problem| problem.to_string());
        let raw = told(">i2", "3x0x4").expect("both are right");
        assert_eq!((raw.layout.kind, &raw.layout.shape[..], raw.endian), (Kind::Int16, &[3, 0, 4][..], Endian::Big));
        for name in ["float16", "f64", "f32", "bool", "uint64", "|u1", "<f8"] {
            assert!(told(name, "7").is_ok(), "{name}");
        }
        for (dtype, shape) in [("complex128", "3"), ("Float64", "3"), ("", "3"), ("f8", "3")] {
            assert!(told(dtype, shape).is_err_and(|message| message.contains(&format!("`{dtype}`"))), "{dtype}");
        }
        for shape in ["", "x", "3x", "-1", "3,4", "1e3", "99999999999999999999999"] {
            assert!(told("f64", shape).is_err_and(|message| message.contains("no shape")), "{shape}");
        }
    }
}
