//! Writing arrays to a file, which gets its name when it is whole.

use std::io::{BufWriter, Write};
use std::path::Path;

use super::csv::{self, Dialect};
use super::name::{self, Format};
use super::npz::{self, Name};
use super::{Error, Partials, Problem, View, npy};

/// How a file is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct SaveOptions {
    /// Its format; `None` for the one that its name ends in.
    pub format: Option<Format>,
    /// Whether the members of an archive are deflated, as `numpy.savez_compressed` does.
    pub deflate: bool,
    /// The delimiter of CSV, whose header is not written.
    pub dialect: Dialect,
}

/// Writes named arrays to the file at `path`, which is replaced if it is there: its readers find the former contents or
/// the new ones. All formats but [`Format::Npz`] take one array, whose name is not written, and all but [`Format::Csv`]
/// keep its order and type, in this machine's byte order.
///
/// # Errors
/// [`Problem::Arrays`], [`Problem::Extension`], a name that is not one of an array or that two have, a shape that CSV
/// cannot tell, [`Problem::NotAFile`] where a directory, a pipe or a device has the name, and [`Problem::Io`]. A former
/// file at `path` is untouched then.
pub fn save(path: &Path, options: &SaveOptions, arrays: &[(&str, View<'_>)], partials: &Partials) -> Result<(), Error> {
    let format = options.format.map_or_else(|| Format::of(path), Ok).map_err(Error::at(path))?;
    let content = Content::of(format, arrays).map_err(Error::at(path))?;
    partials.replace(path, |file| {
        let mut writer = BufWriter::new(file);
        match content {
            Content::Npy(array) => npy::save(&mut writer, array).map_err(Problem::io("write"))?,
            Content::Npz(arrays) => {
                npz::save(&mut writer, options.deflate, &arrays).map_err(Problem::io("write"))?;
            }
            Content::Csv(array) => csv::save(&mut writer, options.dialect, name::delimiter(path), array)?,
            Content::Raw(array) => writer.write_all(array.bytes()).map_err(Problem::io("write"))?,
        }
        writer.flush().map_err(Problem::io("write"))
    })
}

/// What a file of each format can hold.
enum Content<'a> {
    Npy(View<'a>),
    Npz(Vec<(Name, View<'a>)>),
    Csv(View<'a>),
    Raw(View<'a>),
}

impl<'a> Content<'a> {
    fn of(format: Format, arrays: &[(&str, View<'a>)]) -> Result<Self, Problem> {
        let one = match arrays {
            [(_, array)] => Ok(*array),
            several => Err(Problem::Arrays(format, several.len())),
        };
        Ok(match format {
            Format::Npy => Self::Npy(one?),
            Format::Csv => Self::Csv(one?),
            Format::Raw => Self::Raw(one?),
            Format::Npz => Self::Npz(npz::named(arrays)?),
        })
    }
}
