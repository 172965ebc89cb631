//! Files that take their name when they are whole, and are not there before.
//!
//! The values go to a temporary file in the same directory, which is then renamed. A reader sees the former file or
//! the new one, and so does whoever ends the program meanwhile: [`Partials`] knows the files that are not whole yet.
//! None of them is synced to the disk; whoever writes many does that once, for all.

use std::collections::HashSet;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ndarray::{ArrayView, Dimension};

use super::{Element, Error, Problem, write};
use crate::store::directory;

/// The files that are being written.
#[derive(Debug, Default)]
pub struct Partials(Mutex<HashSet<PathBuf>>);

/// While it lives, no file is begun and none takes its name.
#[derive(Debug)]
#[must_use = "writing goes on when this is dropped"]
pub struct Abandoned<'a>(#[expect(dead_code, reason = "held")] MutexGuard<'a, HashSet<PathBuf>>);

impl Partials {
    /// Writes `array` to a `.npy` file at `path`, in place of one that is there: a link is followed, and a file that is
    /// replaced leaves its permissions to the new one.
    ///
    /// # Errors
    /// [`Problem::NotAFile`], where a directory, a pipe or a device has the name, and [`Problem::Io`]; the temporary
    /// file is gone then, and a former file at `path` untouched.
    pub fn write<T: Element, D: Dimension>(&self, path: &Path, array: &ArrayView<'_, T, D>) -> Result<(), Error> {
        let write = || {
            let (path, permissions) = destination(path)?;
            let temporary = {
                let mut names = self.lock();
                let temporary = tempfile::Builder::new()
                    .prefix(".gingham-")
                    .suffix(".partial")
                    // A temporary file is its owner's alone unless told otherwise; this one follows the umask.
                    .permissions(Permissions::from_mode(0o666))
                    .tempfile_in(directory(&path))
                    .map_err(Problem::io("create a temporary file beside it"))?;
                names.insert(temporary.path().into());
                temporary
            };
            let name = temporary.path().to_owned();
            let written = write::write(temporary.as_file(), array).and_then(|()| {
                permissions.map_or(Ok(()), |permissions| temporary.as_file().set_permissions(permissions))
            });
            let mut names = self.lock();
            names.remove(&name);
            written.map_err(Problem::io("write"))?;
            temporary.persist(&path).map_err(|error| Problem::io("rename the temporary file to it")(error.error))?;
            Ok(())
        };
        write().map_err(Error::at(path))
    }

    /// Removes the files that are not whole. What is returned keeps others from being begun, and is held until the
    /// program has ended.
    pub fn abandon(&self) -> Abandoned<'_> {
        let names = self.lock();
        for name in names.iter() {
            let _ = fs::remove_file(name); // there is nobody left to hear of it
        }
        Abandoned(names)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The path to write to, links resolved, and the permissions of the file that is there.
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
