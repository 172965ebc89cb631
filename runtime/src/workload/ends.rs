//! Where the inputs of a task come from, and where its result goes.

use std::fmt;
use std::str::FromStr;

use super::Error;

/// Where inputs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Source {
    /// They lie in memory before the batch begins: its maker has made them.
    #[default]
    Parent,
    /// Whoever does a task makes its inputs, within the time of the batch.
    Worker,
    /// Whoever does a task reads its inputs from files, within the time of the batch.
    #[cfg(feature = "files")]
    Files,
}

/// Where results go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sink {
    /// Into the memory of the batch.
    #[default]
    Parent,
    /// Nowhere: whoever does a task forgets its result. (A run that is judged keeps it.)
    Drop,
    /// Whoever does a task writes its result to a file, within the time of the batch.
    #[cfg(feature = "files")]
    Files,
}

impl Source {
    const ALL: &[Self] = &[
        Self::Parent,
        Self::Worker,
        #[cfg(feature = "files")]
        Self::Files,
    ];

    /// The word for it on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Worker => "worker",
            #[cfg(feature = "files")]
            Self::Files => "files",
        }
    }
}

impl Sink {
    const ALL: &[Self] = &[
        Self::Parent,
        Self::Drop,
        #[cfg(feature = "files")]
        Self::Files,
    ];

    /// The word for it on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Drop => "drop",
            #[cfg(feature = "files")]
            Self::Files => "files",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Source {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self, Error> {
        Self::ALL.iter().find(|source| source.name() == given).copied().ok_or_else(|| Error::Source(given.into()))
    }
}

impl FromStr for Sink {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self, Error> {
        Self::ALL.iter().find(|sink| sink.name() == given).copied().ok_or_else(|| Error::Sink(given.into()))
    }
}
