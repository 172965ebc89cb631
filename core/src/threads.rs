//! A number of op threads: threads inside one operation.

use std::fmt;
use std::num::NonZeroUsize;

use crate::Error;

/// Threads inside one operation, 1 to [`OpThreads::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OpThreads(NonZeroUsize);

impl OpThreads {
    /// The calling thread alone.
    pub const ONE: Self = Self(NonZeroUsize::MIN);

    /// More than any machine has today; a larger count is a slip of the keyboard.
    pub const MAX: usize = 4096;

    /// `n` threads, the calling one included.
    ///
    /// # Errors
    /// [`Error::ThreadCount`] unless `1 <= n <= MAX`.
    pub fn new(n: usize) -> Result<Self, Error> {
        match NonZeroUsize::new(n) {
            Some(count) if n <= Self::MAX => Ok(Self(count)),
            _ => Err(Error::ThreadCount { given: n }),
        }
    }

    /// The count.
    #[must_use]
    pub fn get(self) -> usize {
        self.0.get()
    }
}

impl fmt::Display for OpThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
