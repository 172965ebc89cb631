//! The file behind an arena: in memory, or on disk, and without a name.
//!
//! `memfd_create` makes one that can be sealed. Some systems refuse it (seccomp profiles, kernels before 3.17). An
//! unlinked file in the directory of shared memory serves there too, but has no seal: then only the runners themselves
//! keep from writing to the inputs.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use gingham_machine::available_memory;
use rustix::fs::{FallocateFlags, MemfdFlags, SealFlags};
use rustix::io::{Errno, FdFlags};

/// A directory whose files lie in memory.
pub(super) const SHARED_MEMORY: &str = "/dev/shm";

/// An empty file. Where children `inherit` it, the runners of peers find it by its descriptor's number.
pub(super) fn create(name: &str, inherit: bool) -> io::Result<File> {
    let flags = if inherit { MemfdFlags::empty() } else { MemfdFlags::CLOEXEC };
    match rustix::fs::memfd_create(name, MemfdFlags::ALLOW_SEALING | flags) {
        Ok(file) => Ok(file.into()),
        Err(refused) => unnamed(SHARED_MEMORY, inherit).map_err(|_| refused.into()),
    }
}

/// An empty file without a name, in memory if the system has `directory` for that.
fn unnamed(directory: &str, inherit: bool) -> io::Result<File> {
    let file = tempfile::tempfile_in(directory).or_else(|_| tempfile::tempfile())?;
    let flags = if inherit { FdFlags::empty() } else { FdFlags::CLOEXEC };
    rustix::io::fcntl_setfd(&file, flags)?;
    Ok(file)
}

/// An empty file without a name in the directory of temporary files.
pub(super) fn on_disk() -> io::Result<File> {
    tempfile::tempfile()
}

/// Bytes that are left where `file` lies, if `refused` means that there were too few.
pub(super) fn available(file: &File, refused: &io::Error) -> Option<u64> {
    match Errno::from_io_error(refused)? {
        Errno::NOSPC | Errno::NOMEM => {
            let system = rustix::fs::fstatvfs(file).ok();
            // Memory files of the system's own mount have no other limit than memory.
            let limited = system.filter(|system| system.f_blocks > 0).map(|system| system.f_bavail * system.f_frsize);
            Some(limited.unwrap_or_else(available_memory))
        }
        _ => None,
    }
}

/// Allocates `bytes` of `file` from `start` on: on a full machine, a file that was only made that long would end the
/// process with SIGBUS.
pub(super) fn allocate(file: &File, start: u64, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), start, bytes) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_zeros(file, start, bytes),
        allocated => Ok(allocated?),
    }
}

fn write_zeros(file: &File, start: u64, bytes: u64) -> io::Result<()> {
    let zeros = [0; 1 << 16];
    (0..bytes).step_by(zeros.len()).try_for_each(|at| {
        let block = &zeros[..zeros.len().min((bytes - at) as usize)];
        file.write_all_at(block, start + at)
    })
}

/// Seals `file`, where that is possible, so that no process can write to it or change its length.
pub(super) fn seal(file: &File) -> io::Result<()> {
    match rustix::fs::fcntl_add_seals(file, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW) {
        Err(Errno::PERM | Errno::INVAL) => Ok(()),
        sealed => Ok(sealed?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::{ReadOnly, Writable};
    use std::os::fd::AsRawFd;

    /// On a file system of 4 MiB, in a mount namespace of this thread.
    #[test]
    #[allow(unsafe_code)]
    fn a_full_file_system_is_an_error_with_both_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let path = std::ffi::CString::new(folder.path().to_str().unwrap()).unwrap();
        let (none, flags) = (std::ptr::null(), libc::MS_REC | libc::MS_PRIVATE);
        // SAFETY: the texts end with a zero and live; the namespace is this thread's alone, and ends with it.
        let mounted = unsafe {
            libc::unshare(libc::CLONE_NEWNS) == 0
                && libc::mount(none, c"/".as_ptr(), none, flags, none.cast()) == 0
                && libc::mount(c"none".as_ptr(), path.as_ptr(), c"tmpfs".as_ptr(), 0, c"size=4m".as_ptr().cast()) == 0
        };
        if !mounted {
            let skipped = "SKIPPED: a_full_file_system_is_an_error_with_both_numbers: no mount namespace";
            std::io::Write::write_fmt(&mut std::io::stdout(), format_args!("{skipped}\n")).unwrap();
            return;
        }
        let file = unnamed(folder.path().to_str().unwrap(), false);
        let error = super::super::Shared::of(file, 8 << 20, |_, _| Ok(())).unwrap_err().to_string();
        // SAFETY: as above.
        unsafe { libc::umount2(path.as_ptr(), libc::MNT_DETACH) };
        let numbers = error.contains("8388608 bytes cannot be had") && error.contains("bytes are available");
        assert!(numbers && !error.contains("; 0 bytes"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_memfd_is_mapped_as_one() {
        let file = unnamed(SHARED_MEMORY, true).unwrap();
        allocate(&file, 0, 4096).unwrap();
        write_zeros(&file, 4096, 100_000).unwrap();
        let bytes = 4096 + 100_000;
        assert_eq!(rustix::fs::fstat(&file).unwrap().st_size, bytes as i64);
        Writable::new(&file, 0, bytes).unwrap().as_mut_slice()[104_000] = 7;
        seal(&file).unwrap();
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        assert_eq!(ReadOnly::open(&path, bytes).unwrap().as_slice()[104_000], 7);
        assert!(rustix::io::fcntl_getfd(&file).unwrap().is_empty(), "children inherit it");
    }
}
