//! Writing rows: each number in the fewest digits that give it back to the bit.

use std::io::{self, Write};

use super::super::kind::half;
use super::super::{Kind, View};
use super::{Dialect, Problem};

/// Writes the rows of `array`, without a header. A vector is written one number a line, a scalar as one; truth values
/// are 0 and 1. The sign and the payload of a NaN are lost.
pub(in super::super) fn save(
    writer: &mut impl Write,
    dialect: Dialect,
    usual: u8,
    array: View<'_>,
) -> Result<(), super::super::Problem> {
    let delimiter = dialect.delimiter(usual)?;
    let layout = array.layout();
    let (rows, columns) = match layout.shape[..] {
        [] => (1, 1),
        [rows] => (rows, 1),
        [rows, columns] => (rows, columns),
        _ => (0, 0),
    };
    if rows == 0 || columns == 0 {
        return Err(Problem::Shape(layout.shape.clone()).into());
    }
    let size = layout.kind.size();
    let (row_stride, column_stride) = if layout.fortran_order { (1, rows) } else { (columns, 1) };
    let mut write = || {
        for row in 0..rows {
            for column in 0..columns {
                if column > 0 {
                    writer.write_all(&[delimiter])?;
                }
                let at = (row * row_stride + column * column_stride) * size;
                number(writer, layout.kind, &array.bytes()[at..at + size])?;
            }
            writer.write_all(b"\n")?;
        }
        Ok(())
    };
    write().map_err(super::super::Problem::io("write"))
}

fn number(writer: &mut impl Write, kind: Kind, bytes: &[u8]) -> io::Result<()> {
    macro_rules! of {
        ($type:ty) => {
            <$type>::from_ne_bytes(bytes.try_into().expect("the bytes of one element"))
        };
    }
    match kind {
        Kind::Float64 => float(writer, of!(f64)),
        Kind::Float32 => float(writer, of!(f32)),
        // In as many digits as give back its value as an `f64`, which a reader may have.
        Kind::Float16 => float(writer, f64::from(half(of!(u16)))),
        Kind::Bool => write!(writer, "{}", u8::from(of!(u8) != 0)),
        Kind::Int8 => write!(writer, "{}", of!(i8)),
        Kind::Int16 => write!(writer, "{}", of!(i16)),
        Kind::Int32 => write!(writer, "{}", of!(i32)),
        Kind::Int64 => write!(writer, "{}", of!(i64)),
        Kind::UInt8 => write!(writer, "{}", of!(u8)),
        Kind::UInt16 => write!(writer, "{}", of!(u16)),
        Kind::UInt32 => write!(writer, "{}", of!(u32)),
        Kind::UInt64 => write!(writer, "{}", of!(u64)),
    }
}

fn float<T: zmij::Float + num_traits::Float>(writer: &mut impl Write, value: T) -> io::Result<()> {
    let text: &[u8] = match value {
        value if value.is_finite() => return writer.write_all(zmij::Buffer::new().format_finite(value).as_bytes()),
        value if value.is_nan() => b"nan",
        value if value.is_sign_negative() => b"-inf",
        _ => b"inf",
    };
    writer.write_all(text)
}
