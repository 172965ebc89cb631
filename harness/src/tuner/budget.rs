//! Whether a budget is enough for an answer: before the memory is made, before the search begins, and after it.

use crate::journal::Begun;
use crate::reason::{Stop, Unstarted};
use crate::search::{Found, Model, Needed, Run, sampling};

use super::{Error, Tuner};

impl Tuner {
    /// Refuses a budget that is too short to compare one thread with many, once the operands are made, which takes
    /// `prepared_s` seconds.
    pub(super) fn check_budget(&self, model: &Model, prepared_s: f64) -> Result<(), Error> {
        let short = Needed::new(model, prepared_s).least_s > self.budget.as_secs_f64();
        if short { Err(self.too_short(model, prepared_s)) } else { Ok(()) }
    }

    pub(super) fn too_short(&self, model: &Model, prepared_s: f64) -> Error {
        let needed = Needed::new(model, prepared_s).advised_s;
        Error::Budget { given: self.budget.as_secs_f64(), needed, workload: self.workload.clone() }
    }

    /// Refuses a search of which the budget ended, `spent_s` seconds after the start, before anything gave a sample.
    pub(super) fn check_samples(&self, found: &Found, model: &Model, spent_s: f64) -> Result<(), Error> {
        let short = found.stop != Stop::Interrupted && is_cut_short(found);
        if short { Err(self.too_short(model, spent_s)) } else { Ok(()) }
    }

    /// Items of a function that a sample runs, each of which takes `item_s` seconds.
    ///
    /// # Errors
    /// [`Error::Budget`], if the budget is too short for a round.
    pub(super) fn items(&self, item_s: f64, begun: &Begun, spent_s: f64) -> Result<usize, Error> {
        let (budget_s, cpus) = (self.budget.as_secs_f64(), begun.site.machine.usable_cpus);
        sampling::items([budget_s, spent_s], item_s, cpus, begun.arena_tasks, &begun.candidates)
            .map_err(|needed| Error::Budget { given: budget_s, needed, workload: self.workload.clone() })
    }
}

/// Whether the budget ended before anything gave a sample, and nothing else is to blame for that.
fn is_cut_short(found: &Found) -> bool {
    let is_cut = |run: &Run| run.started.is_some() || matches!(run.skipped, Some(Unstarted::Budget));
    let is_silent = |run: &Run| run.samples.is_empty() && run.failure.is_none();
    found.runs.iter().all(is_silent) && found.runs.iter().any(is_cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Rounds;
    use crate::search::{Failure, FailureKind, Started};

    fn found(runs: Vec<Run>) -> Found {
        Found {
            runs,
            best: None,
            tied: Vec::new(),
            control: None,
            confirmed: Vec::new(),
            rounds: Rounds::default(),
            stop: Stop::OneLeft,
            advised_s: None,
            disturbed: None,
            warnings: Vec::new(),
        }
    }

    /// In a budget of 2 s one combination had started when it ended, and the table had no row with a figure.
    #[test]
    fn a_budget_without_a_sample_was_too_short() {
        let started = || Run { started: Some(Started::default()), ..Run::default() };
        let late = || Run { skipped: Some(Unstarted::Budget), ..Run::default() };
        let ruled_out = || Run { skipped: Some(Unstarted::Rule("a rule".into())), ..Run::default() };
        assert!(is_cut_short(&found(vec![started(), late(), ruled_out()])));
        assert!(is_cut_short(&found(vec![late()])));
        assert!(!is_cut_short(&found(vec![ruled_out()])), "no budget starts what a rule excludes");
        let sampled = Run { samples: vec![crate::outcome::Sample::default()], ..started() };
        assert!(!is_cut_short(&found(vec![sampled, late()])));
        let failed = Run { failure: Some(Failure::new(FailureKind::Failed, "killed")), ..Run::default() };
        assert!(!is_cut_short(&found(vec![failed, late()])), "that is what the reader should know");
    }
}
