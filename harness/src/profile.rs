//! Saved answers: for each workload tuned on a machine, the ranking of its combinations.
//!
//! The ranking is kept rather than the winner alone, because a program may be unable to apply the winner: a start-up
//! variable may be set otherwise, a backend not compiled in. A profile is a file of JSON; it is replaced as a whole,
//! under a lock, so that a reader finds the old one or the new one and two writers lose nothing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use gingham_machine::Machine;
use serde::{Deserialize, Serialize};

use crate::combination::Combination;
use crate::environment::Environment;
use crate::outcome::Outcome;
use crate::workload::Workload;

/// The name of this form.
pub const SCHEMA: &str = "gingham.profile/1";

/// A profile holds some kilobytes an answer; a file beyond this is none.
const LARGEST: u64 = 64 << 20;

/// Combinations kept of each ranking: enough that some of them can be applied anywhere.
const KEPT: usize = 24;

/// The saved answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    schema: String,
    /// One for each machine and workload.
    pub entries: Vec<Entry>,
}

/// The answer for one workload on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The CPU's name.
    pub cpu_model: String,
    /// The CPUs that could be used.
    pub usable_cpus: usize,
    /// What was tuned.
    pub workload: Workload,
    /// Seconds since 1970, when it was saved.
    pub saved_unix: u64,
    /// The version of gingham that measured it.
    pub gingham: String,
    /// Sets the inputs and the order of rounds.
    pub seed: u64,
    /// The fastest first.
    pub ranking: Vec<Ranked>,
}

/// A combination and what it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// The combination.
    pub combination: Combination,
    /// The version of its backend's library.
    pub version: String,
    /// Median seconds of the batch.
    pub median_s: f64,
    /// `VARIABLE=VALUE` that must be set before the program starts, where its backend reads one then.
    pub export: Option<String>,
}

/// A profile that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused.
    #[error("profile {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is no profile.
    #[error(
        "profile {path} is damaged ({reason}); remove it with `gingham profile clear --profile {path}`, or name another with --profile"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is a profile of another version, or something else.
    #[error("profile {path} has schema `{schema}`; this gingham reads `{SCHEMA}`; name another file with --profile")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        schema: String,
    },
    /// There is no home directory.
    #[error("no place for a profile: neither XDG_CONFIG_HOME nor HOME is set; name a file with --profile")]
    NoHome,
}

impl Default for Profile {
    fn default() -> Self {
        Self { schema: SCHEMA.into(), entries: Vec::new() }
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

impl Profile {
    /// The profile in the file at `path`; an empty one where there is none.
    ///
    /// # Errors
    /// [`Error`], where there is a file and it is no profile.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let io = |source| Error::Io { path: path.into(), source };
        let length = match fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(io(e)),
        };
        let damaged = |reason: String| Error::Damaged { path: path.into(), reason };
        if length > LARGEST {
            return Err(damaged(format!("{length} bytes are too many")));
        }
        let bytes = fs::read(path).map_err(io)?;
        #[derive(Deserialize)]
        struct Named {
            schema: String,
        }
        let Named { schema } = serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))?;
        if schema != SCHEMA {
            return Err(Error::Foreign { path: path.into(), schema });
        }
        serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))
    }

    /// Adds the answer of `outcome` to the profile at `path`, in place of an older one for the same machine and
    /// workload. Nothing is written where nothing finished.
    ///
    /// # Errors
    /// [`Error`]; the file is then as it was.
    pub fn record(path: &Path, outcome: &Outcome, environment: &Environment) -> Result<(), Error> {
        let io = |source| Error::Io { path: path.into(), source };
        let Some(entry) = Entry::of(outcome, environment) else { return Ok(()) };
        let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(directory).map_err(io)?;
        let mut lock_name = path.as_os_str().to_owned();
        lock_name.push(".lock");
        let lock = File::options().create(true).truncate(false).write(true).open(lock_name).map_err(io)?;
        let mut lock = fd_lock::RwLock::new(lock);
        let _held = lock.write().map_err(io)?;

        let mut profile = Self::load(path)?;
        profile.entries.retain(|old| !old.answers_the_same(&entry));
        profile.entries.push(entry);
        let mut file = tempfile::NamedTempFile::new_in(directory).map_err(io)?;
        serde_json::to_writer_pretty(&mut file, &profile).map_err(|e| io(e.into()))?;
        file.write_all(b"\n").map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(path).map_err(|e| io(e.error))?;
        Ok(())
    }

    /// The answer for `workload` on `machine`: the same operation, element type, shape and layout; among several, the
    /// one whose number of tasks is nearest by ratio.
    #[must_use]
    pub fn find(&self, workload: &Workload, machine: &Machine) -> Option<&Entry> {
        let same = |w: &Workload| {
            (w.op(), w.dtype(), w.shape(), w.layout())
                == (workload.op(), workload.dtype(), workload.shape(), workload.layout())
        };
        let here = |e: &&Entry| e.cpu_model == machine.cpu_model && e.usable_cpus == machine.usable_cpus;
        let distance = |e: &&Entry| (e.workload.tasks() as f64 / workload.tasks() as f64).ln().abs();
        let found = self.entries.iter().filter(here).filter(|e| same(&e.workload));
        found.min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }
}

impl Entry {
    fn of(outcome: &Outcome, environment: &Environment) -> Option<Self> {
        let finished = outcome.trials.iter().filter(|row| row.finished());
        let ranking: Vec<Ranked> = finished
            .take(KEPT)
            .filter_map(|row| {
                Some(Ranked {
                    combination: row.combination.clone(),
                    version: outcome.versions.get(&row.backend).cloned().unwrap_or_default(),
                    median_s: row.median_s?,
                    export: environment.export(&row.combination),
                })
            })
            .collect();
        if ranking.is_empty() {
            return None;
        }
        Some(Self {
            cpu_model: outcome.machine.machine.cpu_model.clone(),
            usable_cpus: outcome.machine.machine.usable_cpus,
            workload: outcome.workload.clone(),
            saved_unix: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()),
            gingham: env!("CARGO_PKG_VERSION").into(),
            seed: outcome.seed,
            ranking,
        })
    }

    fn answers_the_same(&self, other: &Self) -> bool {
        (&self.cpu_model, self.usable_cpus, &self.workload) == (&other.cpu_model, other.usable_cpus, &other.workload)
    }
}
