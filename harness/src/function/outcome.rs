//! What the tuning of a function found: a table, and the plan that runs it.

use std::fmt;

use super::{Error, FnPlan};
use crate::combination::Combination;
use crate::outcome::{Coverage, Ratio, Rounds, Sample, Status};
use crate::quantity::{count, seconds};
use crate::search::{Cause, Found, Run, Stop, Unstarted};
use crate::space::Candidate;
use crate::stats;

/// The result of tuning a function.
#[derive(Debug, Clone, PartialEq)]
pub struct FnOutcome {
    /// How many items a run has.
    pub items: usize,
    /// Every combination, raced or not: the winner first, then those that cannot be told from it, then the others, each
    /// in the order of their ratios to the winner.
    pub trials: Vec<FnRow>,
    /// How many rounds were run.
    pub rounds: Rounds,
    /// The pick: of those that cannot be told apart, the one with the fewest threads.
    pub best: Option<Combination>,
    /// Those that cannot be told from the best.
    pub tied: Vec<Combination>,
    /// Why the search stopped.
    pub stop: Stop,
    /// What the reader should know before trusting the figures.
    pub warnings: Vec<String>,
    /// Seconds from start to end.
    pub elapsed_s: f64,
}

/// One combination, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FnRow {
    /// The combination, with `fn` in the backend's place.
    pub combination: Combination,
    /// What became of it.
    pub status: Status,
    /// Why, where it is not `ok`.
    pub reason: Option<String>,
    /// What was measured, in order of rounds.
    pub samples: Vec<Sample>,
    /// How many times the winner's time it took, as a median over the rounds that both ran in; 1 for the winner.
    pub ratio_to_best: Option<f64>,
    /// The number of those rounds.
    pub shared_rounds: usize,
    /// Seconds of all items: the winner's median, times `ratio_to_best`; none where it shares no round with the winner.
    pub median_s: Option<f64>,
    /// The interval of these, at least 95 %: of the winner's median for the winner, of the ratio for others; none below
    /// six rounds.
    pub ci95_s: Option<[f64; 2]>,
    /// Whether these figures are of a fresh pool or process rather than of the race.
    pub confirmed: bool,
    /// Why it was never started, where it was not.
    pub not_started: Option<Cause>,
    /// Why it left the race before its end.
    pub eliminated: Option<String>,
    /// The 95 % interval of its time over the leader's, less one, where it is proven slower.
    pub slower_by: Option<[f64; 2]>,
}

impl FnOutcome {
    pub(super) fn new(items: usize, candidates: &[Candidate], found: Found, elapsed_s: f64) -> Self {
        let name = |id: usize| candidates[id].combination.clone();
        let winner = found.best.and_then(|id| Some((id, figures(&samples(&found, id), items)?)));
        let row = |id: usize| FnRow::new(name(id), &found.runs[id], figured(&found, id, winner, items));
        let mut rows: Vec<(u8, FnRow)> = (0..candidates.len()).map(|id| (place(&found, id), row(id))).collect();
        let ratio = |row: &FnRow| row.ratio_to_best.unwrap_or(f64::INFINITY);
        rows.sort_by(|(a, one), (b, other)| a.cmp(b).then(ratio(one).total_cmp(&ratio(other))));
        let trials: Vec<FnRow> = rows.into_iter().map(|(_, row)| row).collect();
        let coverage = coverage(&trials, found.stop);
        let warnings =
            found.warnings.into_iter().chain(coverage.warning()).map(|warning| warning.to_string()).collect();
        Self {
            items,
            trials,
            rounds: found.rounds,
            best: found.best.map(name),
            tied: found.tied.into_iter().map(name).collect(),
            stop: found.stop,
            warnings,
            elapsed_s,
        }
    }

    /// The row of the pick.
    #[must_use]
    pub fn best_row(&self) -> Option<&FnRow> {
        self.trials.iter().find(|row| Some(&row.combination) == self.best.as_ref())
    }

    /// The row of one thread alone, where it has figures.
    #[must_use]
    pub fn serial_row(&self) -> Option<&FnRow> {
        self.trials.iter().find(|row| row.combination.runnable() == 1 && row.median_s.is_some())
    }

    /// The pick, ready to run the function.
    ///
    /// # Errors
    /// [`Error::NothingRan`], with the reason of the first, where no combination ran to its end; [`Error::Executor`]
    /// where the pool cannot be had.
    pub fn plan(&self) -> Result<FnPlan, Error> {
        let Some(best) = &self.best else {
            let told =
                self.trials.iter().find_map(|row| Some(format!("{}: {}", row.combination, row.reason.as_ref()?)));
            return Err(Error::NothingRan { reason: told.unwrap_or_else(|| self.stop.to_string()) });
        };
        Ok(FnPlan::new(best)?)
    }
}

impl FnRow {
    /// Figures are of right results alone; the race's samples stay.
    fn new(combination: Combination, run: &Run, figures: Option<Figures>) -> Self {
        let status = match (&run.failure, &run.skipped) {
            (Some(failure), _) => failure.kind.into(),
            (None, Some(_)) => Status::Skipped,
            (None, None) => Status::Ok,
        };
        let figures = figures.filter(|_| status == Status::Ok);
        Self {
            combination,
            status,
            reason: run
                .failure
                .as_ref()
                .map(|failure| failure.reason.clone())
                .or_else(|| run.skipped.as_ref().map(ToString::to_string)),
            samples: run.samples.clone(),
            ratio_to_best: figures.map(|figures| figures.ratio.times),
            shared_rounds: figures.map_or(0, |figures| figures.ratio.rounds),
            median_s: figures.map(|figures| figures.median_s),
            ci95_s: figures.and_then(|figures| figures.ci95_s),
            confirmed: figures.is_some_and(|figures| figures.fresh),
            not_started: run.skipped.as_ref().map(Unstarted::cause),
            eliminated: run.left.as_ref().map(ToString::to_string),
            slower_by: run.slower_by,
        }
    }
}

/// Median seconds, and the interval of these where there is one.
type Median = (f64, Option<[f64; 2]>);

/// What is shown of a combination.
#[derive(Debug, Clone, Copy)]
struct Figures {
    ratio: Ratio,
    median_s: f64,
    ci95_s: Option<[f64; 2]>,
    fresh: bool,
}

/// The figures of a candidate beside the winner, of which are known which it is, its median and the interval of that.
fn figured(found: &Found, id: usize, winner: Option<(usize, Median)>, items: usize) -> Option<Figures> {
    let (best, (median, interval)) = winner?;
    let all_s = |sample: &Sample| sample.seconds_per_task() * items as f64;
    let between = |own: &[Sample], their: &[Sample]| Ratio::new((own, all_s), (their, all_s));
    let both_fresh = fresh(found, id).zip(fresh(found, best));
    let of_fresh = both_fresh.and_then(|(own, their)| between(own, their));
    let ratio = of_fresh.or_else(|| between(&found.runs[id].samples, &found.runs[best].samples))?;
    let ci95_s = if id == best { interval } else { ratio.ci95.map(|ends| ends.map(|end| end * median)) };
    Some(Figures { ratio, median_s: ratio.times * median, ci95_s, fresh: of_fresh.is_some() })
}

/// Its samples in a fresh pool or process.
fn fresh(found: &Found, id: usize) -> Option<&[Sample]> {
    found.confirmed.iter().find(|confirmed| confirmed.candidate == id).map(|confirmed| &confirmed.samples[..])
}

/// The samples that its figures are of.
fn samples(found: &Found, id: usize) -> Vec<Sample> {
    fresh(found, id).unwrap_or(&found.runs[id].samples).to_vec()
}

/// The winner before all, then those that cannot be told from it, those that are right, those that failed, and those
/// that were not started.
fn place(found: &Found, id: usize) -> u8 {
    match &found.runs[id] {
        Run { failure: Some(_), .. } => 3,
        Run { skipped: Some(_), .. } => 4,
        _ if found.best == Some(id) => 0,
        _ if found.tied.contains(&id) => 1,
        _ => 2,
    }
}

/// Of how many combinations the answer speaks.
fn coverage(rows: &[FnRow], stop: Stop) -> Coverage {
    let cut_short = if stop == Stop::Interrupted { Cause::Interrupted } else { Cause::Budget };
    let candidates = rows.iter().filter(|row| row.not_started != Some(Cause::Rule));
    candidates.fold(Coverage::default(), |all, row| {
        all.with(&row.combination, row.status, !row.samples.is_empty(), row.not_started.unwrap_or(cut_short))
    })
}

/// Median seconds of all items and its interval, from samples of parts of them: of the largest part alone, which shows
/// best how the last items end.
fn figures(samples: &[Sample], items: usize) -> Option<Median> {
    let counted = || samples.iter().filter(|sample| !sample.set_aside);
    let largest = counted().map(Sample::batch).max()?;
    let of_largest = counted().filter(|sample| sample.batch() == largest);
    let all: Vec<f64> = of_largest.map(|sample| sample.seconds_per_task() * items as f64).collect();
    Some((stats::median(&all), stats::median_interval(&all)))
}

impl fmt::Display for FnOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { items, rounds, elapsed_s, .. } = self;
        let (items, rounds) = (count(*items, "item"), count(rounds.kept, "round"));
        writeln!(f, "{items}; {rounds} in {}\n", seconds(*elapsed_s))?;
        let serial = self.serial_row().and_then(|row| row.median_s);
        writeln!(
            f,
            "{:<24}{:>12}{:>24}{:>8}{:>10}",
            "combination", "all items", "95 % interval", "x best", "x serial"
        )?;
        for row in self.trials.iter().filter(|row| row.status == Status::Ok) {
            let dash = || "-".to_owned();
            let median = row.median_s.map_or_else(dash, seconds);
            let spread = row.ci95_s.map_or_else(dash, |[low, high]| format!("{} .. {}", seconds(low), seconds(high)));
            let ratio = row.ratio_to_best.map_or_else(dash, |ratio| format!("{ratio:.2}"));
            let gain = row.median_s.zip(serial).map_or_else(dash, |(own, serial)| format!("{:.2}", serial / own));
            writeln!(f, "{:<24}{median:>12}{spread:>24}{ratio:>8}{gain:>10}", row.combination)?;
        }
        for row in self.trials.iter().filter(|row| row.status != Status::Ok) {
            let reason = row.reason.as_deref().unwrap_or_default();
            writeln!(f, "  {:<8} {}: {reason}", row.status.name(), row.combination)?;
        }
        match &self.best {
            None => writeln!(f, "\nNo combination ran to its end; the rows above say why.")?,
            Some(best) => {
                let tied: Vec<String> = self.tied.iter().map(ToString::to_string).collect();
                let apart = if tied.is_empty() { "" } else { "; not told apart from it: " };
                let coverage = coverage(&self.trials, self.stop);
                writeln!(f, "\n{best} is {}{apart}{}.", coverage.claim(!tied.is_empty()), tied.join(", "))?;
                if let Some(gaps) = coverage.gaps() {
                    writeln!(f, "The answer is partial: {gaps}.")?;
                }
            }
        }
        self.warnings.iter().try_for_each(|warning| writeln!(f, "Note: {warning}."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(wall_s: f64, tasks: usize, repeat: usize) -> Sample {
        Sample { wall_s, tasks, repeat, ..Sample::default() }
    }

    #[test]
    fn figures_are_those_of_all_items_from_the_largest_part() {
        let samples = [sample(9.0, 2, 1), sample(1.0, 8, 2), sample(3.0, 8, 2), sample(2.0, 4, 1)];
        assert_eq!(figures(&samples, 100), Some((37.5, None)));
        let aside = Sample { set_aside: true, ..sample(1.0, 50, 1) };
        assert_eq!(figures(&[sample(2.0, 4, 1), aside], 4), Some((2.0, None)));
        assert_eq!(figures(&[], 100), None);
    }
}
