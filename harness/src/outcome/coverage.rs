//! How much of the space an answer covers: how many combinations were measured, could not win, were never started, or
//! failed. If any was never started or failed, the answer is partial.

use std::collections::BTreeMap;

use gingham_runtime::combination::{Combination, ExecutorKind};
use gingham_runtime::quantity::count;
use serde::{Deserialize, Serialize};

use super::{Outcome, Status};
use crate::reason::{Cause, Stop, Warning};

/// Combinations of one kind that were never started, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NeverStarted {
    /// What they are: `serial` (one thread in all), `op_threads` (one task at a time, several threads inside it),
    /// `peer`, or the name of their executor.
    pub kind: String,
    /// Why.
    pub reason: Cause,
    /// How many.
    pub count: usize,
}

/// What became of a combination that no rule excludes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Measured,
    /// Never started, or never sampled.
    Out(Cause),
    Failed,
}

/// What became of all combinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// For each kind, how many had which fate.
    fates: BTreeMap<&'static str, BTreeMap<Fate, usize>>,
    /// The number of tasks of a batch of which only one was held, so that no pool of workers was a candidate.
    one_of: Option<usize>,
}

impl Coverage {
    /// Counts every combination of a tuning.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        Self::over(outcome, |_| true)
    }

    /// Counts the combinations that a program can apply, which leaves out peers.
    #[must_use]
    pub fn of_own(outcome: &Outcome) -> Self {
        Self::over(outcome, |combination| combination.executor != ExecutorKind::Peer)
    }

    fn over(outcome: &Outcome, is_wanted: impl Fn(&Combination) -> bool) -> Self {
        let rows = outcome.trials.iter().filter(|row| is_wanted(&row.combination) && !row.ruled_out);
        let cut_short = if outcome.stop() == Some(Stop::Interrupted) { Cause::Interrupted } else { Cause::Budget };
        let (held, tasks, cpus) = (outcome.arena_tasks, outcome.workload.tasks(), outcome.machine.machine.usable_cpus);
        let asked = held == 1 && tasks > 1 && cpus > 1 && !outcome.narrowed_by.excludes_pools();
        let has_pools = || rows.clone().any(|row| row.combination.workers > 1);
        let one_of = (asked && !has_pools()).then_some(tasks);
        let mut fates: BTreeMap<_, BTreeMap<_, usize>> = BTreeMap::new();
        for row in rows {
            let fate = match row.status {
                Status::Ok if row.samples.iter().any(|sample| !sample.set_aside) => Fate::Measured,
                Status::Ok | Status::Skipped => Fate::Out(row.not_started.unwrap_or(cut_short)),
                Status::Failed | Status::Timeout | Status::Wrong | Status::Refused => Fate::Failed,
            };
            *fates.entry(kind(&row.combination)).or_default().entry(fate).or_default() += 1;
        }
        Self { fates, one_of }
    }

    fn count(&self, is: impl Fn(Fate) -> bool) -> usize {
        self.fates.values().map(|fates| hits(fates, &is)).sum()
    }

    /// How many there are, how many of them a longer tuning would have measured, and how many failed.
    fn counts(&self) -> [usize; 3] {
        [self.count(|_| true), self.count(is_missing), self.count(is_failed)]
    }

    fn is_interrupted(&self) -> bool {
        self.count(|fate| fate == Fate::Out(Cause::Interrupted)) > 0
    }

    /// What may be claimed of a winner, among the combinations that were measured or could not win: `the fastest of 60
    /// combinations`.
    #[must_use]
    pub fn claim(&self, has_ties: bool) -> String {
        let ([all, missing, failed], measured) = (self.counts(), self.count(|fate| fate == Fate::Measured));
        let of = match missing + failed {
            0 => count(all, "combination"),
            _ => format!("the {measured} that were measured, of {}", count(all, "combination")),
        };
        match measured {
            1 if all == 1 => "the only combination".into(),
            1 => format!("the only one of {all} combinations that was measured"),
            _ if has_ties => format!("as fast as any of {of}"),
            _ => format!("the fastest of {of}"),
        }
    }

    /// The warning that the answer is partial; `None` for a full answer.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        let [all, out, failed] = self.counts();
        let all = count(all, "combination");
        let (what, advice) = match (out, failed) {
            (0, 0) => (self.no_pools()?, "a larger budget holds more of them"),
            (0, failed) => (format!("{failed} of {all} failed"), "their reasons are in the result"),
            (out, 0) => (format!("{out} of {all} never started"), "a larger budget starts more"),
            (out, failed) => {
                (format!("{out} of {all} never started, and {failed} failed"), "a larger budget starts more")
            }
        };
        let advice = if self.is_interrupted() { "it was interrupted" } else { advice };
        Some(Warning::Partial(format!("the answer is partial: {what}; {advice}")))
    }

    /// How many were never started, by kind and reason.
    #[must_use]
    pub fn never_started(&self) -> Vec<NeverStarted> {
        let mut all = Vec::new();
        for (&kind, fates) in &self.fates {
            for (&fate, &count) in fates {
                if let Fate::Out(reason) = fate {
                    all.push(NeverStarted { kind: kind.into(), reason, count });
                }
            }
        }
        all
    }

    /// What a partial answer leaves open, in words; `None` for a full one: `53 of 60 combinations never started, as the
    /// budget ended: 24 of 24 on threads, 24 of 24 on rayon, 5 of 6 with op threads alone; 1 failed: 1 of 6 with one
    /// thread`.
    #[must_use]
    pub fn gaps(&self) -> Option<String> {
        let [all, out, failed] = self.counts();
        let all = count(all, "combination");
        let mut parts = Vec::new();
        if out > 0 {
            let why = if self.is_interrupted() { "as it was interrupted" } else { "as the budget ended" };
            parts.push(format!("{out} of {all} never started, {why}: {}", self.kinds(is_missing)));
        }
        if failed > 0 {
            let of = if out > 0 { String::new() } else { format!(" of {all}") };
            parts.push(format!("{failed}{of} failed: {}", self.kinds(is_failed)));
        }
        parts.extend(self.no_pools());
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    fn no_pools(&self) -> Option<String> {
        let all = self.one_of?;
        Some(format!("no pool of workers was tried, as one of the {all} tasks alone was held in memory"))
    }

    /// How many of each kind: `24 of 24 on threads, 1 of 6 with one thread`.
    fn kinds(&self, is: impl Fn(Fate) -> bool) -> String {
        let words = |kind: &str| match kind {
            "serial" => "with one thread".to_owned(),
            "op_threads" => "with op threads alone".to_owned(),
            "peer" => "of the peers".to_owned(),
            executor => format!("on {executor}"),
        };
        let hit = self.fates.iter().map(|(kind, fates)| (hits(fates, &is), hits(fates, |_| true), words(kind)));
        let hit = hit.filter(|&(hit, ..)| hit > 0).map(|(hit, all, kind)| format!("{hit} of {all} {kind}"));
        hit.collect::<Vec<_>>().join(", ")
    }
}

fn hits(fates: &BTreeMap<Fate, usize>, is: impl Fn(Fate) -> bool) -> usize {
    fates.iter().filter(|&(&fate, _)| is(fate)).map(|(_, count)| count).sum()
}

/// Whether a longer tuning would have measured it.
fn is_missing(fate: Fate) -> bool {
    matches!(fate, Fate::Out(Cause::Budget | Cause::Interrupted))
}

fn is_failed(fate: Fate) -> bool {
    fate == Fate::Failed
}

fn kind(combination: &Combination) -> &'static str {
    match combination.executor {
        ExecutorKind::Peer => "peer",
        ExecutorKind::Serial if combination.op_threads.get() == 1 => "serial",
        ExecutorKind::Serial => "op_threads",
        executor => executor.name(),
    }
}
