//! Saved answers: for each workload tuned on a machine, the ranking of its combinations.
//!
//! It keeps the ranking, not the winner alone, because a program may be unable to apply the winner: a start-up variable
//! may be set otherwise, or a backend may not be compiled in. A profile is a file of JSON; it is replaced as a whole,
//! under a lock, so that a reader finds the old one or the new one and two writers lose nothing.
//!
//! An answer holds the facts that it depends on (a [`Fingerprint`]) and its [`Evidence`]; a lookup is graded
//! ([`Grade`]).

mod entry;
mod fingerprint;
mod lookup;
mod narrowing;

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::shown::Word;
use crate::store::{self, Place};
use crate::workload::Workload;

pub use entry::{Entry, Evidence, Ranked, Recorded};
pub use fingerprint::{Changes, Fingerprint, Library};
pub use lookup::{Answer, Choice, Grade, REACH};
pub use narrowing::Narrowing;

/// The schema of a profile's file.
pub const SCHEMA: &str = "gingham.profile/2";

/// The largest file that is read as a profile, bytes: an answer takes some kilobytes.
const LARGEST: u64 = 64 << 20;

/// The saved answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    schema: String,
    /// One for each machine and workload.
    pub entries: Vec<Entry>,
    /// The flag that names its file to a command; empty for the default file.
    #[serde(skip)]
    flag: String,
}

/// A profile that cannot be read or written: its path, and why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused to read it.
    #[error("profile {0}: {1}")]
    Io(PathBuf, #[source] io::Error),
    /// The file is not a profile.
    #[error(
        "profile {0} is damaged ({1}); remove it with `gingham profile clear --profile {0}`, or name another with \
         --profile"
    )]
    Damaged(PathBuf, String),
    /// The text from a device or a pipe is not a profile.
    #[error("{0} does not give a profile ({1}); name another file with --profile")]
    Stream(PathBuf, String),
    /// The system refused to write it.
    #[error("profile {0} cannot be written: {1}; name another with --profile, or save nothing with --no-save")]
    Unwritable(PathBuf, #[source] io::Error),
    /// The file states this schema: it is a profile of another version, or something else.
    #[error("profile {0} has schema `{1}`; this gingham reads `{SCHEMA}`; name another file with --profile")]
    Foreign(PathBuf, String),
    /// The file is one of Gingham's other files, which the text names with the command that reads it.
    #[error("{0} is not a profile, but {1}; name another file")]
    Other(PathBuf, &'static str),
    /// The user has no home directory.
    #[error("no place for a profile: neither XDG_CONFIG_HOME nor HOME is set; name a file with --profile")]
    NoHome,
}

impl Default for Profile {
    fn default() -> Self {
        Self { schema: SCHEMA.into(), entries: Vec::new(), flag: String::new() }
    }
}

/// Where profiles are kept when no file is named: `gingham/profile.json` in the user's configuration directory.
///
/// # Errors
/// [`Error::NoHome`]
pub fn default_path() -> Result<PathBuf, Error> {
    let directories = directories::ProjectDirs::from("", "", "gingham").ok_or(Error::NoHome)?;
    Ok(directories.config_dir().join("profile.json"))
}

/// The flag that names the profile at `path` to a command, after a blank; empty for the profile that is used by
/// default.
#[must_use]
pub fn flag(path: &Path) -> String {
    match default_path() {
        Ok(default) if default == path => String::new(),
        _ => format!(" --profile {}", Word(path)),
    }
}

impl Profile {
    /// The profile in the file at `path`; an empty profile if there is no file, or an empty one.
    ///
    /// # Errors
    /// [`Error`], where the file holds something that is not a profile.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let kind = if path.is_file() { Error::Damaged } else { Error::Stream };
        let damaged = |reason| kind(path.into(), reason);
        let bytes = match store::read(path, LARGEST) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) if e.kind() == io::ErrorKind::FileTooLarge => return Err(damaged(e.to_string())),
            Err(e) => return Err(Error::Io(path.into(), e)),
        };
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let other = |error| store::introduced(&bytes).map_or(error, |what| Error::Other(path.into(), what));
        let schema = store::schema(&bytes).map_err(|reason| other(damaged(reason)))?;
        if schema != SCHEMA {
            let of_profile = schema.starts_with("gingham.profile/");
            let foreign = Error::Foreign(path.into(), schema);
            return Err(if of_profile { foreign } else { other(foreign) });
        }
        let profile: Self = store::value(&bytes).map_err(damaged)?;
        profile.entries.iter().try_for_each(Entry::check).map_err(damaged)?;
        Ok(profile)
    }

    /// The answers that hold when no file is named, each with its file: the user's ([`default_path`]), then those for
    /// all users, in `gingham/profile.json` in each directory of `XDG_CONFIG_DIRS` (`/etc/xdg` if that is not set) and
    /// in `/etc`. An answer in a later file counts only if no earlier file has one for the same workload and machine.
    ///
    /// # Errors
    /// [`Error`], where such a file exists and is not a profile.
    pub fn layers() -> Result<Vec<(PathBuf, Self)>, Error> {
        let set = env::var_os("XDG_CONFIG_DIRS").filter(|set| !set.is_empty()).unwrap_or_else(|| "/etc/xdg".into());
        // The standard says to ignore a relative path there.
        let directories = env::split_paths(&set).filter(|path| path.is_absolute()).chain(["/etc".into()]);
        let system = directories.map(|directory| directory.join("gingham/profile.json"));
        let mut layers: Vec<(PathBuf, Self)> = Vec::new();
        for path in [default_path()?].into_iter().chain(system) {
            let mut profile = Self::load(&path)?;
            let above = || layers.iter().flat_map(|(_, profile)| &profile.entries);
            profile.entries.retain(|entry| !above().any(|upper| upper.answers_the_same(entry)));
            layers.push((path, profile));
        }
        Ok(layers)
    }

    /// One profile of all answers of `layers`.
    #[must_use]
    pub fn of_layers(layers: Vec<(PathBuf, Self)>) -> Self {
        let flag = layers.first().map_or_else(String::new, |(_, profile)| profile.flag.clone());
        let entries = layers.into_iter().flat_map(|(_, profile)| profile.entries).collect();
        Self { entries, flag, ..Self::default() }
    }

    /// The same, for a `path` that the user named: commands that renew its answers then name it, too.
    #[must_use]
    pub fn named(self, path: &Path) -> Self {
        Self { flag: flag(path), ..self }
    }

    /// The command that finds or renews the answer for `workload`.
    #[must_use]
    pub fn tune(&self, workload: &Workload) -> String {
        format!("gingham tune {}{}", workload.flags(), self.flag)
    }

    /// Whether answers can be saved at `path`, as far as can be seen without changing anything.
    ///
    /// # Errors
    /// [`Error`]
    pub fn check(path: &Path) -> Result<(), Error> {
        let unwritable = |e| Error::Unwritable(path.into(), e);
        let place = Place::of(path).map_err(unwritable)?;
        place.check().map_err(unwritable)?;
        Self::at(&place, path).map(drop)
    }

    /// Changes the profile at `path`, under its lock. For a device or a pipe, it writes a profile that was empty
    /// before.
    ///
    /// # Errors
    /// [`Error`]; the file is then as it was.
    pub fn update<R>(path: &Path, change: impl FnOnce(&mut Self) -> R) -> Result<R, Error> {
        let unwritable = |e| Error::Unwritable(path.into(), e);
        let place = Place::of(path).map_err(unwritable)?;
        let _held = place.lock().map_err(unwritable)?;
        let mut profile = Self::at(&place, path)?;
        let changed = change(&mut profile);
        place.write(profile.to_json().as_bytes()).map_err(unwritable)?;
        Ok(changed)
    }

    /// The profile to be changed at `path`, which is `place`. A pipe is not read: that would wait for a writer.
    fn at(place: &Place, path: &Path) -> Result<Self, Error> {
        match place {
            Place::File(_) => Self::load(path),
            Place::Stream(_) => Ok(Self::default()),
        }
    }

    /// The text of its file.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("words and numbers") + "\n"
    }

    /// Takes in `entry`, in place of one for the same machine and workload, unless that one covers more.
    pub fn put(&mut self, entry: Entry) -> Recorded {
        let olds = self.entries.iter().filter(|old| old.answers_the_same(&entry));
        if let Some(kept) = olds.map(|old| entry.in_place_of(old)).find(|recorded| *recorded != Recorded::Saved) {
            return kept;
        }
        self.entries.retain(|old| !old.answers_the_same(&entry));
        self.entries.push(entry);
        Recorded::Saved
    }

    /// Takes in the answers of `other`, except where an answer here was saved later or covers more combinations;
    /// returns how many it took.
    pub fn import(&mut self, other: Self) -> usize {
        let newer = |old: &Entry, entry: &Entry| old.answers_the_same(entry) && old.saved_unix > entry.saved_unix;
        let wanted = other.entries.into_iter().filter(|entry| !self.entries.iter().any(|old| newer(old, entry)));
        let wanted: Vec<Entry> = wanted.collect();
        wanted.into_iter().map(|entry| self.put(entry)).filter(|recorded| *recorded == Recorded::Saved).count()
    }

    /// Drops the answers for `workload`, on any machine; returns how many there were.
    pub fn forget(&mut self, workload: &Workload) -> usize {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.workload != *workload);
        before - self.entries.len()
    }
}
