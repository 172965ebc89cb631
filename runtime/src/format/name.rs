//! The formats, and how a file's name or a user names one.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::Problem;

/// A format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// One array: [`npy`](super::npy).
    Npy,
    /// Named arrays: [`npz`](super::npz).
    Npz,
    /// Rows of numbers in text: [`csv`](super::csv).
    Csv,
    /// Nothing but the values: [`raw`](super::raw).
    Raw,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Npy, Self::Npz, Self::Csv, Self::Raw];

    /// The format that the name of a file ends in: `.npy`, `.npz`, `.csv` or `.tsv`, `.raw` or `.bin`, in either case.
    ///
    /// # Errors
    /// [`Problem::Extension`].
    pub fn of(path: &Path) -> Result<Self, Problem> {
        let extension = extension(path);
        let named = Self::ALL.into_iter().find(|format| format.extensions().contains(&extension.as_str()));
        named.ok_or(Problem::Extension)
    }

    /// What the names of its files end in, after a dot; first what new files are given.
    #[must_use]
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Npy => &["npy"],
            Self::Npz => &["npz"],
            Self::Csv => &["csv", "tsv"],
            Self::Raw => &["raw", "bin"],
        }
    }
}

/// The delimiter of CSV that is usual in files of such a name.
pub(super) fn delimiter(path: &Path) -> u8 {
    if extension(path) == "tsv" { b'\t' } else { b',' }
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Npy => "npy",
            Self::Npz => "npz",
            Self::Csv => "csv",
            Self::Raw => "raw",
        })
    }
}

impl FromStr for Format {
    type Err = Problem;

    fn from_str(name: &str) -> Result<Self, Problem> {
        let named = Self::ALL.into_iter().find(|format| format.to_string() == name);
        named.ok_or_else(|| Problem::Format(super::excerpt(name.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_format() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse::<Format>().expect("its name"), format);
            assert_eq!(Format::of(Path::new(&format!("a.b/c.{format}"))).expect("an extension"), format);
        }
        assert_eq!(Format::of(Path::new("A.NPY")).expect("an extension"), Format::Npy);
        assert_eq!(delimiter(Path::new("a.TSV")), b'\t');
        for other in ["", "npy", "a.npy/b", "a.txt", ".npy"] {
            assert!(Format::of(Path::new(other)).is_err(), "{other}");
        }
        let message = "hdf5".parse::<Format>().expect_err("none of ours").to_string();
        assert!(message.contains("`hdf5`") && message.contains("npy, npz, csv or raw"), "{message}");
    }
}
