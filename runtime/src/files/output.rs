//! The directory that files are written to.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Error;
use crate::format::remove_stale;
use crate::store;

/// Makes the directory `out` if it is missing, checks that files can be written there, and removes what killed runs
/// have left in it.
///
/// # Errors
/// [`Error::OutputDirectory`].
pub fn prepare(out: &Path) -> Result<(), Error> {
    fs::create_dir_all(out)
        .and_then(|()| store::takes_a_file(out))
        .map_err(|cause| Error::OutputDirectory(out.into(), cause))?;
    remove_stale(out);
    Ok(())
}

/// Waits until the files in the directory `out` are on the disk, by one sync of its file system instead of two for
/// each file.
///
/// # Errors
/// The file system's errors, for writes that failed.
pub fn sync(out: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if let Ok(directory) = fs::File::open(out) {
        match rustix::fs::syncfs(directory) {
            // A sandbox refused that: sync all file systems instead, which reports no failures.
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM | rustix::io::Errno::OPNOTSUPP) => {}
            synced => return Ok(synced?),
        }
    }
    let _ = out;
    rustix::fs::sync();
    Ok(())
}

/// Refuses an output that is an input, under whatever path, or a link to one.
pub(super) fn check_inputs_stay<'a>(
    outputs: impl Iterator<Item = &'a Path>,
    inputs: impl Iterator<Item = &'a Path>,
) -> Result<(), Error> {
    // The file of that name, and if it is a link, the file that it leads to.
    let identities = |path: &Path| {
        [path.symlink_metadata(), path.metadata()].into_iter().flatten().map(|file| (file.dev(), file.ino()))
    };
    let outputs: HashMap<_, _> = outputs.flat_map(|out| identities(out).map(move |id| (id, out))).collect();
    if outputs.is_empty() {
        return Ok(());
    }
    for input in inputs {
        if let Some(&out) = identities(input).find_map(|id| outputs.get(&id)) {
            return Err(Error::ReplacesInput { out: out.into(), input: input.into() });
        }
    }
    Ok(())
}
