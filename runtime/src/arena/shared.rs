//! Memory that processes share: a file in memory or on disk, without a name, which is gone with the last process that
//! has it.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use super::map::{ReadOnly, Words, Writable};
use super::{Error, Location, backing};

/// Bytes that are allocated and touched at a time, whole blocks of random numbers.
pub(super) const SLICE: u64 = 64 << 20;

/// A memory file.
#[derive(Debug)]
pub struct Shared {
    file: File,
    bytes: u64,
}

impl Shared {
    /// `bytes` bytes, at least one, which are 0 and have been touched. Children do not inherit the descriptor: they
    /// open it by its path.
    ///
    /// # Errors
    /// [`Error::System`]
    pub fn new(name: &str, bytes: u64) -> Result<Self, Error> {
        Self::of(backing::create(name, false), bytes, |_, _| Ok(()))
    }

    /// The same in a file on disk, in the directory of temporary files.
    ///
    /// # Errors
    /// [`Error::System`]
    pub(crate) fn on_disk(bytes: u64) -> Result<Self, Error> {
        Self::of(backing::on_disk(), bytes, |_, _| Ok(()))
    }

    /// The same, but children inherit the descriptor. `each` receives each slice of it, with the offset of the slice's
    /// first byte, once the slice has been allocated and touched: some systems allocate at once, and take their time at
    /// the first touch.
    pub(super) fn inherited(
        name: &str,
        bytes: u64,
        each: impl FnMut(usize, &mut [u8]) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        Self::of(backing::create(name, true), bytes, each)
    }

    /// The first `bytes` bytes of `file`, which is empty.
    pub(super) fn of(
        file: io::Result<File>,
        bytes: u64,
        mut each: impl FnMut(usize, &mut [u8]) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let file = file.map_err(|source| Error::System { bytes, available: None, source })?;
        let refused = |source: io::Error| {
            let available = backing::available(&file, &source);
            Error::System { bytes, available, source }
        };
        for start in (0..bytes).step_by(SLICE as usize) {
            let length = SLICE.min(bytes - start);
            backing::allocate(&file, start, length).map_err(refused)?;
            // Unmapped again: a file with a writable mapping cannot be sealed.
            let mut slice = Writable::new(&file, start, length).map_err(refused)?;
            each(start as usize, slice.as_mut_slice())?;
        }
        Ok(Self { file, bytes })
    }

    /// Where another process finds it, as long as this one has it.
    #[must_use]
    pub fn location(&self) -> Location {
        let fd = self.file.as_raw_fd();
        Location { fd, path: format!("/proc/{}/fd/{fd}", std::process::id()), bytes: self.bytes }
    }

    /// Seals it against writing, and maps it.
    pub(super) fn sealed(&self) -> Result<ReadOnly, Error> {
        backing::seal(&self.file)
            .and_then(|()| ReadOnly::open(&self.location().path, self.bytes))
            .map_err(|source| self.unmapped(source))
    }

    /// All of it, for reading and writing.
    pub(crate) fn writable(&self) -> Result<Writable, Error> {
        Writable::new(&self.file, 0, self.bytes).map_err(|source| self.unmapped(source))
    }

    /// All of it, as words that are read and written as atomics.
    pub(crate) fn words(&self) -> Result<Words, Error> {
        self.writable().map(Words::from)
    }

    fn unmapped(&self, source: io::Error) -> Error {
        Error::System { bytes: self.bytes, available: None, source }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_file_on_disk_has_its_whole_length_and_no_name() {
        let shared = Shared::on_disk(100_000).unwrap();
        shared.writable().unwrap().as_mut_slice()[99_999] = 7;
        let file = shared.file.metadata().unwrap();
        assert_eq!((file.nlink(), file.len()), (0, 100_000));
        assert!(file.blocks() * 512 >= 100_000, "no write to it can find the disk full");
        let Location { path, bytes, .. } = shared.location();
        assert_eq!(ReadOnly::open(&path, bytes).unwrap().as_slice()[99_999], 7);
    }
}
