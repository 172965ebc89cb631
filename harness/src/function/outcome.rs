//! What the tuning of a function found: a table, and the plan that runs it.

use std::fmt;

use super::{Error, FnPlan};
use crate::combination::Combination;
use crate::outcome::{Rounds, Sample, Status};
use crate::report::seconds;
use crate::search::{Found, Run};
use crate::space::Candidate;
use crate::stats;

/// The result of tuning a function.
#[derive(Debug, Clone, PartialEq)]
pub struct FnOutcome {
    /// How many items a run has.
    pub items: usize,
    /// Every combination, raced or not; the fastest first.
    pub trials: Vec<FnRow>,
    /// How many rounds were run.
    pub rounds: Rounds,
    /// The pick: of those that cannot be told apart, the one with the fewest threads.
    pub best: Option<Combination>,
    /// Those that cannot be told from the best.
    pub tied: Vec<Combination>,
    /// Why the race ended.
    pub stopped_because: String,
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
    /// Median seconds of all items.
    pub median_s: Option<f64>,
    /// The exact order-statistic interval of that median, at least 95 %; none below six samples.
    pub ci95_s: Option<[f64; 2]>,
    /// Whether these figures are of a fresh pool or process rather than of the race.
    pub confirmed: bool,
    /// Why it left the race before its end.
    pub eliminated: Option<String>,
    /// The 95 % interval of its time over the leader's, less one, where it is proven slower.
    pub slower_by: Option<[f64; 2]>,
}

impl FnOutcome {
    pub(super) fn new(items: usize, candidates: &[Candidate], found: Found, elapsed_s: f64) -> Self {
        let name = |id: usize| candidates[id].combination.clone();
        let fresh = |id: usize| found.confirmed.iter().find(|c| c.candidate == id).map(|c| &c.samples[..]);
        let row = |(id, run): (usize, &Run)| FnRow::new(name(id), run, fresh(id), items);
        let mut trials: Vec<FnRow> = found.runs.iter().enumerate().map(row).collect();
        let order = |row: &FnRow| (row.status != Status::Ok, row.status == Status::Skipped, row.eliminated.is_some());
        let time = |row: &FnRow| row.median_s.unwrap_or(f64::INFINITY);
        trials.sort_by(|a, b| order(a).cmp(&order(b)).then(time(a).total_cmp(&time(b))));
        Self {
            items,
            trials,
            rounds: found.rounds,
            best: found.best.map(name),
            tied: found.tied.into_iter().map(name).collect(),
            stopped_because: found.stopped_because.into(),
            warnings: found.warnings,
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
            return Err(Error::NothingRan { reason: told.unwrap_or_else(|| self.stopped_because.clone()) });
        };
        Ok(FnPlan::new(best)?)
    }
}

impl FnRow {
    /// Figures are of `fresh` samples where there are any, and of right results alone; the race's samples stay.
    fn new(combination: Combination, run: &Run, fresh: Option<&[Sample]>, items: usize) -> Self {
        let status = match (&run.fault, &run.skipped) {
            (Some(fault), _) => fault.status,
            (None, Some(_)) => Status::Skipped,
            (None, None) => Status::Ok,
        };
        let figures = (status == Status::Ok).then(|| figures(fresh.unwrap_or(&run.samples), items)).flatten();
        Self {
            combination,
            status,
            reason: run
                .fault
                .as_ref()
                .map(|fault| fault.reason.clone())
                .or_else(|| run.skipped.as_ref().map(ToString::to_string)),
            samples: run.samples.clone(),
            median_s: figures.map(|(median, _)| median),
            ci95_s: figures.and_then(|(_, interval)| interval),
            confirmed: fresh.is_some(),
            eliminated: run.eliminated.clone(),
            slower_by: run.slower_by,
        }
    }
}

/// Median seconds of all items and its interval, from samples of parts of them: of the largest part alone, which shows
/// best how the last items end.
fn figures(samples: &[Sample], items: usize) -> Option<(f64, Option<[f64; 2]>)> {
    let counted = || samples.iter().filter(|sample| !sample.set_aside);
    let largest = counted().map(Sample::batch).max()?;
    let of_largest = counted().filter(|sample| sample.batch() == largest);
    let all: Vec<f64> = of_largest.map(|sample| sample.seconds_per_task() * items as f64).collect();
    Some((stats::median(&all), stats::median_interval(&all)))
}

impl fmt::Display for FnOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { items, rounds, elapsed_s, .. } = self;
        writeln!(f, "{items} items; {} rounds in {}\n", rounds.kept, seconds(*elapsed_s))?;
        let serial = self.serial_row().and_then(|row| row.median_s);
        writeln!(f, "{:<24}{:>12}{:>24}{:>10}", "combination", "median", "95 % interval", "x serial")?;
        let measured = self.trials.iter().filter_map(|row| Some((row, row.median_s?)));
        for (row, median) in measured {
            let spread =
                row.ci95_s.map_or_else(|| "-".into(), |[low, high]| format!("{} .. {}", seconds(low), seconds(high)));
            let gain = serial.map_or_else(|| "-".into(), |serial| format!("{:.2}", serial / median));
            writeln!(f, "{:<24}{:>12}{spread:>24}{gain:>10}", row.combination, seconds(median))?;
        }
        for row in self.trials.iter().filter(|row| row.status != Status::Ok) {
            let reason = row.reason.as_deref().unwrap_or_default();
            writeln!(f, "  {:<8} {}: {reason}", row.status.name(), row.combination)?;
        }
        match &self.best {
            None => writeln!(f, "\nNo combination ran to its end; the rows above say why.")?,
            Some(best) => {
                let tied: Vec<String> = self.tied.iter().map(ToString::to_string).collect();
                let apart = if tied.is_empty() { "" } else { "; not distinguishable from it: " };
                writeln!(f, "\n{best} is the fastest{apart}{}.", tied.join(", "))?;
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
