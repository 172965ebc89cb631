//! Operands in files: a temporary directory, with one `.npy` file for each operand of each task.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use gingham_core::function::Element;
use tempfile::TempDir;

use super::making::{Maker, room};
use super::placement::{Number, Tensor};
use super::{Sink, Source, Workload};
use crate::format::{self, Format, Kind, Layout, LoadOptions, Partials, SaveOptions, View};
use crate::parallel;
use crate::quantity::bytes;

/// The name of a directory begins so, and goes on with the process id of its maker.
const PREFIX: &str = "gingham-files-";

/// A directory of operands, which is removed with this, and also when this process is killed.
#[derive(Debug)]
pub struct Folder {
    directory: TempDir,
    /// Waits for the end of this process.
    sweeper: Option<Child>,
}

/// Operands that cannot be put into files, or taken from them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no directory, or no room in it.
    #[error("operands in files: {}: {}; set TMPDIR to a directory with room", .0.display(), .1)]
    Directory(PathBuf, String),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] format::Error),
    /// Whoever does the tasks was told of no directory.
    #[error("the operands lie in files, and no directory of them was made")]
    None,
}

impl Folder {
    /// Writes the inputs of `workload` that come from files, made from `seed`, into a directory of their own. `None`
    /// where neither inputs nor results are in files.
    ///
    /// # Errors
    /// [`Error`]; the room is looked at before anything is written.
    pub fn make(maker: &Maker, workload: &Workload, seed: u64) -> Result<Option<Self>, Error> {
        if workload.source() != Source::Files && workload.sink() != Sink::Files {
            return Ok(None);
        }
        let parent = std::env::temp_dir();
        let refused = |e: io::Error| Error::Directory(parent.clone(), e.to_string());
        remove_stale(&parent);
        let needed = workload.batch_bytes();
        #[cfg(target_os = "linux")]
        {
            let system = rustix::fs::statvfs(&parent).map_err(|e| refused(e.into()))?;
            let free = system.f_bavail.saturating_mul(system.f_frsize);
            if free < needed {
                let problem = format!("{} needed, {} available", bytes(needed), bytes(free));
                return Err(Error::Directory(parent, problem));
            }
        }
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let directory = tempfile::Builder::new().prefix(&prefix).tempdir_in(&parent).map_err(refused)?;
        let folder = Self { sweeper: sweeper(directory.path()), directory };
        if workload.source() == Source::Files {
            match workload.call().element() {
                Element::F32 => folder.fill::<f32>(maker, workload, seed)?,
                Element::F64 => folder.fill::<f64>(maker, workload, seed)?,
                Element::Bytes => {}
            }
        }
        Ok(Some(folder))
    }

    fn fill<T: Number>(&self, maker: &Maker, workload: &Workload, seed: u64) -> Result<(), Error> {
        let inputs = workload.inputs();
        let failed = Mutex::new(Ok(()));
        parallel::for_each(0..workload.tasks(), |task| {
            let mut memory = Vec::new();
            let written = inputs.iter().enumerate().try_for_each(|(operand, tensor)| {
                let elements = room(&mut memory, tensor.shape[0] * tensor.shape[1]);
                workload.fill_operand(maker, seed, task, operand, elements);
                save::<T>(&file(self.path(), task, &tensor.name), tensor, elements, &Partials::default())
            });
            if written.is_err() {
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = written;
            }
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(mut sweeper) = self.sweeper.take() {
            // It removes the directory now. What it leaves, `directory` removes.
            drop(sweeper.stdin.take());
            let _ = sweeper.wait();
        }
    }
}

/// A shell that removes `directory` when the other end of its standard input is closed: by this process, or by the
/// system at its end. `None` where there is no shell; then a later run removes what a killed one has left.
fn sweeper(directory: &Path) -> Option<Child> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "cat > /dev/null; rm -rf -- \"$1\"", "sh"]).arg(directory);
    // Ctrl-C at the terminal ends this process alone.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
}

/// The file of the operand of this name of `task`.
pub(super) fn file(folder: &Path, task: usize, name: &str) -> PathBuf {
    folder.join(format!("{task}.{name}.npy"))
}

/// Fills `elements` from a file, in the order in which they lie there.
pub(super) fn load<T: format::Element>(path: &Path, elements: &mut [T]) -> Result<(), Error> {
    let options = LoadOptions { format: Some(Format::Npy), ..LoadOptions::default() };
    let mut destination = elements;
    format::load_into(path, &options, &mut destination)?;
    Ok(())
}

/// Writes the elements of an operand, in the order in which they lie in memory.
pub(super) fn save<T: format::Element>(
    path: &Path,
    tensor: &Tensor,
    elements: &[T],
    partials: &Partials,
) -> Result<(), Error> {
    let fortran_order = tensor.strides[1] != 1 && tensor.shape[1] > 1;
    let layout = Layout { kind: Kind::of(T::DTYPE), shape: tensor.shape.to_vec(), fortran_order };
    let at = |problem| format::Error { path: path.into(), problem };
    let view = View::new(&layout, bytemuck::cast_slice(elements)).map_err(at)?;
    let options = SaveOptions { format: Some(Format::Npy), ..SaveOptions::default() };
    Ok(format::save(path, &options, &[("", view)], partials)?)
}

/// Removes the directories of processes that were killed before they could.
fn remove_stale(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|rest| rest.split('-').next());
        let Some(maker) = maker.and_then(|id| id.parse::<u32>().ok()) else { continue };
        if !Path::new(&format!("/proc/{maker}")).exists() && Path::new("/proc/self").exists() {
            // Another one's directory is left to its owner.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
