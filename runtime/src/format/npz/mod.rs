//! Archives of arrays, as `numpy.savez` and `numpy.savez_compressed` write them: a zip file whose members are `.npy`
//! files, stored or deflated.
//!
//! `rawzip` reads and writes the structure of the archive. It has no unsafe code and no dependencies, and it keeps no
//! list of members; the crate `zip` keeps one, takes two members that share their bytes, and does not hold a member's
//! sizes against each other. What a list may say is decided in `directory`: no member overlaps another, has a name that
//! could be a way out of a directory, or claims more bytes than its method can make of those that are there. `flate2`
//! inflates by `miniz_oxide`, which has no unsafe code either.

mod directory;
mod name;
mod read;
mod write;

pub(super) use directory::Archive;
pub(super) use name::Name;
pub(super) use write::{named, save};

use std::io;

use super as format;

/// What is wrong with an archive, and what would have worked. Texts taken from the file are escaped and cut.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// There is no end of a central directory.
    #[error("not a .npz file, or cut at its end: it has no list of members; copy or save it again")]
    NoDirectory,
    /// The list of members is not what the format says.
    #[error("malformed archive: expected {expected} at byte {at}, found {found}")]
    Directory {
        /// What the format has in that place.
        expected: String,
        /// Offset in the file, bytes.
        at: u64,
        /// What the file has in that place.
        found: String,
    },
    /// One member is wrong.
    #[error("member `{name}`, at byte {at}: {problem}")]
    Member {
        /// Its name in the archive.
        name: String,
        /// Where it starts in the file, bytes.
        at: u64,
        /// What is wrong with it.
        problem: Box<format::Problem>,
    },
    /// An archive without the array that was named, or with several of which none was.
    #[error("{}; name one of its {count} arrays: {}", unfound(wanted.as_ref()), listed(names, *count))]
    Choice {
        /// The name that was given.
        wanted: Option<String>,
        /// The first names of its arrays.
        names: Vec<String>,
        /// How many arrays it has.
        count: usize,
    },
    /// An array that cannot be saved under this name.
    #[error("array `{0}`: {1}")]
    Named(String, Box<Self>),
    /// A name that is not one of an array.
    #[error("expected the name of an array and .npy: in UTF-8, without control characters, `\\`, `..` and a first `/`")]
    Name,
    /// A name that two arrays have.
    #[error("two arrays have this name; expected each once")]
    Twice,
    /// A member that only a password opens.
    #[error("encrypted; expected a member that is not: numpy.savez writes none")]
    Encrypted,
    /// A member in a compression of this name or number.
    #[error("compressed by {0}; expected a stored or deflated member, as numpy.savez_compressed writes")]
    Method(String),
    /// A member whose bytes are also those of another, or of the list of members.
    #[error("its bytes to {end} overlap what starts at byte {next}; expected members one after another")]
    Overlap {
        /// Where the member ends, bytes.
        end: u64,
        /// Where the next thing starts, bytes.
        next: u64,
    },
    /// The list of members and the member itself disagree on this.
    #[error("the list of members and the member's own header differ in its {0}; save the archive again")]
    Disagree(&'static str),
    /// The claimed size is not one that the member's bytes can have.
    #[error("claims {claimed} bytes; {compressed} bytes in this compression give at most {most}")]
    Claims {
        /// Bytes that it claims to have.
        claimed: u64,
        /// Bytes that it has in the archive.
        compressed: u64,
        /// The most bytes that these can give.
        most: u64,
    },
    /// The member's bytes give fewer bytes than it claims, or are not all used by these.
    #[error("its compressed bytes are not those of the {0} bytes that it claims; copy or save it again")]
    Stream(u64),
    /// The bytes are not those that were saved.
    #[error("the checksum is {found:08x}, expected {expected:08x}: the data have changed; copy or save it again")]
    Checksum {
        /// That of the bytes.
        found: u32,
        /// That in the list of members.
        expected: u32,
    },
}

fn unfound(wanted: Option<&String>) -> String {
    match wanted {
        Some(name) => format!("it has no array `{}`", format::excerpt(name.as_bytes())),
        None => "it does not hold one array".into(),
    }
}

fn listed(names: &[String], count: usize) -> String {
    let dots = if count > names.len() { ", .." } else { "" };
    names.iter().map(|name| format::excerpt(name.as_bytes())).collect::<Vec<_>>().join(", ") + dots
}

/// The system's error, if that is what it is.
fn cause(error: rawzip::Error) -> io::Error {
    match error.into_kind() {
        rawzip::ErrorKind::IO(error) => error,
        other => io::Error::other(other.to_string()),
    }
}
