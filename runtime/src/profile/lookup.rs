//! Which saved answer fits a workload, and how well.
//!
//! An answer for the same size is used as it is. For another size of the same family (operation, element type and
//! layout alike) the nearest smaller and the nearest larger answer are interpolated, so that a combination that is
//! second in both may be the best between them. An answer for this very size whose libraries have changed since is
//! preferred to one for another size; one from a machine that has changed is used if there is no other.
//!
//! The number of tasks does not change which size an answer is for: a batch with more tasks takes longer by as many
//! times as its busiest worker has more of them.
//!
//! Two workloads lie a factor apart. For each size of their shapes, and for their numbers of tasks, take the larger
//! over the smaller: the factor is the product of these, and its logarithm is the distance. Where all sizes grow
//! together the factor is the ratio of the work. Where one grows as another shrinks, the work stays the same and the
//! factor does not: a product of 1 x 10^6 x 1 says nothing about one of 100 x 100 x 100.

use std::fmt;

use gingham_core::Registry;

use super::{Changes, Entry, Fingerprint, Profile};
use crate::combination::Combination;
use crate::environment::kernel_variables;
use crate::waves::makespan;
use crate::workload::Workload;

/// With equal shapes, numbers of tasks within this factor count as the same size.
const SAME_SIZE: f64 = 2.0;

/// An answer for a shape further away than this factor says nothing. From one power of two to the next, a product of
/// square matrices grows by 8; beyond twice that, the operands are mostly in another level of the caches.
pub const REACH: f64 = 16.0;

/// A combination that an entry does not rank was slower than those that it ranks, or was never raced. It counts as slow
/// as the entry's slowest, and at least as slow as a gross loser of a race.
const ABSENT: f64 = 1.5;

/// How well an answer fits.
#[derive(Debug, Clone, PartialEq)]
pub enum Grade {
    /// The same size, and nothing has changed; the number of tasks may differ by a factor of two.
    Hit,
    /// Another size of the same family, nothing has changed.
    Near {
        /// The distance to the nearest answer, as a natural logarithm; the part of the shape is at most `ln` [`REACH`].
        distance: f64,
    },
    /// Something that the answer depends on has changed since; the size may be another one, too.
    Stale {
        /// What it was then, and what it is now.
        changed: Changes,
    },
    /// No saved answer is near enough.
    Miss,
}

/// What a profile says about a workload.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Answer<'a> {
    /// The requested workload.
    pub workload: &'a Workload,
    /// How well it fits.
    pub grade: Grade,
    /// The one or two entries that it was made from, the nearest first; empty for a miss.
    pub entries: Vec<&'a Entry>,
    /// The best first; empty for a miss.
    pub ranking: Vec<Choice<'a>>,
    /// The command that finds or renews it.
    pub tune: String,
}

/// A combination of an answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Choice<'a> {
    /// The combination, its chunk fitted to the requested number of tasks.
    pub combination: Combination,
    /// Its time over the best's time, at least 1.
    pub slower: f64,
    /// `VARIABLE=VALUE` that must be set before the program starts.
    pub export: Option<&'a str>,
}

/// An entry of the requested family.
struct Relative<'a> {
    entry: &'a Entry,
    factor: f64,
    changes: Changes,
}

impl Profile {
    /// What is known about `workload` if `now` is the present fingerprint.
    #[must_use]
    pub fn look_up<'a>(&'a self, workload: &'a Workload, now: &Fingerprint) -> Answer<'a> {
        let tune = self.tune(workload);
        let family = |w: &Workload| (w.call().clone(), w.layout(), w.source(), w.sink());
        let is_of_family = |w: &Workload| family(w) == family(workload);
        let relatives = self.entries.iter().filter(|entry| is_of_family(&entry.workload));
        let relatives = relatives.map(|entry| Relative {
            entry,
            factor: factor(workload, &entry.workload),
            changes: entry.fingerprint.changes(now),
        });
        let is_near = |relative: &Relative<'_>| shape_factor(workload, &relative.entry.workload) <= REACH;
        let mut relatives: Vec<_> = relatives.filter(is_near).collect();
        relatives.sort_by(|a, b| {
            let key = |relative: &Relative<'_>| {
                let Changes { machine, software, .. } = &relative.changes;
                (!machine.is_empty(), !relative.is_same_size(workload), machine.len() + software.len())
            };
            key(a).cmp(&key(b)).then(a.factor.total_cmp(&b.factor))
        });
        let Some(nearest) = relatives.first() else {
            return Answer { workload, grade: Grade::Miss, entries: Vec::new(), ranking: Vec::new(), tune };
        };
        let same_size = nearest.is_same_size(workload);
        let grade = match (&nearest.changes, same_size) {
            (changed, _) if !changed.is_empty() => Grade::Stale { changed: changed.clone() },
            (_, true) => Grade::Hit,
            (_, false) => Grade::Near { distance: nearest.distance() },
        };
        // Only entries with the same fingerprint are mixed.
        let smaller = is_smaller(&nearest.entry.workload, workload);
        let beyond = relatives
            .iter()
            .find(|other| other.changes == nearest.changes && is_smaller(&other.entry.workload, workload) != smaller);
        let used: Vec<&Relative<'_>> = [nearest].into_iter().chain(beyond.filter(|_| !same_size)).collect();
        let ranking = interpolate(workload, &used);
        Answer { workload, grade, entries: used.iter().map(|relative| relative.entry).collect(), ranking, tune }
    }
}

impl Answer<'_> {
    /// The answer in words; of one that is stale, also what renews it in a program with the backends of `registry`.
    #[must_use]
    pub fn told(&self, registry: &Registry) -> String {
        match &self.grade {
            Grade::Stale { changed } => format!("{self}; {}", changed.remedy(&self.tune, &kernel_variables(registry))),
            Grade::Hit | Grade::Near { .. } | Grade::Miss => self.to_string(),
        }
    }
}

impl Relative<'_> {
    fn is_same_size(&self, workload: &Workload) -> bool {
        self.entry.workload.shape() == workload.shape() && self.factor <= SAME_SIZE
    }

    fn distance(&self) -> f64 {
        self.factor.ln()
    }
}

/// Ranks the combinations of the entries: by the mean of the logarithms of their ratios to their entry's best, in which
/// the nearer entry weighs more.
fn interpolate<'a>(workload: &Workload, used: &[&Relative<'a>]) -> Vec<Choice<'a>> {
    let rankings: Vec<Vec<Choice<'a>>> = used.iter().map(|relative| fitted(relative.entry, workload)).collect();
    let weights = weights(used);
    let score = |combination: &Combination| -> f64 {
        let logarithm = |ranking: &[Choice<'_>]| {
            let own = ranking.iter().find(|choice| choice.combination == *combination);
            let absent = || ranking.last().map_or(ABSENT, |slowest| slowest.slower.max(ABSENT));
            own.map_or_else(absent, |choice| choice.slower).ln()
        };
        weights.iter().zip(&rankings).map(|(weight, ranking)| weight * logarithm(ranking)).sum()
    };
    let mut scored: Vec<(f64, &Choice<'a>)> = Vec::new();
    for choice in rankings.iter().flatten() {
        if scored.iter().all(|(_, known)| known.combination != choice.combination) {
            scored.push((score(&choice.combination), choice));
        }
    }
    scored.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let best = scored.first().map_or(0.0, |&(score, _)| score);
    scored.into_iter().map(|(score, choice)| Choice { slower: (score - best).exp(), ..choice.clone() }).collect()
}

/// The weight of each entry is the other's share of the sum of the distances.
fn weights(used: &[&Relative<'_>]) -> Vec<f64> {
    match used {
        [a, b] if a.distance() + b.distance() > 0.0 => {
            let share = b.distance() / (a.distance() + b.distance());
            vec![share, 1.0 - share]
        }
        _ => vec![1.0 / used.len() as f64; used.len()],
    }
}

/// The ranking of `entry` for as many tasks as `workload` has. Chunks are fitted to them, and each combination takes as
/// many times longer as its busiest worker has more tasks. The order is the race's, which knew more than the figures
/// show: so before the number of tasks is taken into account, no combination counts as faster than the one before it.
fn fitted<'a>(entry: &'a Entry, workload: &Workload) -> Vec<Choice<'a>> {
    let (from, to) = (entry.workload.tasks(), workload.tasks());
    let mut raced = 1.0_f64;
    let choices = entry.ranking.iter().map(|ranked| {
        raced = raced.max(ranked.slower);
        let chunk = match ranked.combination.chunk {
            even_or_single @ (0 | 1) => even_or_single,
            chunk => {
                let [from, to] = [from, to].map(|tasks| tasks as u128);
                usize::try_from((chunk as u128 * to + from / 2) / from).unwrap_or(usize::MAX).max(1)
            }
        };
        let combination = Combination { chunk, ..ranked.combination.clone() };
        let rows = |tasks, of: &Combination| makespan(tasks, of.workers, of.chunk).max(1) as f64;
        let slower = raced * (rows(to, &combination) / rows(from, &ranked.combination));
        Choice { combination, slower, export: ranked.export.as_deref() }
    });
    let mut choices: Vec<_> = choices.collect();
    choices.sort_by(|a, b| a.slower.total_cmp(&b.slower));
    let best = choices.first().map_or(1.0, |best| best.slower);
    choices.iter_mut().for_each(|choice| choice.slower /= best);
    choices
}

/// The factor that two workloads lie apart.
fn factor(a: &Workload, b: &Workload) -> f64 {
    shape_factor(a, b) * ratio(a.tasks(), b.tasks())
}

/// The same for their shapes alone.
fn shape_factor(a: &Workload, b: &Workload) -> f64 {
    a.shape().sizes().into_iter().zip(b.shape().sizes()).map(|(a, b)| ratio(a, b)).product()
}

/// The larger over the smaller, where 0 counts as 1.
fn ratio(a: usize, b: usize) -> f64 {
    a.max(b).max(1) as f64 / a.min(b).max(1) as f64
}

fn is_smaller(a: &Workload, b: &Workload) -> bool {
    a.work(a.tasks()) < b.work(b.tasks())
}

/// Where the answer comes from and how far it can be trusted: `the saved answer for ...`.
impl fmt::Display for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workload: asked, tune, .. } = self;
        let away = |entry: &Entry| {
            let w = &entry.workload;
            match w.work(w.tasks()) / asked.work(asked.tasks()) {
                // As much work does not bring another shape nearer.
                0.95..1.05 => format!("{w} ({:.1} x apart)", factor(asked, w)),
                larger @ 1.0.. => format!("{w} ({larger:.1} x larger)"),
                smaller => format!("{w} ({:.1} x smaller)", 1.0 / smaller),
            }
        };
        match &self.entries[..] {
            [] => return write!(f, "no saved answer for {asked}, nor near it, on this machine: `{tune}` finds one"),
            [entry] if entry.workload == **asked => write!(f, "the saved answer for {asked}")?,
            [entry] if entry.workload.shape() == asked.shape() => {
                let waves = if factor(asked, &entry.workload) > SAME_SIZE { ", by waves of tasks" } else { "" };
                write!(f, "the saved answer for {} ({} asked for{waves})", entry.workload, asked.tasks())?;
            }
            [entry] => write!(f, "the saved answer for another size, {}", away(entry))?,
            [near, far, ..] => write!(f, "between the saved answers for {} and {}", away(near), away(far))?,
        }
        for gaps in self.entries.iter().filter_map(|entry| entry.evidence.partial.as_ref()) {
            write!(f, "; it is partial: {gaps}")?;
        }
        for disturbed in self.entries.iter().filter_map(|entry| entry.evidence.disturbed.as_ref()) {
            write!(f, "; it was measured on a disturbed machine: {disturbed}")?;
        }
        if let Grade::Stale { changed } = &self.grade {
            write!(f, "; it is stale: {changed}")?;
        }
        Ok(())
    }
}
