//! Why a profile cannot be read or written.

use std::io;
use std::path::PathBuf;

use super::SCHEMA;

/// A profile that cannot be read or written: its path, and why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused to read it.
    #[error("profile {0}: {1}")]
    Io(PathBuf, #[source] io::Error),
    /// The file is not a profile.
    #[error(
        "profile {0} is damaged ({1}); remove it with `gingham profile clear --profile {0}`, or name another with \
         --profile"
    )]
    Damaged(PathBuf, String),
    /// The text from a device or a pipe is not a profile.
    #[error("{0} does not give a profile ({1}); name another file with --profile")]
    Stream(PathBuf, String),
    /// The system refused to write it.
    #[error("profile {0} cannot be written: {1}; name another with --profile, or save nothing with --no-save")]
    Unwritable(PathBuf, #[source] io::Error),
    /// The file states this schema: it is a profile of another version, or something else.
    #[error("profile {0} has schema `{1}`; this gingham reads `{SCHEMA}`; name another file with --profile")]
    Foreign(PathBuf, String),
    /// The file is one of Gingham's other files, which the text names with the command that reads it.
    #[error("{0} is not a profile, but {1}; name another file")]
    Other(PathBuf, &'static str),
    /// The user has no home directory.
    #[error("no place for a profile: neither XDG_CONFIG_HOME nor HOME is set; name a file with --profile")]
    NoHome,
}
