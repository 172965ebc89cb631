//! The journal of a tuning: a file of checksummed lines, written as it runs, so that a killed run can go on.
//!
//! Each line is 8 hex digits, a space and JSON: first the [`Header`], then an event a line. The digits are the CRC-32
//! of the JSON of this line and of all lines before it, so that a line that is missing, doubled or swapped is seen as
//! well as one that is damaged. A kill can only tear the last line: that one is cut off. Anything else that is wrong
//! is an error, and the file is left as it is.
//!
//! The events of a tuning are the [`Event`]s that a [`Journalled`] course writes, from which a [`Past`] is read.

mod alone;
mod course;
mod event;
mod header;
mod past;

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use gingham_runtime::store;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use course::{Ended, Journalled, Resumable};
pub use event::{Answer, Asked, Begun, Event, Request};
pub use header::Header;
pub use past::Past;

/// The name of this form.
pub const SCHEMA: &str = "gingham.journal/2";

/// An event takes some hundred bytes, a tuning some thousand events; a larger file is not a journal.
const LARGEST: u64 = 256 << 20;

/// How long a lock that another process holds is tried again.
const PATIENCE: Duration = Duration::from_millis(500);

/// A journal of events `E`, open for appending. It is locked for as long as it is open.
#[derive(Debug)]
pub struct Journal<E> {
    path: PathBuf,
    file: File,
    /// Bytes of the whole lines; a write that failed may have left others after them.
    length: u64,
    /// The checksum of the last line, from which the next line's follows.
    sum: u32,
    events: PhantomData<E>,
}

/// A journal that cannot be read, written or gone on with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused.
    #[error("journal {0}: {1}")]
    Io(PathBuf, #[source] io::Error),
    /// Another run has this file open.
    #[error("journal {0} is in use by another run; wait for its end, or name another file with --resume")]
    InUse(PathBuf),
    /// More bytes than a journal may have.
    #[error("journal {path}: {length} bytes are more than the {LARGEST} that are read; name another with --resume")]
    Large {
        /// The file.
        path: PathBuf,
        /// Its size, with the event that was to be added.
        length: u64,
    },
    /// This file is something else.
    #[error("{0} is not a journal, or its first line is damaged; name another file with --resume")]
    NoJournal(PathBuf),
    /// The file is a journal of another form.
    #[error("journal {path} has schema `{schema}`; this gingham reads `{SCHEMA}`; name another file with --resume")]
    Schema {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        schema: String,
    },
    /// The journal is of another run; the text says what is not as in this one.
    #[error("journal {0} is {1}; name another file with --resume")]
    Foreign(PathBuf, String),
    /// A line before the last is not as it was written.
    #[error("journal {path} is damaged in line {line} ({reason}); remove it, or name another with --resume")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The replayed search requests something else than the journal records.
    #[error(
        "journal {path} is of another search: line {line} is {told}, where this one asks for {asked}; name another \
         file with --resume"
    )]
    OtherSearch {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the journal records.
        told: String,
        /// What the search requests.
        asked: String,
    },
    /// JSON cannot hold the event.
    #[error("journal {0}: an event that cannot be kept ({1})")]
    Event(PathBuf, #[source] serde_json::Error),
}

impl<E: Serialize + DeserializeOwned> Journal<E> {
    /// Opens the journal at `path` of the run that `header` describes, and returns the events that it holds. If the
    /// file is missing, empty, or ends within this very header, nothing was measured, and a new journal begins.
    ///
    /// # Errors
    /// [`Error`]; an existing file then stays as it was.
    pub fn open(path: &Path, header: &Header) -> Result<(Self, Vec<E>), Error> {
        let io = |source| Error::Io(path.into(), source);
        let damaged = |line, reason: String| Error::Damaged { path: path.into(), line, reason };

        let file = File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
        if !is_free(&file) {
            return Err(Error::InUse(path.into()));
        }
        let mut journal = Self { path: path.into(), file, length: 0, sum: 0, events: PhantomData };
        let bytes = journal.read()?;

        let first = serde_json::to_vec(header).expect("words and numbers");
        if line(0, &first).1.starts_with(&bytes) {
            journal.write(&first)?;
            journal.file.sync_all().map_err(io)?;
            return Ok((journal, Vec::new()));
        }

        let mut lines = Lines { rest: &bytes, number: 0, length: 0, sum: 0 };
        let first = lines.next().ok().flatten().ok_or_else(|| Error::NoJournal(path.into()))?;
        let schema = store::schema(first).map_err(|reason| damaged(1, reason))?;
        if schema != SCHEMA {
            return Err(Error::Schema { path: path.into(), schema });
        }
        let found: Header = store::value(first).map_err(|reason| damaged(1, reason))?;
        if let Some(difference) = header.difference(&found) {
            return Err(Error::Foreign(path.into(), difference));
        }
        let mut events = Vec::new();
        while let Some(json) = lines.next().map_err(|line| damaged(line, "its checksum is wrong".into()))? {
            events.push(serde_json::from_slice(json).map_err(|e| damaged(lines.number, store::plain(&e)))?);
        }
        (journal.length, journal.sum) = (lines.length, lines.sum);
        journal.file.set_len(journal.length).map_err(io)?;
        Ok((journal, events))
    }

    /// Appends `event` as a line in one write, without an fsync, whose milliseconds would disturb the measurement. The
    /// line survives a kill of this process, and only a power cut can lose it.
    ///
    /// # Errors
    /// [`Error`]; the journal then ends with the event before, and the next one may be tried.
    pub fn append(&mut self, event: &E) -> Result<(), Error> {
        // Reading it back refuses what would make the journal unreadable: serde_json writes a NaN as null.
        let json = serde_json::to_vec(event).and_then(|json| serde_json::from_slice::<E>(&json).map(|_| json));
        self.write(&json.map_err(|source| Error::Event(self.path.clone(), source))?)
    }

    /// Writes a line after the last whole one, over whatever a failed write left there.
    fn write(&mut self, json: &[u8]) -> Result<(), Error> {
        let (sum, line) = line(self.sum, json);
        let length = self.length + line.len() as u64;
        if length > LARGEST {
            return Err(Error::Large { path: self.path.clone(), length });
        }
        let written = self.file.seek(SeekFrom::Start(self.length)).and_then(|_| self.file.write_all(&line));
        written.map_err(|source| Error::Io(self.path.clone(), source))?;
        (self.length, self.sum) = (length, sum);
        Ok(())
    }

    /// The bytes of the file.
    fn read(&self) -> Result<Vec<u8>, Error> {
        let io = |source| Error::Io(self.path.clone(), source);
        let metadata = self.file.metadata().map_err(io)?;
        if !metadata.is_file() {
            return Err(Error::NoJournal(self.path.clone()));
        }
        let length = metadata.len();
        if length > LARGEST {
            return Err(Error::Large { path: self.path.clone(), length });
        }
        let mut bytes = Vec::with_capacity(length as usize);
        (&self.file).take(length).read_to_end(&mut bytes).map_err(io)?;
        Ok(bytes)
    }
}

/// The checksum of a line of `json` that follows one whose checksum is `previous`, and its bytes.
fn line(previous: u32, json: &[u8]) -> (u32, Vec<u8>) {
    let sum = checksum(previous, json);
    (sum, [format!("{sum:08x} ").as_bytes(), json, b"\n"].concat())
}

fn checksum(previous: u32, json: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(previous);
    hasher.update(json);
    hasher.finalize()
}

/// The lines of a journal, from the first to the last whole one.
struct Lines<'a> {
    rest: &'a [u8],
    /// The number of the line last given, counted from 1.
    number: usize,
    /// Bytes of the lines given.
    length: u64,
    /// The checksum of the line last given.
    sum: u32,
}

impl<'a> Lines<'a> {
    /// The JSON of the next line; `None` at the end, or if the last line is torn. The error is the number of a wrong
    /// line that others follow.
    fn next(&mut self) -> Result<Option<&'a [u8]>, usize> {
        let end = self.rest.iter().position(|&byte| byte == b'\n').map_or(self.rest.len(), |newline| newline + 1);
        let (line, rest) = self.rest.split_at(end);
        match self.checked(line) {
            Some((sum, json)) => {
                *self = Self { rest, number: self.number + 1, length: self.length + line.len() as u64, sum };
                Ok(Some(json))
            }
            None if rest.is_empty() => Ok(None),
            None => Err(self.number + 1),
        }
    }

    /// The checksum and the JSON of `line`, where it is whole and the one that was written here.
    fn checked(&self, line: &'a [u8]) -> Option<(u32, &'a [u8])> {
        let (digits, json) = line.strip_suffix(b"\n")?.split_at_checked(9)?;
        let sum = checksum(self.sum, json);
        (digits == format!("{sum:08x} ").as_bytes()).then_some((sum, json))
    }
}

/// Takes the lock of `file`; `false` if another process keeps it. From its fork to its exec a process holds a copy of
/// each lock of its parent, so the lock is tried again for a moment: a journal once seemed in use although its last
/// writer had closed it.
fn is_free(file: &File) -> bool {
    let asked = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if asked.elapsed() < PATIENCE => thread::sleep(PATIENCE / 50),
            Err(TryLockError::WouldBlock) => return false,
            // Where a system or a file system has no locks, a second process may write to the journal.
            Ok(()) | Err(TryLockError::Error(_)) => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_outgrow_a_journal_is_refused() {
        let file = tempfile::tempfile().unwrap();
        let mut journal = Journal::<u32> { path: "j".into(), file, length: LARGEST - 10, sum: 0, events: PhantomData };
        assert!(matches!(journal.append(&7), Err(Error::Large { length, .. }) if length == LARGEST + 1));
        assert_eq!(journal.file.metadata().unwrap().len(), 0);
        journal.length -= 1;
        journal.append(&7).unwrap();
    }

    #[test]
    fn an_event_after_a_failed_write_replaces_what_that_left() {
        let folder = tempfile::tempdir().unwrap();
        let workload = serde_json::from_str(r#"{"op":"dot","shape":"9"}"#).unwrap();
        let header = Header::new(&workload, &gingham_machine::Machine::probe(), Default::default());
        let path = folder.path().join("journal");
        let (mut journal, _) = Journal::<u32>::open(&path, &header).unwrap();
        journal.append(&1).unwrap();
        journal.file.write_all(b"01234567 a line that a full disk cut").unwrap();
        journal.append(&2).unwrap();
        journal.append(&3).unwrap();
        drop(journal);
        assert_eq!(Journal::<u32>::open(&path, &header).unwrap().1, [1, 2, 3]);
    }
}
