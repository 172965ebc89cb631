//! What is known of an array in a file, and the memory that its values are read into.
//!
//! A worker that reads thousands of files reads all of them into one [`Buffer`], or into a slice that it has: the first
//! touch of new memory costs more than the reading.

use std::fmt;
use std::io::Read;

use super::{Element, Endian, Kind, Problem};

/// Type, shape and order of an array. Its values stand in memory in this machine's byte order, without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Element type.
    pub kind: Kind,
    /// Lengths of the axes; empty for a scalar.
    pub shape: Vec<usize>,
    /// Whether the first index runs fastest.
    pub fortran_order: bool,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = if self.fortran_order { " by columns" } else { "" };
        write!(f, "{} {:?}{order}", self.kind, self.shape)
    }
}

impl Layout {
    /// Number of elements.
    ///
    /// # Errors
    /// [`Problem::TooLarge`], if this machine cannot address their bytes.
    pub fn elements(&self) -> Result<usize, Problem> {
        elements(self.kind, &self.shape)
    }

    /// Bytes of all elements.
    ///
    /// # Errors
    /// As [`Layout::elements`].
    pub fn bytes(&self) -> Result<usize, Problem> {
        Ok(self.elements()? * self.kind.size())
    }

    /// Reads the values of such an array: elements of type `kind` and byte order `endian` from `reader`, converted if
    /// this layout has another type.
    pub(super) fn read(
        &self,
        reader: &mut impl Read,
        kind: Kind,
        endian: Endian,
        destination: &mut impl Destination,
    ) -> Result<(), Problem> {
        let bytes = destination.room(self.kind, self.elements()?)?;
        let read = match self.kind {
            to if to == kind => kind.read(reader, endian, bytes),
            Kind::Float32 => kind.read_as::<f32>(reader, endian, bytemuck::cast_slice_mut(bytes)),
            _ => kind.read_as::<f64>(reader, endian, bytemuck::cast_slice_mut(bytes)),
        };
        read.map_err(Problem::io("read"))
    }
}

/// Number of elements in an array of this shape; [`Problem::TooLarge`] if this machine cannot address their bytes.
pub(super) fn elements(kind: Kind, shape: &[usize]) -> Result<usize, Problem> {
    // Axes of length 0 are left out first: `ndarray` has no array of shape (0, 2**63) either.
    let mut lengths = shape.iter().filter(|&&length| length != 0);
    let bytes = lengths.try_fold(kind.size(), |bytes, &length| bytes.checked_mul(length));
    match bytes.filter(|&bytes| isize::try_from(bytes).is_ok()) {
        Some(_) if shape.contains(&0) => Ok(0),
        Some(bytes) => Ok(bytes / kind.size()),
        None => Err(Problem::TooLarge(shape.into())),
    }
}

/// Where values are read to.
pub trait Destination {
    /// The memory of the first `elements` elements of type `kind`, aligned for that type, with what has been written to
    /// it since the array was begun.
    ///
    /// # Errors
    /// [`Problem::Memory`], [`Problem::Room`] or [`Problem::Kind`], if there is no such memory.
    fn room(&mut self, kind: Kind, elements: usize) -> Result<&mut [u8], Problem>;
}

/// Memory that grows to the largest array that it has held.
#[derive(Debug, Clone, Default)]
pub struct Buffer {
    /// Of 64 bits, so that the values of every type are aligned.
    words: Vec<u64>,
    /// Bytes of the present array.
    length: usize,
}

impl Buffer {
    /// The values of the array that was read last.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.length]
    }
}

impl Destination for Buffer {
    fn room(&mut self, kind: Kind, elements: usize) -> Result<&mut [u8], Problem> {
        let refused = || Problem::Memory(elements.saturating_mul(kind.size()));
        let bytes = elements.checked_mul(kind.size()).ok_or_else(refused)?;
        let words = bytes.div_ceil(size_of::<u64>());
        if self.words.is_empty() {
            // Zeros that the system makes when they are touched, which is when they are read into.
            self.words = bytemuck::allocation::try_zeroed_vec(words).map_err(|()| refused())?;
        } else if words > self.words.len() {
            self.words.try_reserve(words - self.words.len()).map_err(|_| refused())?;
            self.words.resize(words, 0);
        }
        self.length = bytes;
        Ok(&mut bytemuck::cast_slice_mut(&mut self.words)[..bytes])
    }
}

impl<T: Element> Destination for &mut [T] {
    fn room(&mut self, kind: Kind, elements: usize) -> Result<&mut [u8], Problem> {
        if kind.dtype() != Some(T::DTYPE) {
            return Err(Problem::Kind { found: kind, wanted: Kind::of(T::DTYPE) });
        }
        let has = self.len();
        let room = self.get_mut(..elements).ok_or(Problem::Room { has, needs: elements })?;
        Ok(bytemuck::cast_slice_mut(room))
    }
}

/// A destination that refuses arrays of more than `bytes` bytes.
pub(super) struct Limited<'a, D> {
    pub(super) destination: &'a mut D,
    pub(super) bytes: usize,
}

impl<D: Destination> Destination for Limited<'_, D> {
    fn room(&mut self, kind: Kind, elements: usize) -> Result<&mut [u8], Problem> {
        let needs = elements.saturating_mul(kind.size());
        if needs > self.bytes {
            return Err(Problem::Limit { needs, limit: self.bytes });
        }
        self.destination.room(kind, elements)
    }
}

/// An array that has been read.
#[derive(Debug, Clone)]
pub struct Array {
    layout: Layout,
    values: Buffer,
}

impl Array {
    pub(super) fn new(layout: Layout, values: Buffer) -> Self {
        Self { layout, values }
    }

    /// Its type, shape and order.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Its values in memory.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.values.bytes()
    }

    /// Its values, if they are of type `T`.
    #[must_use]
    pub fn values<T: Element>(&self) -> Option<&[T]> {
        (self.layout.kind.dtype() == Some(T::DTYPE)).then(|| bytemuck::cast_slice(self.bytes()))
    }

    /// The array as it is saved.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View { layout: &self.layout, bytes: self.bytes() }
    }
}

/// An array of the caller's that is to be saved.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    layout: &'a Layout,
    bytes: &'a [u8],
}

impl<'a> View<'a> {
    /// The array of this layout whose values are `bytes`.
    ///
    /// # Errors
    /// [`Problem::TooLarge`]; [`Problem::Bytes`], if the shape has more or fewer bytes.
    pub fn new(layout: &'a Layout, bytes: &'a [u8]) -> Result<Self, Problem> {
        let needs = layout.bytes()?;
        if bytes.len() != needs {
            return Err(Problem::Bytes { shape: layout.shape.clone(), needs, has: bytes.len() });
        }
        Ok(Self { layout, bytes })
    }

    /// Its type, shape and order.
    #[must_use]
    pub fn layout(&self) -> &'a Layout {
        self.layout
    }

    /// Its values in memory.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}
