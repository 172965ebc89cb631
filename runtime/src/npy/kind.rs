//! The element types of NumPy that have a real value, and how their bytes become numbers.

use std::fmt;

use gingham_core::{DType, Scalar};

/// Order of the bytes of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endian {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// An element type of a file; its [`Display`](fmt::Display) is NumPy's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the type of its name")]
pub enum Kind {
    Float64,
    Float32,
    Float16,
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
}

/// An element type that arrays are computed and written in.
pub trait Element: Scalar + bytemuck::NoUninit {}

impl Element for f32 {}
impl Element for f64 {}

impl Kind {
    /// The type and byte order of NumPy's descriptor, for example `<f8`; `None` for a type without a real value.
    pub(super) fn parse(descr: &[u8]) -> Option<(Self, Endian)> {
        let (order, code) = descr.split_first()?;
        let kind = match code {
            b"f8" => Self::Float64,
            b"f4" => Self::Float32,
            b"f2" => Self::Float16,
            b"b1" => Self::Bool,
            b"i1" => Self::Int8,
            b"i2" => Self::Int16,
            b"i4" => Self::Int32,
            b"i8" => Self::Int64,
            b"u1" => Self::UInt8,
            b"u2" => Self::UInt16,
            b"u4" => Self::UInt32,
            b"u8" => Self::UInt64,
            _ => return None,
        };
        match order {
            b'<' => Some((kind, Endian::Little)),
            b'>' => Some((kind, Endian::Big)),
            b'|' if kind.size() == 1 => Some((kind, Endian::Little)),
            _ => None,
        }
    }

    /// Bytes of an element.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::Bool | Self::Int8 | Self::UInt8 => 1,
            Self::Float16 | Self::Int16 | Self::UInt16 => 2,
            Self::Float32 | Self::Int32 | Self::UInt32 => 4,
            Self::Float64 | Self::Int64 | Self::UInt64 => 8,
        }
    }

    /// The type to compute in, if that is the file's own.
    #[must_use]
    pub fn dtype(self) -> Option<DType> {
        match self {
            Self::Float64 => Some(DType::F64),
            Self::Float32 => Some(DType::F32),
            _ => None,
        }
    }

    /// Appends the elements that `bytes`, a whole number of them, encode: rounded to nearest, as `.astype` does.
    pub(super) fn decode<T: Element>(self, bytes: &[u8], endian: Endian, values: &mut Vec<T>) {
        match self {
            Self::Float64 => extend(bytes, endian, values, f64::from_le_bytes),
            Self::Float32 => extend(bytes, endian, values, f32::from_le_bytes),
            Self::Float16 => extend(bytes, endian, values, |bytes| half(u16::from_le_bytes(bytes))),
            Self::Bool => extend(bytes, endian, values, |[byte]| u8::from(byte != 0)),
            Self::Int8 => extend(bytes, endian, values, i8::from_le_bytes),
            Self::Int16 => extend(bytes, endian, values, i16::from_le_bytes),
            Self::Int32 => extend(bytes, endian, values, i32::from_le_bytes),
            Self::Int64 => extend(bytes, endian, values, i64::from_le_bytes),
            Self::UInt8 => extend(bytes, endian, values, u8::from_le_bytes),
            Self::UInt16 => extend(bytes, endian, values, u16::from_le_bytes),
            Self::UInt32 => extend(bytes, endian, values, u32::from_le_bytes),
            Self::UInt64 => extend(bytes, endian, values, u64::from_le_bytes),
        }
    }
}

fn extend<const SIZE: usize, S: num_traits::NumCast, T: Element>(
    bytes: &[u8],
    endian: Endian,
    values: &mut Vec<T>,
    from_little: impl Fn([u8; SIZE]) -> S,
) {
    let (elements, _) = bytes.as_chunks();
    let value = |bytes| -> T { num_traits::cast(from_little(bytes)).expect("every number of these types has a float") };
    match endian {
        Endian::Little => values.extend(elements.iter().map(|&bytes| value(bytes))),
        Endian::Big => values.extend(elements.iter().map(|&(mut bytes)| {
            bytes.reverse();
            value(bytes)
        })),
    }
}

/// The value of an IEEE 754 binary16.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction * f32::exp2(-24.0),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * f32::powi(2.0, exponent - 25),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded<T: Element>(descr: &str, bytes: &[u8]) -> Vec<T> {
        let (kind, endian) = Kind::parse(descr.as_bytes()).expect(descr);
        let mut values = Vec::new();
        kind.decode(bytes, endian, &mut values);
        values
    }

    #[test]
    fn every_kind_has_its_value() {
        assert_eq!(decoded::<f64>("|b1", &[0, 1]), [0.0, 1.0]);
        assert_eq!(decoded::<f64>("|i1", &[0x80, 0x7f]), [-128.0, 127.0]);
        assert_eq!(decoded::<f64>("|u1", &[0x80]), [128.0]);
        assert_eq!(decoded::<f64>("<i2", &[0x00, 0x80]), [-32768.0]);
        assert_eq!(decoded::<f64>(">i2", &[0x80, 0x00]), [-32768.0]);
        assert_eq!(decoded::<f64>("<u2", &[0x00, 0x80]), [32768.0]);
        assert_eq!(decoded::<f64>(">i4", &[0xff, 0xff, 0xff, 0xfe]), [-2.0]);
        assert_eq!(decoded::<f64>("<u4", &[0xff; 4]), [4294967295.0]);
        assert_eq!(decoded::<f64>("<i8", &(-3_i64).to_le_bytes()), [-3.0]);
        assert_eq!(decoded::<f64>(">u8", &u64::MAX.to_be_bytes()), [18446744073709551616.0]);
        assert_eq!(decoded::<f64>("<f4", &0.1_f32.to_le_bytes()), [f64::from(0.1_f32)]);
        assert_eq!(decoded::<f32>(">f8", &1e300_f64.to_be_bytes()), [f32::INFINITY]);
        // Rounded once: by way of f64 this tie would go down.
        assert_eq!(decoded::<f32>("<i8", &0x4000_0040_0000_0001_i64.to_le_bytes()), [4611686568183201792.0]);
    }

    #[test]
    fn half_precision_has_its_value() {
        let values = [0x0000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0x3555, 0xc000, 0x7bff, 0x7c00, 0xfc00].map(half);
        let tiny = f32::exp2(-24.0);
        let expected = [
            0.0,
            tiny,
            1023.0 * tiny,
            1024.0 * tiny,
            1.0,
            0.333_251_95,
            -2.0,
            65504.0,
            f32::INFINITY,
            f32::NEG_INFINITY,
        ];
        assert_eq!(values, expected);
        assert!(half(0x7c01).is_nan() && half(0xfe00).is_nan());
        assert!(half(0x8000).is_sign_negative());
        // They ascend with their bits; the distance between two depends on their binade.
        for bits in 0..0x7bff_u16 {
            let step = f32::powi(2.0, i32::from(bits >> 10).max(1) - 25);
            assert_eq!(half(bits + 1) - half(bits), step, "{bits:#06x}");
        }
    }

    #[test]
    fn other_descriptors_have_no_kind() {
        for descr in ["", "<", "<f", "=f8", "|f8", "|i2", "<f16", "<c8", "<c16", "|O", "|S3", "<U3", "<M8[ns]", "<b2"] {
            assert_eq!(Kind::parse(descr.as_bytes()), None, "{descr}");
        }
    }
}
