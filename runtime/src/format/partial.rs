//! Files that get their name when they are whole.
//!
//! The values go to a temporary file in the same directory, which is then renamed. A reader sees the former file or the
//! new one. [`Partials`] knows the files that are not whole yet, so that a program that ends can remove them. A file
//! that a killed program has left is recognised by its name, and by its lock, which no process holds any more. A caller
//! that has written its files syncs them to the disk, all at once.

use std::collections::HashSet;
use std::fs::{self, File, Permissions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

use super::{Error, Problem};
use crate::store::{self, PARTIAL, directory};

/// How the names of temporary files end, whatever the format, so that one rule finds those that were left.
const SUFFIX: &str = ".npy.partial";

/// The files that are being written.
#[derive(Debug, Default)]
pub struct Partials(Mutex<HashSet<PathBuf>>);

impl Partials {
    /// The file at `path` gets what `write` writes. A file that is there is replaced, and the new one gets its
    /// permissions; a link is followed.
    ///
    /// # Errors
    /// [`Problem::NotAFile`], where a directory, a pipe or a device has the name, [`Problem::Io`], and those of
    /// `write`; the temporary file is gone then, and a former file at `path` untouched.
    pub(super) fn replace(&self, path: &Path, write: impl FnOnce(&File) -> Result<(), Problem>) -> Result<(), Error> {
        let replace = || {
            let (path, permissions) = destination(path)?;
            let temporary = {
                let mut names = self.lock();
                let temporary = begin(directory(&path)).map_err(Problem::io("create a temporary file beside it"))?;
                names.insert(temporary.path().into());
                temporary
            };
            let name = temporary.path().to_owned();
            let written = write(temporary.as_file()).and_then(|()| {
                permissions
                    .map_or(Ok(()), |permissions| temporary.as_file().set_permissions(permissions))
                    .map_err(Problem::io("write"))
            });
            let mut names = self.lock();
            names.remove(&name);
            written?;
            temporary.persist(&path).map_err(|error| Problem::io("rename the temporary file to it")(error.error))?;
            Ok(())
        };
        replace().map_err(Error::at(path))
    }

    /// Removes the files that are not whole. While the returned guard lives, no file is begun or gets its name.
    #[must_use = "writing goes on when this is dropped"]
    pub fn abandon(&self) -> impl Sized {
        let names = self.lock();
        for name in names.iter() {
            let _ = fs::remove_file(name); // nothing is left to report it to
        }
        names
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A temporary file in `directory`, locked for as long as it is open.
fn begin(directory: &Path) -> io::Result<NamedTempFile> {
    let temporary = store::partial(directory, SUFFIX)?;
    let _ = temporary.as_file().lock(); // where the file system has no locks, nobody can tell that it is stale
    Ok(temporary)
}

/// Removes the temporary files in `directory` whose writers ended before the files were whole. An empty file stays,
/// since its writer may not have locked it yet; so does a file that cannot be removed.
pub fn remove_stale(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if !name.starts_with(PARTIAL.as_bytes()) || !name.ends_with(SUFFIX.as_bytes()) {
            continue;
        }
        let path = entry.path();
        let is_file = entry.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0);
        // On a network file system, a lock needs permission to write.
        let open = || File::options().read(true).write(true).open(&path);
        if is_file && open().is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(&path);
        }
    }
}

/// The path to write to, links resolved, and the permissions of the file there, if any.
fn destination(path: &Path) -> Result<(PathBuf, Option<Permissions>), Problem> {
    let resolved = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((path.into(), None)),
        Ok(metadata) if !metadata.is_symlink() => path.into(),
        _ => path.canonicalize().map_err(Problem::io("follow the link"))?,
    };
    let metadata = fs::metadata(&resolved).map_err(Problem::io("open"))?;
    if !metadata.is_file() {
        return Err(Problem::NotAFile);
    }
    Ok((resolved, Some(metadata.permissions())))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_was_left_is_removed_and_what_is_being_written_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let [mut left, mut living, begun] = [0; 3].map(|_| begin(folder.path()).expect("a file"));
        for file in [&mut left, &mut living] {
            file.write_all(b"half of a").expect("written");
        }
        let other = folder.path().join(".gingham-x.partial");
        fs::write(&other, "of somebody else").expect("written");
        // Closed, and not removed: as by a kill.
        let (file, left) = left.keep().expect("kept");
        drop(file);
        remove_stale(folder.path());
        assert!(!left.exists());
        for stays in [living.path(), begun.path(), &other] {
            assert!(stays.exists(), "{stays:?}");
        }
        remove_stale(&folder.path().join("nowhere"));
    }
}
