//! Saved answers: for each workload tuned on a machine, the ranking of its combinations.
//!
//! The ranking is kept rather than the winner alone, because a program may be unable to apply the winner: a start-up
//! variable may be set otherwise, a backend not compiled in. A profile is a file of JSON; it is replaced as a whole,
//! under a lock, so that a reader finds the old one or the new one and two writers lose nothing.
//!
//! An answer knows what it rests on (a [`Fingerprint`]) and what speaks for it ([`Evidence`]); a lookup is graded
//! ([`Grade`]), and [`check`] measures a saved answer again.

#[cfg(target_os = "linux")]
pub mod check;
mod fingerprint;
mod layers;
mod lookup;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use gingham_core::id;
use serde::{Deserialize, Serialize};

use crate::combination::Combination;
use crate::environment::Environment;
use crate::outcome::{Coverage, Outcome, Row, Status};
use crate::shown::{Word, is_unprintable};
use crate::space::Narrowing;
use crate::store::{self, Place};
use crate::workload::Workload;

pub use fingerprint::{Changes, Fingerprint, Library};
pub use layers::system_paths;
pub use lookup::{Answer, Choice, Grade, REACH};

/// The name of this form.
pub const SCHEMA: &str = "gingham.profile/2";

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
    /// What names its file to a command, where it is to be named.
    #[serde(skip)]
    flag: String,
}

/// The answer for one workload on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What was tuned.
    pub workload: Workload,
    /// What it rests on.
    pub fingerprint: Fingerprint,
    /// Seconds since 1970, when it was saved.
    pub saved_unix: u64,
    /// Sets the inputs and the order of rounds.
    pub seed: u64,
    /// What speaks for it.
    pub evidence: Evidence,
    /// The best first, then the others that stayed in the race to its end, then those that left early; at least one.
    pub ranking: Vec<Ranked>,
}

/// What speaks for an answer, beside the figures of its ranking.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Rounds whose samples count.
    pub rounds: usize,
    /// Rounds that were repeated because the machine was not ours.
    pub repeated: usize,
    /// How many could not be told from the best.
    pub tied: usize,
    /// Why the race ended.
    pub stopped_because: String,
    /// Where it is partial, how many combinations were never started or failed, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<String>,
    /// What others had of the machine while it was measured, in words, where that was too much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disturbed: Option<String>,
    /// The flags that left out combinations; none in answers that were saved before this was kept, which count as chosen
    /// among all.
    #[serde(default, skip_serializing_if = "Narrowing::is_none")]
    pub narrowed_by: Narrowing,
}

/// A combination and what it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// The combination.
    pub combination: Combination,
    /// Its time over that of the best, as a median over the rounds that both ran in: what else the machine did fell on both.
    /// It may be below 1, where the two could not be told apart and that of fewer threads was taken.
    pub slower: f64,
    /// Seconds of the batch: the winner's median, times its ratio to that.
    pub median_s: f64,
    /// The interval of that median, at least 95 %, where there are samples enough for one.
    pub ci95_s: Option<[f64; 2]>,
    /// How many samples these are of.
    pub samples: usize,
    /// Whether they are of a fresh process rather than of the race.
    pub confirmed: bool,
    /// `VARIABLE=VALUE` that must be set before the program starts, where its backend reads one then.
    pub export: Option<String>,
}

/// What became of an answer that was to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is in the profile.
    Saved,
    /// It is partial, and the profile keeps the full one that it has for this machine and workload.
    KeptFull,
    /// Flags narrowed the space that it was chosen from, and the profile keeps the one that it has from a wider space.
    KeptWider,
    /// Nothing finished that a program can apply.
    Nothing,
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
    /// What comes from a device or a pipe is no profile.
    #[error("{path} gives no profile ({reason}); name another file with --profile")]
    Stream {
        /// The device or pipe.
        path: PathBuf,
        /// What is wrong with what it gives.
        reason: String,
    },
    /// It could not be written.
    #[error("profile {path} cannot be written: {source}; name another with --profile, or save nothing with --no-save")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is a profile of another version, or something else.
    #[error("profile {path} has schema `{schema}`; this gingham reads `{SCHEMA}`; name another file with --profile")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        schema: String,
    },
    /// The file is another one of Gingham's.
    #[error("{path} is no profile, but {what}; name another file")]
    Other {
        /// The file.
        path: PathBuf,
        /// What it is, and which command reads it.
        what: &'static str,
    },
    /// There is no home directory.
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

/// The flag that names the profile at `path` to a command, after a blank; empty for the one that is taken where none is
/// named.
#[must_use]
pub fn flag(path: &Path) -> String {
    match default_path() {
        Ok(default) if default == path => String::new(),
        _ => format!(" --profile {}", Word(path)),
    }
}

impl Profile {
    /// The profile in the file at `path`; an empty one where there is none, or nothing in it.
    ///
    /// # Errors
    /// [`Error`], where there is something and it is no profile.
    pub fn load(path: &Path) -> Result<Self, Error> {
        match store::read(path, LARGEST) {
            Ok(bytes) => Self::parse(&bytes).map_err(|flaw| flaw.at(path)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(e) if e.kind() == io::ErrorKind::FileTooLarge => Err(Flaw::Damaged(e.to_string()).at(path)),
            Err(source) => Err(Error::Io { path: path.into(), source }),
        }
    }

    /// The same, which its user named by `path`: commands that renew its answers name it, too.
    #[must_use]
    pub fn named(self, path: &Path) -> Self {
        Self { flag: flag(path), ..self }
    }

    /// The command that finds or renews the answer for `workload`.
    #[must_use]
    pub fn tune(&self, workload: &Workload) -> String {
        format!("gingham tune {}{}", workload.flags(), self.flag)
    }

    fn parse(bytes: &[u8]) -> Result<Self, Flaw> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let other = |flaw| store::introduced(bytes).map_or(flaw, Flaw::Other);
        let schema = store::schema(bytes).map_err(|reason| other(Flaw::Damaged(reason)))?;
        match schema.as_str() {
            SCHEMA => {}
            of_profile if of_profile.starts_with("gingham.profile/") => return Err(Flaw::Foreign(schema)),
            _ => return Err(other(Flaw::Foreign(schema))),
        }
        let profile: Self = store::value(bytes).map_err(Flaw::Damaged)?;
        profile.entries.iter().try_for_each(Entry::check).map_err(Flaw::Damaged)?;
        Ok(profile)
    }

    /// Whether answers can be saved at `path`, as far as can be told without changing anything.
    ///
    /// # Errors
    /// [`Error`]
    pub fn check(path: &Path) -> Result<(), Error> {
        let unwritable = |source| Error::Unwritable { path: path.into(), source };
        let place = Place::of(path).map_err(unwritable)?;
        place.check().map_err(unwritable)?;
        Self::at(&place, path).map(drop)
    }

    /// Changes the profile at `path`, which nobody else changes meanwhile. A device or a pipe is told a profile that
    /// was empty before.
    ///
    /// # Errors
    /// [`Error`]; the file is then as it was.
    pub fn update<R>(path: &Path, change: impl FnOnce(&mut Self) -> R) -> Result<R, Error> {
        let unwritable = |source| Error::Unwritable { path: path.into(), source };
        let place = Place::of(path).map_err(unwritable)?;
        let _held = place.lock().map_err(unwritable)?;
        let mut profile = Self::at(&place, path)?;
        let changed = change(&mut profile);
        place.write(profile.to_json().as_bytes()).map_err(unwritable)?;
        Ok(changed)
    }

    /// What is to be changed at `path`, which is `place`: reading a pipe would wait for somebody who writes.
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

    /// Adds the answer of `outcome` to the profile at `path`, in place of an older one for the same machine and
    /// workload; what became of it.
    ///
    /// # Errors
    /// [`Error`]; the file is then as it was.
    pub fn record(path: &Path, outcome: &Outcome, environment: &Environment) -> Result<Recorded, Error> {
        let Some(entry) = Entry::of(outcome, environment) else { return Ok(Recorded::Nothing) };
        Self::update(path, |profile| profile.put(entry))
    }

    /// Takes `entry` in, in place of one for the same machine and workload, unless that one speaks of more.
    fn put(&mut self, entry: Entry) -> Recorded {
        let olds = self.entries.iter().filter(|old| old.answers_the_same(&entry));
        if let Some(kept) = olds.map(|old| entry.in_place_of(old)).find(|recorded| *recorded != Recorded::Saved) {
            return kept;
        }
        self.entries.retain(|old| !old.answers_the_same(&entry));
        self.entries.push(entry);
        Recorded::Saved
    }

    /// Takes in what `other` has, apart from what is known here and was saved later or speaks of more combinations; how
    /// many that were.
    pub fn import(&mut self, other: Self) -> usize {
        let newer = |old: &Entry, entry: &Entry| old.answers_the_same(entry) && old.saved_unix > entry.saved_unix;
        let wanted = other.entries.into_iter().filter(|entry| !self.entries.iter().any(|old| newer(old, entry)));
        let wanted: Vec<Entry> = wanted.collect();
        wanted.into_iter().map(|entry| self.put(entry)).filter(|recorded| *recorded == Recorded::Saved).count()
    }

    /// Drops the answers for `workload`, on whichever machine; how many there were.
    pub fn forget(&mut self, workload: &Workload) -> usize {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.workload != *workload);
        before - self.entries.len()
    }
}

/// What is wrong with a text that should be a profile.
enum Flaw {
    Damaged(String),
    /// The schema that it names.
    Foreign(String),
    /// What else it is.
    Other(&'static str),
}

impl Flaw {
    fn at(self, path: &Path) -> Error {
        let path = path.to_owned();
        match self {
            Self::Foreign(schema) => Error::Foreign { path, schema },
            Self::Other(what) => Error::Other { path, what },
            Self::Damaged(reason) if path.is_file() => Error::Damaged { path, reason },
            Self::Damaged(reason) => Error::Stream { path, reason },
        }
    }
}

impl Entry {
    /// The answer of `outcome`, where anything of its own finished. What a peer did is left out: a program cannot
    /// apply it.
    fn of(outcome: &Outcome, environment: &Environment) -> Option<Self> {
        let place = |row: &Row| match (Some(&row.combination) == outcome.best.as_ref(), row.finished()) {
            (true, true) => Some(0),
            (_, true) => Some(1),
            (_, false) if row.status == Status::Ok => Some(2),
            (_, false) => None,
        };
        let ours = outcome.trials.iter().filter(|row| id::is_valid(&row.backend));
        let rows: Vec<(u8, &Row)> = ours.filter_map(|row| Some((place(row)?, row))).collect();
        let &(_, best) = rows.iter().filter(|&&(place, _)| place < 2).min_by_key(|&&(place, _)| place)?;
        let slower = |(place, row)| Some((place, outcome.ratio(row, best)?.times, row));
        let mut rows: Vec<(u8, f64, &Row)> = rows.into_iter().filter_map(slower).collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let ranked = |(_, slower, row): (u8, f64, &Row)| {
            let samples = outcome.fresh(row).unwrap_or(&row.samples);
            Some(Ranked {
                combination: row.combination.clone(),
                slower,
                median_s: row.median_s?,
                ci95_s: row.ci95_s,
                samples: samples.iter().filter(|sample| !sample.set_aside).count(),
                confirmed: row.confirmed,
                export: environment.export(&row.combination),
            })
        };
        let ranking = rows.into_iter().filter_map(ranked);
        let ranking: Vec<Ranked> = ranking.filter(|ranked| ranked.check().is_ok()).take(KEPT).collect();
        let ids: BTreeSet<&str> = ranking.iter().map(|ranked| ranked.combination.backend.as_str()).collect();
        let entry = Self {
            workload: outcome.workload.clone(),
            fingerprint: Fingerprint::of(outcome, ids.into_iter()),
            saved_unix: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()),
            seed: outcome.seed,
            evidence: Evidence {
                rounds: outcome.rounds.kept,
                repeated: outcome.rounds.repeated,
                tied: outcome.tied.len(),
                stopped_because: outcome.stopped_because.clone(),
                partial: Coverage::of_own(outcome).gaps(),
                disturbed: outcome.disturbed.clone(),
                narrowed_by: outcome.narrowed_by.clone(),
            },
            ranking,
        };
        entry.check().is_ok().then_some(entry)
    }

    /// What makes an entry one that no program can have saved. Its texts end up in terminals, and in a shell by way of
    /// `gingham profile env`: none of them holds a control character or a command.
    fn check(&self) -> Result<(), String> {
        let workload = &self.workload;
        if self.ranking.is_empty() {
            return Err(format!("the answer for {workload} is empty"));
        }
        let Fingerprint { cpu_model, cpu_signature, simd, gingham, backends, .. } = &self.fingerprint;
        let libraries = backends.iter().flat_map(|(id, library)| [id, &library.version, &library.kernels]);
        let Evidence { stopped_because, partial, disturbed, narrowed_by, .. } = &self.evidence;
        let texts = [cpu_model, gingham, stopped_because].into_iter().chain(partial).chain(disturbed);
        let mut texts = texts.chain(narrowed_by.texts()).chain(cpu_signature).chain(simd).chain(libraries);
        if texts.any(|text| text.chars().any(is_unprintable)) {
            return Err(format!("the answer for {workload} has control characters in it"));
        }
        self.ranking.iter().try_for_each(Ranked::check)
    }

    /// What becomes of it where there is `old`, an answer for the same machine and workload: one from a narrower space
    /// never takes the place of one whose libraries are still the same, nor a partial one that of a full one.
    fn in_place_of(&self, old: &Self) -> Recorded {
        let [own, olds] = [self, old].map(|entry| &entry.evidence);
        let holds = old.fingerprint.changes(&self.fingerprint).is_empty();
        let is_narrower = olds.narrowed_by.contains(&own.narrowed_by) && !own.narrowed_by.contains(&olds.narrowed_by);
        match own.partial.is_some() && olds.partial.is_none() {
            _ if is_narrower && holds => Recorded::KeptWider,
            true => Recorded::KeptFull,
            false => Recorded::Saved,
        }
    }

    /// Whether one takes the other's place: of one workload, on one machine.
    fn answers_the_same(&self, other: &Self) -> bool {
        self.workload == other.workload && self.fingerprint.changes(&other.fingerprint).machine.is_empty()
    }
}

impl Ranked {
    fn check(&self) -> Result<(), String> {
        let Self { combination, slower, median_s, ci95_s, export, .. } = self;
        if !id::is_valid(&combination.backend) {
            return Err(format!("`{}` is no id of a backend", combination.backend.escape_debug()));
        }
        let mut figures = ci95_s.iter().flatten().chain([slower, median_s]);
        if !figures.all(|figure| FIGURES.contains(figure)) {
            return Err(format!("{combination} has a time that no batch takes"));
        }
        match export.as_ref().filter(|export| !is_export(export)) {
            Some(export) => Err(format!("`{}` is no variable with a number", export.escape_debug())),
            None => Ok(()),
        }
    }
}

/// Seconds that a batch can take, one picosecond to thirty thousand years, and their ratios.
const FIGURES: std::ops::RangeInclusive<f64> = 1e-12..=1e12;

/// Whether `text` is `VARIABLE=VALUE`, the value a number.
fn is_export(text: &str) -> bool {
    text.split_once('=').is_some_and(|(variable, value)| {
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
        variable.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && variable.chars().all(letters)
            && value.parse::<u32>().is_ok()
            && value.chars().all(|c| c.is_ascii_digit())
    })
}
