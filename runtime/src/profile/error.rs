//! Why a profile cannot be read or written.

use std::io;
use std::path::{Path, PathBuf};

use super::SCHEMA;

/// A profile that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused.
    #[error("profile {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is not a profile.
    #[error(
        "profile {path} is damaged ({reason}); remove it with `gingham profile clear --profile {path}`, or \
         name another with --profile"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The text from a device or a pipe is not a profile.
    #[error("{path} does not give a profile ({reason}); name another file with --profile")]
    Stream {
        /// The device or pipe.
        path: PathBuf,
        /// What is wrong with the text.
        reason: String,
    },
    /// It could not be written.
    #[error("profile {path} cannot be written: {source}; name another with --profile, or save nothing with --no-save")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is a profile of another version, or something else.
    #[error("profile {path} has schema `{schema}`; this gingham reads `{SCHEMA}`; name another file with --profile")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        schema: String,
    },
    /// The file is one of Gingham's other files.
    #[error("{path} is not a profile, but {what}; name another file")]
    Other {
        /// The file.
        path: PathBuf,
        /// What it is, and which command reads it.
        what: &'static str,
    },
    /// There is no home directory.
    #[error("no place for a profile: neither XDG_CONFIG_HOME nor HOME is set; name a file with --profile")]
    NoHome,
}

/// What is wrong with a text that should be a profile.
pub(super) enum Flaw {
    Damaged(String),
    /// The schema that it names.
    Foreign(String),
    /// What else it is.
    Other(&'static str),
}

impl Flaw {
    pub(super) fn at(self, path: &Path) -> Error {
        let path = path.to_owned();
        match self {
            Self::Foreign(schema) => Error::Foreign { path, schema },
            Self::Other(what) => Error::Other { path, what },
            Self::Damaged(reason) if path.is_file() => Error::Damaged { path, reason },
            Self::Damaged(reason) => Error::Stream { path, reason },
        }
    }
}
