//! What a name stands for, and how that is locked and written.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Access, Mode, OFlags, access, fcntl_getfl, fcntl_setfl, open};
use rustix::io::Errno;
use tempfile::NamedTempFile;

/// Links that lead from one to the next, at most, as in the kernel.
const MOST_LINKS: usize = 40;

/// How long the writer of a pipe waits for a reader.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A regular file that is there or can be made, by its own name: no link.
    File(PathBuf),
    /// A device, a pipe, or an open file that has no name any more.
    Stream(PathBuf),
}

impl Place {
    /// Follows `path` to where it leads.
    ///
    /// # Errors
    /// The system's errors; a directory, or a name that only a directory can have, is [`ErrorKind::IsADirectory`].
    pub fn of(path: &Path) -> io::Result<Self> {
        let there = match fs::metadata(path) {
            Ok(there) => Some(there),
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            Err(e) => return Err(e),
        };
        let file = followed(path);
        if there.as_ref().is_some_and(Metadata::is_dir) || file.as_os_str().as_bytes().ends_with(b"/") {
            return Err(ErrorKind::IsADirectory.into());
        }
        let name = file.file_name().ok_or(ErrorKind::InvalidFilename)?;
        // A link of /proc leads to an open file, even if the file has lost its name.
        let is_it = |there: &Metadata| {
            there.is_file() && fs::metadata(&file).is_ok_and(|own| (own.dev(), own.ino()) == (there.dev(), there.ino()))
        };
        match there {
            Some(there) if !is_it(&there) => Ok(Self::Stream(path.into())),
            _ => Ok(Self::File(match directory(&file).canonicalize() {
                Ok(directory) => directory.join(name),
                Err(_) => file,
            })),
        }
    }

    /// Whether [`Place::write`] may succeed, as far as can be seen without writing. A device is opened and closed
    /// again, since its name may lead to no device; a pipe is not, since its reader would take that for the end. A
    /// missing directory passes, since it can be made.
    ///
    /// # Errors
    /// The system's errors.
    pub fn check(&self) -> io::Result<()> {
        let opens = |path: &Path| {
            let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            Ok(open(path, flags, Mode::empty()).map(drop)?)
        };
        match self {
            Self::Stream(path) if fs::metadata(path)?.file_type().is_fifo() => Ok(access(path, Access::WRITE_OK)?),
            Self::Stream(path) => opens(path),
            Self::File(path) if path.exists() => {
                opens(path)?;
                match takes_a_file(directory(path)).map_err(reason) {
                    // It is overwritten then.
                    Err(e) if is_about_the_name(&e) => Ok(()),
                    made => made.map_err(|e| {
                        io::Error::new(e.kind(), format!("no file can be made in {}: {e}", directory(path).display()))
                    }),
                }
            }
            Self::File(path) => {
                let nearest = path.ancestors().skip(1).find(|path| path.exists()).unwrap_or(Path::new("."));
                takes_a_file(nearest).map_err(reason)
            }
        }
    }

    /// Writes `bytes`. A file then holds these, as a whole and on the disk, or stays as it was; a stream receives them.
    ///
    /// # Errors
    /// The system's errors.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let path = match self {
            Self::Stream(path) => return open_stream(path)?.write_all(bytes),
            Self::File(path) => path,
        };
        let former = fs::metadata(path).ok();
        fs::create_dir_all(directory(path))?;
        match replace(path, bytes, former.as_ref()) {
            // The file may be writable and its directory not, or another file system may be mounted on its name.
            Err(e) if former.is_some() && is_about_the_name(&e) => overwrite(path, bytes),
            done => done,
        }
    }

    /// Removes a file; returns whether it existed.
    ///
    /// # Errors
    /// The system's errors; for a stream, which stays as it is, [`ErrorKind::InvalidInput`].
    pub fn remove(&self) -> io::Result<bool> {
        match self {
            Self::Stream(_) => Err(io::Error::new(ErrorKind::InvalidInput, "no regular file; only those are removed")),
            Self::File(path) => match fs::remove_file(path) {
                Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
                done => done.map(|()| true),
            },
        }
    }

    /// Waits until no other process holds the lock of this file, which is a file of its own beside it. `None` for a
    /// stream, and on a file system without locks: of two processes that write at once there, the later one wins.
    ///
    /// # Errors
    /// The system's error, if the directory cannot be made.
    pub fn lock(&self) -> io::Result<Option<Lock>> {
        let Self::File(path) = self else { return Ok(None) };
        fs::create_dir_all(directory(path))?;
        loop {
            let name = path.with_added_extension("lock");
            let opened = File::options().create(true).truncate(false).write(true).open(&name);
            // Another user's lock file can be locked without permission to write.
            let opened = opened.or_else(|_| File::open(&name));
            let Ok(file) = opened.and_then(|file| file.lock().map(|()| file)) else { return Ok(None) };
            let own = file.metadata()?;
            // The process that held the lock may have removed its file meanwhile, and another file may have its name.
            if fs::metadata(&name).is_ok_and(|there| (there.dev(), there.ino()) == (own.dev(), own.ino())) {
                return Ok(Some(Lock { _file: file, locked: path.clone() }));
            }
        }
    }
}

/// Checks that a directory takes a file of one byte: an empty file fits on a full disk.
///
/// # Errors
/// The system's errors.
pub fn takes_a_file(directory: &Path) -> io::Result<()> {
    tempfile::tempfile_in(directory)?.write_all(b".")
}

/// The lock of a file, held until it is dropped. Its own file stays for the next one, unless there is nothing to lock.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    locked: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        if !self.locked.exists() {
            let _ = fs::remove_file(self.locked.with_added_extension("lock"));
        }
    }
}

/// Opens a device or a pipe to write to.
///
/// Opening a pipe that no process reads waits for a reader and ignores signals meanwhile: a tuning hung there with its
/// result. So the pipe is opened without waiting, again and again for [`PATIENCE`].
fn open_stream(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.file_type().is_fifo() {
        return File::options().write(true).truncate(true).open(path);
    }
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let start = Instant::now();
    let pipe = loop {
        match open(path, flags, Mode::empty()) {
            Err(Errno::NXIO) if start.elapsed() < PATIENCE => thread::sleep(PATIENCE / 100),
            Err(Errno::NXIO) => return Err(io::Error::new(ErrorKind::NotConnected, "a pipe that nobody reads")),
            opened => break opened?,
        }
    };
    // The text may be longer than the pipe's buffer: then the write waits for the reader.
    fcntl_setfl(&pipe, fcntl_getfl(&pipe)? - OFlags::NONBLOCK)?;
    Ok(pipe.into())
}

/// The directory that the name `path` stands in.
#[must_use]
pub fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))
}

/// `path`, if it is not a link; otherwise where its links lead, whether or not anything is there.
fn followed(path: &Path) -> PathBuf {
    let mut file = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&file) {
            Ok(target) => file = directory(&file).join(target),
            Err(_) => break,
        }
    }
    file
}

/// What the names of temporary files begin with.
pub const PARTIAL: &str = ".gingham-";

/// A temporary file in `directory`, whose name ends in `suffix`. Its mode is by the umask, as a new file's is; by
/// default only its owner could read it.
///
/// # Errors
/// The system's errors.
pub fn partial(directory: &Path, suffix: &str) -> io::Result<NamedTempFile> {
    let permissions = Permissions::from_mode(0o666);
    tempfile::Builder::new().prefix(PARTIAL).suffix(suffix).permissions(permissions).tempfile_in(directory)
}

/// Puts a new file of `bytes` in the place of `path`, with the mode and the owner of the `former` one.
fn replace(path: &Path, bytes: &[u8], former: Option<&Metadata>) -> io::Result<()> {
    let temporary = partial(directory(path), ".partial").map_err(reason)?;
    temporary.as_file().write_all(bytes)?;
    if let Some(former) = former {
        // The owner is kept where the system allows that, and is set first, since setting it may clear some bits of the
        // mode.
        let _ = std::os::unix::fs::fchown(temporary.as_file(), Some(former.uid()), Some(former.gid()));
        temporary.as_file().set_permissions(former.permissions())?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|e| e.error)?;
    // The new name is an entry of its directory, which some file systems refuse to sync: the file is whole either way,
    // and a power cut may bring back the former one.
    let _ = File::open(directory(path)).and_then(|directory| directory.sync_all());
    Ok(())
}

fn overwrite(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Whether the system objects to a new file in this place, rather than to its contents.
fn is_about_the_name(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::ResourceBusy)
}

/// The system's reason, without the name of a temporary file, which means nothing to the user.
fn reason(error: io::Error) -> io::Error {
    let text = error.to_string();
    io::Error::new(error.kind(), text.split(" at path ").next().unwrap_or_default())
}
