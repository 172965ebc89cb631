//! Reading the arrays of a file.

use std::borrow::Cow;
use std::path::Path;

use gingham_core::DType;
use rawzip::{FileReader, RangeReader, ReaderAt};

use super::array::Limited;
use super::csv::{self, Dialect};
use super::name::{self, Format};
use super::npz::Archive;
use super::raw::{self, Raw};
use super::{Array, Buffer, Destination, Error, Layout, Problem, View, npy, open};

/// How a file is read; by default, as it says itself.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Its format; `None` for the one that its name ends in.
    pub format: Option<Format>,
    /// The type to convert values to, rounded to nearest; `None` to keep the file's own.
    pub cast: Option<DType>,
    /// Which array of an archive [`load_into`] reads; `None` for the only one.
    pub member: Option<String>,
    /// How CSV is told from text.
    pub dialect: Dialect,
    /// What a raw file holds.
    pub raw: Option<Raw>,
    /// The most bytes of all values; `None` for what the system has. A deflated archive may hold 1032 times its length,
    /// so a limit is wise where files come from strangers.
    pub limit: Option<usize>,
}

impl LoadOptions {
    /// These options for the file at `path`, with what its name tells where they tell nothing.
    ///
    /// # Errors
    /// [`Problem::Extension`]
    pub fn of(mut self, path: &Path) -> Result<Self, Problem> {
        self.format = Some(self.format.map_or_else(|| Format::of(path), Ok)?);
        self.dialect.delimiter = Some(self.dialect.delimiter.unwrap_or_else(|| name::delimiter(path)));
        Ok(self)
    }
}

/// An array and its name: that in its archive, or the file's without its extension.
#[derive(Debug, Clone)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The array.
    pub array: Array,
}

/// Reads all arrays of the file at `path`, in the order of the file: one, if it is no archive.
///
/// # Errors
/// Every [`Problem`] of the format, with the file and the position in it; [`Problem::Extension`] if neither the name
/// nor the options tell the format.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Vec<Named>, Error> {
    Source::open(path, options).and_then(|source| source.all(options, &stem(path))).map_err(Error::at(path))
}

/// As [`load`], of a file whose bytes these are. An array that has no name is named by the empty text.
///
/// # Errors
/// As [`load`]; the options tell the format.
pub fn parse(bytes: &[u8], options: &LoadOptions) -> Result<Vec<Named>, Problem> {
    let format = options.format.ok_or(Problem::Extension)?;
    Source { reader: bytes, length: bytes.len() as u64, format, delimiter: b',' }.all(options, "")
}

/// Reads the array of the file at `path` into `destination`, without another copy of it.
///
/// # Errors
/// As [`load`], and [`Choice`](super::npz::Problem::Choice) if an archive does not have that array; what has been
/// written to the destination is then unspecified.
pub fn load_into(path: &Path, options: &LoadOptions, destination: &mut impl Destination) -> Result<Layout, Error> {
    Source::open(path, options).and_then(|source| source.one(options, destination)).map_err(Error::at(path))
}

/// Reads all arrays of the file at `path`, in the order of the file, one after the other into `buffer`, and hands each
/// to `take` with its name. The options' limit is one for each array, since one is in memory at a time.
///
/// # Errors
/// As [`load`], and those of `take`.
pub fn load_each(
    path: &Path,
    options: &LoadOptions,
    buffer: &mut Buffer,
    mut take: impl FnMut(&str, View<'_>) -> Result<(), Problem>,
) -> Result<(), Error> {
    let mut load = || {
        let source = Source::open(path, options)?;
        if source.format != Format::Npz {
            let layout = source.one(options, buffer)?;
            return take(&stem(path), View::new(&layout, buffer.bytes())?);
        }
        let archive = Archive::open(source.reader, source.length)?;
        let bytes = options.limit.unwrap_or(usize::MAX);
        for member in &archive.members {
            let layout = archive.load(member, options.cast, &mut Limited { destination: buffer, bytes })?;
            take(member.name.as_str(), View::new(&layout, buffer.bytes())?)?;
        }
        Ok(())
    };
    load().map_err(Error::at(path))
}

/// The name of the array in a file that is no archive.
fn stem(path: &Path) -> Cow<'_, str> {
    path.file_stem().unwrap_or_default().to_string_lossy()
}

/// Where the bytes of a file are read from.
struct Source<R> {
    reader: R,
    /// Bytes.
    length: u64,
    format: Format,
    /// The usual delimiter of CSV.
    delimiter: u8,
}

impl Source<FileReader> {
    fn open(path: &Path, options: &LoadOptions) -> Result<Self, Problem> {
        let format = options.format.map_or_else(|| Format::of(path), Ok)?;
        let (file, length) = open(path)?;
        Ok(Self { reader: file.into(), length, format, delimiter: name::delimiter(path) })
    }
}

impl<R: ReaderAt> Source<R> {
    fn all(self, options: &LoadOptions, name: &str) -> Result<Vec<Named>, Problem> {
        if self.format != Format::Npz {
            let mut values = Buffer::default();
            let layout = self.one(options, &mut values)?;
            return Ok(vec![Named { name: name.into(), array: Array::new(layout, values) }]);
        }
        let archive = Archive::open(self.reader, self.length)?;
        let mut bytes = options.limit.unwrap_or(usize::MAX);
        let mut arrays = Vec::new();
        for member in &archive.members {
            let mut values = Buffer::default();
            let layout = archive.load(member, options.cast, &mut Limited { destination: &mut values, bytes })?;
            bytes -= values.bytes().len();
            arrays.push(Named { name: member.name.as_str().into(), array: Array::new(layout, values) });
        }
        Ok(arrays)
    }

    fn one(self, options: &LoadOptions, destination: &mut impl Destination) -> Result<Layout, Problem> {
        let LoadOptions { cast, dialect, .. } = *options;
        let destination = &mut Limited { destination, bytes: options.limit.unwrap_or(usize::MAX) };
        let mut reader = RangeReader::new(&self.reader, 0..self.length);
        match self.format {
            Format::Npy => npy::load(&mut reader, self.length, cast, destination),
            Format::Csv => csv::load(&mut reader, dialect, self.delimiter, cast, destination),
            Format::Raw => {
                let raw = options.raw.as_ref().ok_or(raw::Problem::Untold)?;
                raw::load(&mut reader, self.length, raw, cast, destination)
            }
            Format::Npz => {
                let archive = Archive::open(self.reader, self.length)?;
                let member = archive.find(options.member.as_deref())?;
                archive.load(member, cast, destination)
            }
        }
    }
}
