//! The element types of NumPy that have a real value, and how their bytes become numbers.

use std::fmt;
use std::io::{self, Read};

use gingham_core::{DType, Scalar};

/// Bytes decoded at a time: they stay in cache until they are.
const BLOCK: usize = 64 << 10;

/// Order of the bytes of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endian {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl Endian {
    /// The order of this machine.
    pub const NATIVE: Self = if cfg!(target_endian = "big") { Self::Big } else { Self::Little };
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
pub trait Element: Scalar + bytemuck::Pod {}

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

    /// All of them.
    const ALL: [Self; 12] = [
        Self::Float64,
        Self::Float32,
        Self::Float16,
        Self::Bool,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::UInt8,
        Self::UInt16,
        Self::UInt32,
        Self::UInt64,
    ];

    /// The type and byte order of this name: NumPy's name or descriptor, or that of a [`DType`]. A name without a byte
    /// order has this machine's.
    pub(super) fn named(name: &str) -> Option<(Self, Endian)> {
        let of_dtype = || name.parse().ok().map(Self::of);
        let kind = Self::ALL.into_iter().find(|kind| kind.to_string() == name).or_else(of_dtype);
        kind.map(|kind| (kind, Endian::NATIVE)).or_else(|| Self::parse(name.as_bytes()))
    }

    /// NumPy's descriptor of the type in this machine's byte order, for example `<f8`.
    pub(super) fn descr(self) -> String {
        let order = match (self.size(), Endian::NATIVE) {
            (1, _) => '|',
            (_, Endian::Little) => '<',
            (_, Endian::Big) => '>',
        };
        let letter = match self {
            Self::Float64 | Self::Float32 | Self::Float16 => 'f',
            Self::Bool => 'b',
            Self::Int8 | Self::Int16 | Self::Int32 | Self::Int64 => 'i',
            Self::UInt8 | Self::UInt16 | Self::UInt32 | Self::UInt64 => 'u',
        };
        format!("{order}{letter}{}", self.size())
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

    /// The type that `dtype` computes in.
    #[must_use]
    pub fn of(dtype: DType) -> Self {
        match dtype {
            DType::F64 => Self::Float64,
            DType::F32 => Self::Float32,
        }
    }

    /// Fills `bytes` with elements of this type from `reader`, in this machine's byte order. If the file has that
    /// order, its bytes go there at once, by one `read` if the system gives them so.
    pub(super) fn read(self, reader: &mut impl Read, endian: Endian, bytes: &mut [u8]) -> io::Result<()> {
        reader.read_exact(bytes)?;
        if endian != Endian::NATIVE {
            bytes.chunks_exact_mut(self.size()).for_each(<[u8]>::reverse);
        }
        Ok(())
    }

    /// Fills `values` with elements of this type from `reader`, converted.
    pub(super) fn read_as<T: Element>(
        self,
        reader: &mut impl Read,
        endian: Endian,
        values: &mut [T],
    ) -> io::Result<()> {
        if self.dtype() == Some(T::DTYPE) {
            return self.read(reader, endian, bytemuck::cast_slice_mut(values));
        }
        let mut block = vec![0; BLOCK.min(values.len() * self.size())];
        for values in values.chunks_mut(BLOCK / self.size()) {
            let block = &mut block[..values.len() * self.size()];
            reader.read_exact(block)?;
            self.decode(block, endian, values);
        }
        Ok(())
    }

    /// Fills `values` with the elements that `bytes` encode: rounded to nearest, as `.astype` does.
    fn decode<T: Element>(self, bytes: &[u8], endian: Endian, values: &mut [T]) {
        match self {
            Self::Float64 => convert(bytes, endian, values, f64::from_le_bytes),
            Self::Float32 => convert(bytes, endian, values, f32::from_le_bytes),
            Self::Float16 => convert(bytes, endian, values, |bytes| half(u16::from_le_bytes(bytes))),
            Self::Bool => convert(bytes, endian, values, |[byte]| u8::from(byte != 0)),
            Self::Int8 => convert(bytes, endian, values, i8::from_le_bytes),
            Self::Int16 => convert(bytes, endian, values, i16::from_le_bytes),
            Self::Int32 => convert(bytes, endian, values, i32::from_le_bytes),
            Self::Int64 => convert(bytes, endian, values, i64::from_le_bytes),
            Self::UInt8 => convert(bytes, endian, values, u8::from_le_bytes),
            Self::UInt16 => convert(bytes, endian, values, u16::from_le_bytes),
            Self::UInt32 => convert(bytes, endian, values, u32::from_le_bytes),
            Self::UInt64 => convert(bytes, endian, values, u64::from_le_bytes),
        }
    }
}

fn convert<const SIZE: usize, S: num_traits::NumCast, T: Element>(
    bytes: &[u8],
    endian: Endian,
    values: &mut [T],
    from_little: impl Fn([u8; SIZE]) -> S,
) {
    let (elements, _) = bytes.as_chunks();
    for (value, &element) in values.iter_mut().zip(elements) {
        let mut element: [u8; SIZE] = element;
        if endian == Endian::Big {
            element.reverse();
        }
        *value = num_traits::cast(from_little(element)).expect("every number of these types has a float");
    }
}

/// The value of an IEEE 754 binary16.
pub(super) fn half(bits: u16) -> f32 {
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
        let mut values = vec![T::zero(); bytes.len() / kind.size()];
        kind.read_as(&mut &bytes[..], endian, &mut values).expect("all bytes");
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
    fn a_descriptor_names_its_kind_in_the_order_of_this_machine() {
        for code in ["f8", "f4", "f2", "b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"] {
            let (kind, _) = Kind::parse(format!("<{code}").as_bytes()).expect(code);
            let order = if kind.size() == 1 { Endian::Little } else { Endian::NATIVE };
            assert_eq!(Kind::parse(kind.descr().as_bytes()), Some((kind, order)), "{code}");
        }
    }

    #[test]
    fn other_descriptors_have_no_kind() {
        for descr in ["", "<", "<f", "=f8", "|f8", "|i2", "<f16", "<c8", "<c16", "|O", "|S3", "<U3", "<M8[ns]", "<b2"] {
            assert_eq!(Kind::parse(descr.as_bytes()), None, "{descr}");
        }
    }
}
