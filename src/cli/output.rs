//! Where a result goes: standard output, or a file that is written as a whole or not at all.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;

/// A place for a result, checked before the work that makes it.
#[derive(Debug)]
pub(super) enum Output {
    Stdout,
    File { path: PathBuf, temporary: tempfile::NamedTempFile },
}

impl Output {
    /// Standard output, or the file at `path`, which is not touched before [`Output::write`].
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Stdout) };
        let refuse = |e: io::Error| {
            // The kind alone: the error itself names a temporary file that nobody asked for.
            Failure::usage(format!("output {}: {}; name a file that can be written", path.display(), e.kind()))
        };
        if path.is_dir() {
            return Err(refuse(io::ErrorKind::IsADirectory.into()));
        }
        let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let temporary = tempfile::NamedTempFile::new_in(directory).map_err(refuse)?;
        Ok(Self::File { path: path.into(), temporary })
    }

    /// Writes all of `text`.
    pub(super) fn write(self, text: &str) -> Result<(), Failure> {
        match self {
            Self::Stdout => print(text),
            Self::File { path, mut temporary } => {
                let failed = |e: io::Error| Failure::work(format!("output {}: {e}", path.display()));
                temporary.write_all(text.as_bytes()).map_err(failed)?;
                temporary.as_file().sync_all().map_err(failed)?;
                temporary.persist(&path).map_err(|e| failed(e.error))?;
                Ok(())
            }
        }
    }
}

/// Prints to standard output; a reader that has gone (`| head`) wants no more, which is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::work(format!("standard output: {e}"))),
        _ => Ok(()),
    }
}
