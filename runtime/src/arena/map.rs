//! Mappings as slices of bytes: of memory files, which processes share, and of memory that one process has alone.
#![allow(unsafe_code)] // the one place of this crate, beside the pool's scoped job, that needs it

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, mmap_anonymous, munmap};

/// A mapping that is unmapped when dropped.
#[derive(Debug)]
struct Mapping {
    start: NonNull<c_void>,
    bytes: usize,
}

// SAFETY: a mapping is memory like any other; it belongs to no thread.
unsafe impl Send for Mapping {}
// SAFETY: through a shared reference it is only read.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `bytes` bytes of `file` from `start` on, a multiple of the page size; every page is present before this
    /// returns.
    fn new(file: impl AsFd, start: u64, bytes: u64, protection: ProtFlags) -> io::Result<Self> {
        let bytes = usize::try_from(bytes).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let flags = MapFlags::SHARED | MapFlags::POPULATE;
        // SAFETY: no address is requested, so that no existing mapping is touched.
        let start = unsafe { mmap(std::ptr::null_mut(), bytes, protection, flags, file, start)? };
        let start = NonNull::new(start).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, bytes })
    }

    /// Private zeros, which are touched later: on huge pages, where the system gives them on request.
    fn anonymous(bytes: usize) -> io::Result<Self> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: no address is requested, so that no existing mapping is touched.
        let start = unsafe { mmap_anonymous(std::ptr::null_mut(), bytes, protection, MapFlags::PRIVATE)? };
        let start = NonNull::new(start).ok_or(io::ErrorKind::OutOfMemory)?;
        let mapping = Self { start, bytes };
        // SAFETY: the whole of a mapping that is ours; this advice changes no content. A kernel without huge pages
        // refuses it, which changes nothing either.
        let _ = unsafe { madvise(start.as_ptr(), bytes, Advice::LinuxHugepage) };
        Ok(mapping)
    }

    fn as_slice(&self) -> &[u8] {
        // SAFETY: the mapping is `bytes` long and lives as long as `self`; any bits are bytes. The memory may be shared
        // with trials: they write to outputs only between a request and its answer, while this process does not read.
        // The slots of a queue are shared with workers: each is read only while nobody writes to it.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), self.bytes) }
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`; `&mut self` makes this the only slice of this process. No mapping for reading alone
        // is lent out mutably.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().cast(), self.bytes) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: `start` and `bytes` are those of a mapping that is ours; slices into it have ended with `self`.
        let unmapped = unsafe { munmap(self.start.as_ptr(), self.bytes) };
        debug_assert!(unmapped.is_ok(), "munmap of our own mapping");
    }
}

/// Inputs: mapped for reading alone.
#[derive(Debug)]
pub struct ReadOnly(Mapping);

impl ReadOnly {
    /// Maps the first `bytes` bytes of the file at `path`. The file is opened for reading alone: kernels before 6.7
    /// refuse a shared mapping of a sealed file through a descriptor that could write.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &str, bytes: u64) -> io::Result<Self> {
        Mapping::new(File::open(path)?, 0, bytes, ProtFlags::READ).map(Self)
    }

    /// All of it, from the start of a page on.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.0.as_slice()
    }
}

/// Memory mapped for reading and writing: outputs, or a private copy.
#[derive(Debug)]
pub struct Writable(Mapping);

impl Writable {
    /// Maps `bytes` bytes of `file` from `start` on, a multiple of the page size.
    ///
    /// # Errors
    /// The system's.
    pub fn new(file: impl AsFd, start: u64, bytes: u64) -> io::Result<Self> {
        Mapping::new(file, start, bytes, ProtFlags::READ | ProtFlags::WRITE).map(Self)
    }

    /// Maps the first `bytes` bytes of the file at `path`.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &str, bytes: u64) -> io::Result<Self> {
        Self::new(File::options().read(true).write(true).open(path)?, 0, bytes)
    }

    /// Zeros in private memory of this process, on huge pages where the system gives them on request.
    ///
    /// # Errors
    /// The system's.
    pub fn zeros(bytes: u64) -> io::Result<Self> {
        let bytes = usize::try_from(bytes).map_err(|_| io::ErrorKind::FileTooLarge)?;
        Mapping::anonymous(bytes).map(Self)
    }

    /// A copy of `bytes` in private memory of this process, on huge pages where the system gives them on request: files
    /// in memory have none.
    ///
    /// # Errors
    /// The system's.
    pub fn private_copy(bytes: &[u8]) -> io::Result<Self> {
        let mut copy = Self(Mapping::anonymous(bytes.len())?);
        copy.as_mut_slice().copy_from_slice(bytes);
        Ok(copy)
    }

    /// All of it, from the start of a page on.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// All of it, to write.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        self.0.as_mut_slice()
    }
}

/// Memory that processes write to at the same time: words, each read and written as an atomic.
#[derive(Debug)]
pub struct Words(Mapping);

impl Words {
    /// Maps the first `bytes` bytes of the file at `path`.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &str, bytes: u64) -> io::Result<Self> {
        Writable::open(path, bytes).map(Self::from)
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[AtomicU32] {
        let words = self.0.bytes / size_of::<AtomicU32>();
        // SAFETY: the mapping is that long, starts with a page and lives as long as `self`; any bits are a word. No
        // slice of bytes is made of it, here or in the other processes: all of them go through this function.
        unsafe { std::slice::from_raw_parts(self.0.start.as_ptr().cast(), words) }
    }
}

impl From<Writable> for Words {
    fn from(memory: Writable) -> Self {
        Self(memory.0)
    }
}
