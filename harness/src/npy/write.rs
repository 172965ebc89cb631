//! Writing a matrix: whole under its name, or not at all.

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ndarray::ArrayView2;
use ndarray_npy::{WriteNpyError, WriteNpyExt};

use super::{Element, Error, Problem};

/// Writes `matrix` to a file at `path`, in place of one that is there.
///
/// The values go to a temporary file in the same directory, which takes the name when it is safely on the disk. So a
/// reader, and whoever looks after a power cut, sees the former file or the new one. A matrix in Fortran order is
/// written in that order, any other in C order; the elements in the byte order of this machine.
///
/// # Errors
/// [`Problem::Io`]; the temporary file is gone then, and a former file at `path` untouched (unless nothing but the last
/// step failed, to sync the directory after the renaming).
pub fn write_matrix_atomic<T: Element>(path: &Path, matrix: &ArrayView2<'_, T>) -> Result<(), Error> {
    let write = || {
        let directory = directory(path);
        // A temporary file is its owner's alone unless told otherwise; this one is to be an ordinary file, by the umask.
        let temporary = tempfile::Builder::new()
            .prefix(".gingham-")
            .suffix(".partial")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory)
            .map_err(Problem::io("create a temporary file beside it"))?;
        write_matrix(temporary.as_file(), matrix).map_err(Problem::io("write"))?;
        temporary.persist(path).map_err(|error| Problem::io("rename the temporary file to it")(error.error))?;
        // The new name is an entry of the directory.
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(Problem::io("sync its directory"))
    };
    write().map_err(Error::at(path))
}

fn write_matrix<T: Element>(file: &File, matrix: &ArrayView2<'_, T>) -> io::Result<()> {
    let mut writer = BufWriter::new(file);
    matrix.write_npy(&mut writer).map_err(|error| match error {
        WriteNpyError::Io(error) => error,
        other => io::Error::other(other),
    })?;
    writer.flush()?;
    file.sync_all()
}

/// The directory that the name `path` stands in.
pub(crate) fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))
}
