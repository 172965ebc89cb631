//! What follows from samples and decisions: how each combination compares with the winner, and its figures relative to
//! the winner's.
//!
//! A shared machine changes its pace: the time of one combination in one minute and of another in the next cannot be
//! compared. So the figures are ratios first: each combination has a ratio to the winner over the rounds that both ran
//! in, and its time is the winner's time, times that ratio.

use std::collections::HashMap;

use super::{Coverage, Outcome, Row, Sample, Status, batch_seconds};
use crate::stats;

/// With fewer shared rounds than this, the shortest times are compared instead of the median of the ratios. A burst may
/// slow the winner in two rounds of three: such medians showed combinations at 0.80 x the winner that had left
/// successive halving because their best was slower.
const FEWEST: usize = 5;

/// The ratio of one combination's time to another's in the rounds that both ran in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ratio {
    /// The median over the rounds; in fewer than [`FEWEST`] rounds, the ratio of their shortest times, which is what
    /// successive halving compares.
    pub(crate) times: f64,
    /// The exact order-statistic interval of the median, at least 95 %; `None` for fewer than six rounds.
    pub(crate) ci95: Option<[f64; 2]>,
    /// The number of the rounds.
    pub(crate) rounds: usize,
    /// Tasks of the part of the batch that it ran in these.
    pub(crate) tasks: usize,
}

impl Ratio {
    /// The ratio of one list of samples to another, each with the function from a sample to the seconds of a whole
    /// batch. Only the rounds of the largest part of the batch count, since a small part says little about how the last
    /// wave ends.
    pub(crate) fn new(
        own: (&[Sample], impl Fn(&Sample) -> f64),
        other: (&[Sample], impl Fn(&Sample) -> f64),
    ) -> Option<Self> {
        let theirs: HashMap<usize, &Sample> = counted(other.0).map(|sample| (sample.round, sample)).collect();
        let pairs = || counted(own.0).filter_map(|sample| Some((sample, *theirs.get(&sample.round)?)));
        let tasks = pairs().map(|(own, _)| own.batch()).max()?;
        let largest = pairs().filter(|(own, _)| own.batch() == tasks);
        let seconds: Vec<[f64; 2]> = largest.map(|(mine, their)| [own.1(mine), other.1(their)]).collect();
        let ratios: Vec<f64> = seconds.iter().map(|[mine, their]| mine / their).collect();
        let shortest = |of: usize| seconds.iter().map(|both| both[of]).fold(f64::INFINITY, f64::min);
        Some(Self {
            times: if ratios.len() < FEWEST { shortest(0) / shortest(1) } else { stats::median(&ratios) },
            ci95: stats::median_interval(&ratios),
            rounds: ratios.len(),
            tasks,
        })
    }
}

/// The samples that count.
fn counted(samples: &[Sample]) -> impl Iterator<Item = &Sample> {
    samples.iter().filter(|sample| !sample.set_aside)
}

impl Outcome {
    /// The outcome with every figure that follows from the samples, the winner and the tie set: ratios to the winner,
    /// the times and rates from them, the order of the rows, and how many combinations were never started.
    #[must_use]
    pub fn derive(mut self) -> Self {
        let winner = self.best_row().cloned();
        let time = winner.as_ref().and_then(|winner| {
            batch_seconds(&winner.combination, &self.workload, self.fresh(winner).unwrap_or(&winner.samples))
        });
        let rows = std::mem::take(&mut self.trials);
        let figured = |row: Row| {
            let fresh = row.status == Status::Ok && self.fresh(&row).is_some();
            let row = Row { confirmed: fresh, ..row };
            match winner.as_ref().zip(time) {
                Some((winner, time)) if row.status == Status::Ok => self.figured(row, winner, time),
                _ => row,
            }
        };
        self.trials = rows.into_iter().map(figured).collect();
        self.sort();
        self.never_started = Coverage::of(&self).never_started();
        self
    }

    /// The ratio of a row's time to the time of `other`: in fresh processes if both ran there, otherwise in the race.
    pub(crate) fn ratio(&self, row: &Row, other: &Row) -> Option<Ratio> {
        let batch_s = |row: &Row| {
            let combination = row.combination.clone();
            move |sample: &Sample| sample.batch_s(&combination, &self.workload)
        };
        let between = |own: &[Sample], their: &[Sample]| Ratio::new((own, batch_s(row)), (their, batch_s(other)));
        let fresh = self.fresh(row).zip(self.fresh(other)).and_then(|(own, their)| between(own, their));
        fresh.or_else(|| between(&row.samples, &other.samples))
    }

    /// Its samples in a fresh process, if any of them counts.
    pub(crate) fn fresh(&self, row: &Row) -> Option<&[Sample]> {
        let trials = self.confirmation.iter().flat_map(|confirmation| &confirmation.trials);
        let mut own = trials.filter(|trial| !trial.private && trial.combination == row.combination);
        own.find(|trial| counted(&trial.samples).next().is_some()).map(|trial| &trial.samples[..])
    }

    /// `row` with its figures; `time` is the winner's median, and its interval.
    fn figured(&self, row: Row, winner: &Row, (median, interval): (f64, Option<[f64; 2]>)) -> Row {
        let ratio = self.ratio(&row, winner);
        let ratio_ci95 = ratio.and_then(|ratio| ratio.ci95);
        let is_winner = row.combination == winner.combination;
        let all = self.workload.tasks();
        let largest = counted(self.fresh(winner).unwrap_or(&winner.samples)).map(Sample::batch).max();
        let is_part = |ratio: Ratio| ratio.tasks < all || largest.is_some_and(|largest| largest < all);
        let median_s = ratio.map(|ratio| ratio.times * median);
        Row {
            ratio_to_best: ratio.map(|ratio| ratio.times),
            ratio_ci95,
            shared_rounds: ratio.map_or(0, |ratio| ratio.rounds),
            median_s,
            ci95_s: if is_winner { interval } else { ratio_ci95.map(|ends| ends.map(|end| end * median)) },
            extrapolated: ratio.map_or(row.extrapolated, is_part),
            rate: median_s.filter(|&seconds| seconds > 0.0).map(|seconds| self.workload.rate(seconds)),
            ..row
        }
    }

    /// The winner first, then those tied with it, then the others; by ratio.
    fn sort(&mut self) {
        let Self { trials, best, tied, .. } = self;
        let place = |row: &Row| match row.status {
            Status::Ok if Some(&row.combination) == best.as_ref() => 0,
            Status::Ok if tied.contains(&row.combination) => 1,
            Status::Ok => 2,
            _ => 3,
        };
        let ratio = |row: &Row| row.ratio_to_best.unwrap_or(f64::INFINITY);
        trials.sort_by(|a, b| place(a).cmp(&place(b)).then(ratio(a).total_cmp(&ratio(b))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_in_two_rounds_of_three_makes_nobody_faster() {
        let samples = |walls: &[f64]| -> Vec<Sample> {
            let sample = |(round, &wall_s)| Sample { round, wall_s, tasks: 1, ..Sample::default() };
            walls.iter().enumerate().map(sample).collect()
        };
        let ratio = |own: &[f64], other: &[f64]| {
            let ratio = Ratio::new((&samples(own), |s| s.wall_s), (&samples(other), |s| s.wall_s)).unwrap();
            (ratio.times, ratio.rounds)
        };
        assert_eq!(ratio(&[12.0, 12.0, 12.0], &[20.0, 20.0, 10.0]), (1.2, 3));
        assert_eq!(ratio(&[12.0, 24.0, 12.0, 12.0, 12.0], &[20.0, 20.0, 10.0, 10.0, 10.0]), (1.2, 5));
        assert_eq!(ratio(&[15.0, 12.0, 12.0, 12.0, 12.0], &[10.0; 5]), (1.2, 5), "the median, not the shortest");
    }
}
