//! The products on the disk: one sync of the file system that their directory is on, instead of two for each file.

use std::fs::File;
use std::io;
use std::path::Path;

/// Waits until everything that was written to the file system of `directory` is on the disk.
///
/// # Errors
/// The file system's error for writes that failed.
pub(super) fn sync(directory: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if let Ok(directory) = File::open(directory) {
        match rustix::fs::syncfs(directory) {
            // A sandbox refused that: sync all file systems instead, which reports no failures.
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM | rustix::io::Errno::OPNOTSUPP) => {}
            synced => return synced.map_err(io::Error::from),
        }
    }
    let _ = directory;
    rustix::fs::sync();
    Ok(())
}
