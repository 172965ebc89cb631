//! What a search finds from its journal alone, without a course that goes on after it.

use super::{Ended, Error, Journalled, Past, Resumable};
use crate::sample::Sample;
use crate::search::{self, Course, Failure, FailureKind, Found, Process, Rules, Started, Stopped};

impl Past {
    /// What the search finds from the recorded answers alone, and the readings of its clock; `None` where it requests
    /// more, because it was killed or interrupted before its end.
    ///
    /// # Errors
    /// [`Error::OtherSearch`]
    pub fn found(&self, rules: &Rules) -> Result<Option<(Found, Vec<f64>)>, Error> {
        let mut course = Journalled::resumed(End { at_s: self.at_s(), reached: false }, None, self);
        let found = search::search(&self.begun.candidates, rules, &mut course, &mut |_| {});
        let reached = course.course().reached;
        let Ended { clock_s, .. } = course.end()?;
        Ok((!reached).then_some((found, clock_s)))
    }
}

/// The course after the last recorded answer, which answers every request with a failure. A search that reaches it had
/// not ended when the journal did, and is interrupted.
struct End {
    at_s: f64,
    reached: bool,
}

impl End {
    fn nothing<R>(&mut self) -> Result<R, Failure> {
        self.reached = true;
        Err(Failure::new(FailureKind::Skipped, "the journal ends here"))
    }
}

impl Course for End {
    fn probe(&mut self, _: usize) -> Option<f64> {
        self.nothing().ok()
    }

    fn admit(&mut self, _: Process) -> Result<Started, Failure> {
        self.nothing()
    }

    fn sample(&mut self, _: Process, _: usize, _: usize) -> Result<Sample, Failure> {
        self.nothing()
    }

    fn dismiss(&mut self, _: Process, _: bool) -> Result<Stopped, Failure> {
        self.nothing()
    }

    fn elapsed_s(&self) -> f64 {
        self.at_s
    }

    fn interrupted(&self) -> bool {
        self.reached
    }
}

impl Resumable for End {
    fn restart(&mut self, _: Process, _: &Started) -> Result<(), Failure> {
        self.nothing()
    }
}
