//! What has been measured in a search: the samples of every process, and the speeds that follow from them.

use std::collections::BTreeMap;

use super::bounds::{Comparison, compare};
use super::{Process, Role};
use crate::sample::Sample;

/// The slowness of a round is the lower quartile (one in four) of the slowness of its processes.
const LEAST_SLOWED: usize = 4;

/// The samples of every process that was started.
#[derive(Debug, Default)]
pub(super) struct Record {
    samples: BTreeMap<Process, Vec<Sample>>,
    /// For each round so far, the log of its slowness: how many times as long the processes took as at their best.
    slowness: Vec<f64>,
}

impl Record {
    /// Takes up a process that has started.
    pub(super) fn open(&mut self, process: Process) {
        self.samples.entry(process).or_default();
    }

    /// Takes up a sample.
    pub(super) fn add(&mut self, process: Process, sample: Sample) {
        self.samples.entry(process).or_default().push(sample);
    }

    /// Updates the slowness of all rounds at the end of a round.
    pub(super) fn close_round(&mut self) {
        let mut behind = vec![Vec::new(); self.next_round() + 1];
        for samples in self.samples.values() {
            let kept = samples.iter().filter(|sample| !sample.set_aside);
            let logs = kept.map(|sample| (sample.round, sample.seconds_per_task().ln()));
            let best = logs.clone().map(|(_, log)| log).fold(f64::INFINITY, f64::min);
            logs.for_each(|(round, log)| behind[round].push(log - best));
        }
        let least = |mut behind: Vec<f64>| {
            behind.sort_by(f64::total_cmp);
            behind.get(behind.len() / LEAST_SLOWED).copied().unwrap_or_default()
        };
        self.slowness = behind.into_iter().map(least).collect();
    }

    /// Sets aside the samples of a round that is run again.
    pub(super) fn set_aside(&mut self, round: usize) {
        let samples = self.samples.values_mut().flatten();
        samples.filter(|sample| sample.round == round).for_each(|sample| sample.set_aside = true);
    }

    /// The number of the round that comes next.
    pub(super) fn next_round(&self) -> usize {
        self.slowness.len()
    }

    /// All samples of a process.
    pub(super) fn all(&self, process: Process) -> &[Sample] {
        self.samples.get(&process).map_or(&[], Vec::as_slice)
    }

    /// All samples of a process, out of the record.
    pub(super) fn take(&mut self, process: Process) -> Vec<Sample> {
        self.samples.remove(&process).unwrap_or_default()
    }

    /// The samples of a process that count.
    pub(super) fn counted(&self, process: Process) -> impl Iterator<Item = &Sample> {
        self.all(process).iter().filter(|sample| !sample.set_aside)
    }

    /// The A/A control, where it was started.
    pub(super) fn control(&self) -> Option<Process> {
        self.samples.keys().find(|process| process.role == Role::Control).copied()
    }

    /// The smallest seconds per task that a process has shown.
    pub(super) fn quickest_s(&self, process: Process) -> Option<f64> {
        self.counted(process).map(Sample::seconds_per_task).min_by(f64::total_cmp)
    }

    /// How many times as long `process` takes as `other`, each at its best in the rounds that both ran in: noise mostly
    /// adds time, and a shared machine changes its pace. Without a shared round, their best times are compared.
    pub(super) fn ratio(&self, process: Process, other: Process) -> Option<f64> {
        let [own, theirs] = [process, other].map(|process| self.paces(process));
        let both = || own.iter().zip(&theirs).filter_map(|(own, theirs)| Some(((*own)?, (*theirs)?)));
        let best = |paces: &mut dyn Iterator<Item = f64>| paces.min_by(f64::total_cmp);
        match (best(&mut both().map(|(own, _)| own)), best(&mut both().map(|(_, theirs)| theirs))) {
            (Some(own), Some(theirs)) => Some((own - theirs).exp()),
            _ => Some(self.quickest_s(process)? / self.quickest_s(other)?),
        }
    }

    /// The quickest of `processes`, of those that have run.
    pub(super) fn quickest_of(&self, processes: impl IntoIterator<Item = Process>) -> Option<Process> {
        let run = processes.into_iter().filter(|&process| self.counted(process).next().is_some());
        run.reduce(|best, own| if self.ratio(own, best).is_some_and(|ratio| ratio < 1.0) { own } else { best })
    }

    /// Logs of the seconds per task of a process in rounds `from ..`, `None` where it did not run.
    pub(super) fn logs(&self, process: Process, from: usize) -> Vec<Option<f64>> {
        let mut logs = vec![None; self.next_round().saturating_sub(from)];
        for sample in self.counted(process).filter(|sample| sample.round >= from) {
            logs[sample.round - from] = Some(sample.seconds_per_task().ln());
        }
        logs
    }

    /// Compares `processes`, and the A/A control of one of them, by the rounds `from ..`.
    pub(super) fn compare(&self, processes: &[Process], from: usize, tolerance: f64, alpha: f64) -> Option<Comparison> {
        let logs: Vec<_> = processes.iter().map(|&process| self.logs(process, from)).collect();
        let control = self.control().and_then(|control| {
            let of = processes.iter().position(|process| process.candidate == control.candidate)?;
            Some((of, self.logs(control, from)))
        });
        compare(&logs, control.as_ref().map(|(of, logs)| (*of, &logs[..])), tolerance, alpha)
    }

    /// Logs of the seconds per task of a process in each round, less the slowness of the round.
    fn paces(&self, process: Process) -> Vec<Option<f64>> {
        let logs = self.logs(process, 0).into_iter().zip(&self.slowness);
        logs.map(|(log, slowness)| log.map(|log| log - slowness)).collect()
    }
}
