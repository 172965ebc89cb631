//! A saved answer: the machine and libraries that it holds for, its evidence, and its ranking.

use std::time::{SystemTime, UNIX_EPOCH};

use gingham_core::id;
use serde::{Deserialize, Serialize};

use super::{Fingerprint, Narrowing};
use crate::combination::Combination;
use crate::shown::is_unprintable;
use crate::workload::Workload;

/// Combinations kept of each ranking: enough that some of them can be applied anywhere.
const KEPT: usize = 24;

/// The answer for one workload on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// What was tuned.
    pub workload: Workload,
    /// The machine and the libraries that it was measured with.
    pub fingerprint: Fingerprint,
    /// Seconds since 1970, when it was saved.
    pub saved_unix: u64,
    /// Sets the inputs and the order of rounds.
    pub seed: u64,
    /// The evidence for it.
    pub evidence: Evidence,
    /// The best first, then the others that stayed in the race to its end, then those that left early; at least one.
    pub ranking: Vec<Ranked>,
}

/// The evidence for an answer, beside the figures of its ranking.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Evidence {
    /// Rounds whose samples count.
    pub rounds: usize,
    /// Rounds that were repeated because other programs used the machine.
    pub repeated: usize,
    /// How many are tied with the best.
    pub tied: usize,
    /// Why the race ended.
    pub stopped_because: String,
    /// If it is partial, how many combinations were never started or failed, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<String>,
    /// If other programs took too much of the machine during the tuning, how much, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disturbed: Option<String>,
    /// The flags that left out combinations. Answers saved before this field existed have none and count as chosen
    /// among all.
    #[serde(default, skip_serializing_if = "Narrowing::is_none")]
    pub narrowed_by: Narrowing,
}

/// A combination and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ranked {
    /// The combination.
    pub combination: Combination,
    /// Its time over the best's time: the median over the rounds that both ran in, so that other load slowed both. It
    /// may be below 1 if the two could not be told apart and the one with fewer threads was chosen.
    pub slower: f64,
    /// Seconds of the batch: the winner's median, times its ratio to that.
    pub median_s: f64,
    /// An interval of at least 95 % for that median, if the samples suffice for one.
    pub ci95_s: Option<[f64; 2]>,
    /// How many samples these figures are from.
    pub samples: usize,
    /// Whether the samples are from a fresh process, not from the race.
    pub confirmed: bool,
    /// `VARIABLE=VALUE` that must be set before the program starts, if its backend reads one then.
    pub export: Option<String>,
}

/// What became of an answer that was to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is in the profile.
    Saved,
    /// It is partial, and the profile keeps its full answer for this machine and workload.
    KeptFull,
    /// Flags narrowed the space that it was chosen from, and the profile keeps its answer from a wider space.
    KeptWider,
    /// No combination finished that a program can apply.
    Nothing,
}

impl Ranked {
    /// A combination that takes `slower` times as long as the best, `median_s` seconds a batch, without evidence yet.
    #[must_use]
    pub fn new(combination: Combination, slower: f64, median_s: f64) -> Self {
        Self { combination, slower, median_s, ci95_s: None, samples: 0, confirmed: false, export: None }
    }
}

impl Entry {
    /// The answer for `workload`, saved now, with the first valid combinations of `ranking`; `None` if none is valid.
    #[must_use]
    pub fn new(
        workload: Workload,
        fingerprint: Fingerprint,
        seed: u64,
        evidence: Evidence,
        ranking: impl Iterator<Item = Ranked>,
    ) -> Option<Self> {
        let saved_unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let ranking = ranking.filter(|ranked| ranked.check().is_ok()).take(KEPT).collect();
        let entry = Self { workload, fingerprint, saved_unix, seed, evidence, ranking };
        entry.check().is_ok().then_some(entry)
    }

    /// Checks that a program can have saved this entry. Its texts end up in terminals, and through `gingham profile
    /// env` in a shell: so none of them may hold a control character or a command.
    pub(super) fn check(&self) -> Result<(), String> {
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

    /// Whether it replaces `old`, an answer for the same machine and workload. A partial answer never replaces a full
    /// one; while the libraries are the same, nor does an answer from a narrower space replace one from a wider space.
    pub(super) fn in_place_of(&self, old: &Self) -> Recorded {
        let [own, olds] = [self, old].map(|entry| &entry.evidence);
        let holds = old.fingerprint.changes(&self.fingerprint).is_empty();
        let is_narrower = olds.narrowed_by.contains(&own.narrowed_by) && !own.narrowed_by.contains(&olds.narrowed_by);
        match own.partial.is_some() && olds.partial.is_none() {
            _ if is_narrower && holds => Recorded::KeptWider,
            true => Recorded::KeptFull,
            false => Recorded::Saved,
        }
    }

    /// Whether the two are for the same workload and machine, so that one replaces the other.
    pub(super) fn answers_the_same(&self, other: &Self) -> bool {
        self.workload == other.workload && self.fingerprint.changes(&other.fingerprint).machine.is_empty()
    }
}

impl Ranked {
    fn check(&self) -> Result<(), String> {
        let Self { combination, slower, median_s, ci95_s, export, .. } = self;
        if !id::is_valid(&combination.backend) {
            return Err(format!("`{}` is not the id of a backend", combination.backend.escape_debug()));
        }
        let mut figures = ci95_s.iter().flatten().chain([slower, median_s]);
        if !figures.all(|figure| FIGURES.contains(figure)) {
            return Err(format!("{combination} has a time that no batch takes"));
        }
        match export.as_ref().filter(|export| !is_export(export)) {
            Some(export) => Err(format!("`{}` is not a variable with a number", export.escape_debug())),
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
