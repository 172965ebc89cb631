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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Measured,
    /// Never started, or never sampled.
    Out(Cause),
    Failed,
}

/// What became of all combinations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// By kind.
    fates: BTreeMap<&'static str, Vec<Fate>>,
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
        rows.fold(Self { one_of, ..Self::default() }, |all, row| {
            let is_sampled = row.samples.iter().any(|sample| !sample.set_aside);
            all.with(&row.combination, row.status, is_sampled, row.not_started.unwrap_or(cut_short))
        })
    }

    /// Adds a combination that no rule excludes; `cause` is why it was not started or never sampled, where it was not.
    #[must_use]
    pub(crate) fn with(mut self, combination: &Combination, status: Status, is_sampled: bool, cause: Cause) -> Self {
        let fate = match status {
            Status::Ok if is_sampled => Fate::Measured,
            Status::Ok | Status::Skipped => Fate::Out(cause),
            Status::Failed | Status::Timeout | Status::Wrong | Status::Refused => Fate::Failed,
        };
        self.fates.entry(kind(combination)).or_default().push(fate);
        self
    }

    fn count(&self, is: impl Fn(Fate) -> bool) -> usize {
        self.fates.values().flatten().filter(|fate| is(**fate)).count()
    }

    /// How many there are.
    fn all(&self) -> usize {
        self.count(|_| true)
    }

    /// How many were measured.
    fn measured(&self) -> usize {
        self.count(|fate| fate == Fate::Measured)
    }

    /// Whether any combination that might have won was never started, or failed.
    fn is_incomplete(&self) -> bool {
        self.count(|fate| is_missing(fate) || fate == Fate::Failed) > 0
    }

    /// What may be claimed of a winner, among the combinations that were measured or could not win: `the fastest of 60
    /// combinations`.
    #[must_use]
    pub fn claim(&self, has_ties: bool) -> String {
        let (all, measured) = (self.all(), self.measured());
        let of = match self.is_incomplete() {
            true => format!("the {measured} that were measured, of {}", count(all, "combination")),
            false => count(all, "combination"),
        };
        match measured {
            1 if all == 1 => "the only combination".into(),
            1 => format!("the only one of {all} combinations that was measured"),
            _ if has_ties => format!("as fast as any of {of}"),
            _ => format!("the fastest of {of}"),
        }
    }

    /// Says that the answer is partial, where it is.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        let (out, failed, all) = (self.count(is_missing), self.count(|fate| fate == Fate::Failed), self.all());
        let all = count(all, "combination");
        let no_pools = self.no_pools();
        let what = match (out, failed) {
            (0, 0) => {
                let what = |no| format!("the answer is partial: {no}; a larger budget holds more of them");
                return no_pools.map(|no| Warning::Partial { what: what(no) });
            }
            (0, failed) => format!("{failed} of {all} failed"),
            (out, 0) => format!("{out} of {all} never started"),
            (out, failed) => format!("{out} of {all} never started, and {failed} failed"),
        };
        let advice = match self.count(|fate| fate == Fate::Out(Cause::Interrupted)) {
            0 if out > 0 => "a larger budget starts more",
            0 => "their reasons are in the result",
            _ => "it was interrupted",
        };
        Some(Warning::Partial { what: format!("the answer is partial: {what}; {advice}") })
    }

    /// How many were never started, by kind and reason.
    #[must_use]
    pub fn never_started(&self) -> Vec<NeverStarted> {
        let mut counts: BTreeMap<(&str, Cause), usize> = BTreeMap::new();
        for (kind, fates) in &self.fates {
            for fate in fates {
                if let Fate::Out(cause) = fate {
                    *counts.entry((kind, *cause)).or_default() += 1;
                }
            }
        }
        let entry = |((kind, reason), count): ((&str, Cause), usize)| NeverStarted { kind: kind.into(), reason, count };
        counts.into_iter().map(entry).collect()
    }

    /// What a partial answer leaves open, in words; `None` for a full one: `53 of 60 combinations never started, as the
    /// budget ended: 24 of 24 on threads, 24 of 24 on rayon, 5 of 6 with op threads alone; 1 failed: 1 of 6 with one
    /// thread`.
    #[must_use]
    pub fn gaps(&self) -> Option<String> {
        let out = self.count(is_missing);
        let failed = self.count(|fate| fate == Fate::Failed);
        let all = count(self.all(), "combination");
        let mut parts = Vec::new();
        if out > 0 {
            let why = match self.count(|fate| fate == Fate::Out(Cause::Interrupted)) {
                0 => "as the budget ended",
                _ => "as it was interrupted",
            };
            parts.push(format!("{out} of {all} never started, {why}: {}", self.kinds(is_missing)));
        }
        if failed > 0 {
            let of = if out > 0 { String::new() } else { format!(" of {all}") };
            parts.push(format!("{failed}{of} failed: {}", self.kinds(|fate| fate == Fate::Failed)));
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
        let count = |(kind, fates): (&&str, &Vec<Fate>)| {
            let hit = fates.iter().filter(|fate| is(**fate)).count();
            (hit > 0).then(|| format!("{hit} of {} {}", fates.len(), words(kind)))
        };
        self.fates.iter().filter_map(count).collect::<Vec<_>>().join(", ")
    }
}

/// Whether only the time kept it from being measured.
fn is_missing(fate: Fate) -> bool {
    matches!(fate, Fate::Out(Cause::Budget | Cause::Interrupted))
}

fn kind(combination: &Combination) -> &'static str {
    match combination.executor {
        ExecutorKind::Peer => "peer",
        ExecutorKind::Serial if combination.op_threads.get() == 1 => "serial",
        ExecutorKind::Serial => "op_threads",
        executor => executor.name(),
    }
}
