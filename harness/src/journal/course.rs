//! A course that writes down every request of a search with its answer, and that begins by replaying what was written
//! before.
//!
//! The same answers and the same clock lead a search to the same decisions. So a killed search goes on by replaying its
//! journal to the end. From there on the course itself answers; a process that ran when the search was killed is
//! started again as soon as it is needed.

use std::collections::HashMap;

use super::event::{Answer, Asked, Begun, Event, Request};
use super::{Error, Journal, Past};
use crate::sample::Sample;
use crate::search::{Course, Failure, FailureKind, Process, Started, Stopped};

/// A course that can go on where another course of the same tuning was killed: its clock begins with the last reading
/// of the other's clock.
pub trait Resumable: Course {
    /// Starts `process` again, which the other course had started, with `started` as the answer, and had not ended. The
    /// clock stands still meanwhile: the cost of a kill must not look like the cost of a start or of a sample.
    ///
    /// # Errors
    /// [`Failure`]; the process cannot be used any more.
    fn restart(&mut self, process: Process, started: &Started) -> Result<(), Failure>;
}

/// A course with a journal, or without one.
#[derive(Debug)]
pub struct Journalled<'a, C> {
    course: C,
    journal: Option<Journal<Event>>,
    past: Option<&'a Past>,
    /// How many recorded answers have been given.
    told: usize,
    /// The processes that ran when the past ended and have not been started again.
    stopped: HashMap<Process, Started>,
    /// Seconds that were gone at the beginning, and after each request.
    clock_s: Vec<f64>,
    /// The error, once the past turns out to be another search's.
    other: Option<Error>,
    unwritten: Option<Error>,
}

/// What is left of a course when its search is over.
#[derive(Debug)]
pub struct Ended {
    /// Seconds of the budget that were gone when the search began, and after each of its requests.
    pub clock_s: Vec<f64>,
    /// Why the journal ends before the search did, if it does.
    pub unwritten: Option<Error>,
}

impl<'a, C: Resumable> Journalled<'a, C> {
    /// The course of a search that begins now on `course`, which `journal`, if any, takes down.
    pub fn begun(course: C, journal: Option<Journal<Event>>, begun: &Begun) -> Self {
        let mut new = Self::new(course, journal, None, begun.at_s);
        new.write(&Event::Begun(Box::new(begun.clone())));
        new
    }

    /// The course of a search that goes on after its `past`, which `journal` already holds.
    pub fn resumed(course: C, journal: Option<Journal<Event>>, past: &'a Past) -> Self {
        Self::new(course, journal, Some(past), past.begun.at_s)
    }

    fn new(course: C, journal: Option<Journal<Event>>, past: Option<&'a Past>, at_s: f64) -> Self {
        let (stopped, clock_s) = (HashMap::new(), vec![at_s]);
        Self { course, journal, past, told: 0, stopped, clock_s, other: None, unwritten: None }
    }

    /// The course itself.
    pub fn course(&self) -> &C {
        &self.course
    }

    /// What is left, once the search is over.
    ///
    /// # Errors
    /// [`Error::OtherSearch`], where the search did not request what its past records: then its result is worthless.
    pub fn end(self) -> Result<Ended, Error> {
        let more = self.past.filter(|past| self.told < past.asked.len());
        match self.other.or_else(|| more.map(|past| past.other(self.told, None))) {
            Some(error) => Err(error),
            None => Ok(Ended { clock_s: self.clock_s, unwritten: self.unwritten }),
        }
    }

    /// The answer to `request`: what `told` reads from the recorded answer, and after the last of these what `live`
    /// gets from the course, which `written` makes an answer to be recorded.
    fn answer<A: Clone>(
        &mut self,
        request: Request,
        told: fn(&Answer) -> Option<A>,
        live: impl FnOnce(&mut Self) -> A,
        written: fn(A) -> Answer,
    ) -> Result<A, Failure> {
        if let Some(told) = self.told(request, told)? {
            return Ok(told);
        }
        let answer = live(self);
        let at_s = self.course.elapsed_s();
        self.clock_s.push(at_s);
        // What follows an interruption belongs to its end, which a run that goes on does not have.
        if !self.course.interrupted() {
            self.write(&Event::Asked(Asked { at_s, request, answer: written(answer.clone()) }));
        }
        Ok(answer)
    }

    /// The recorded answer to `request`, as `open` unwraps it; `None` after the last recorded answer.
    fn told<A>(&mut self, request: Request, open: fn(&Answer) -> Option<A>) -> Result<Option<A>, Failure> {
        if self.other.is_some() {
            return Err(foreign());
        }
        let next = self.past.and_then(|past| Some((past, past.asked.get(self.told)?)));
        let Some((past, Asked { at_s, request: told, answer })) = next else { return Ok(None) };
        let Some(opened) = open(answer).filter(|_| *told == request) else {
            self.other = Some(past.other(self.told, Some(request)));
            return Err(foreign());
        };
        match (told, answer) {
            (Request::Admit { process }, Answer::Admitted(Ok(started))) => {
                self.stopped.insert(*process, started.clone());
            }
            (Request::Sample { process, .. }, Answer::Sampled(Err(_))) | (Request::Dismiss { process, .. }, _) => {
                self.stopped.remove(process);
            }
            _ => {}
        }
        self.told += 1;
        self.clock_s.push(*at_s);
        Ok(Some(opened))
    }

    /// Starts `process` again, if it ran when its search was killed.
    fn restart(&mut self, process: Process) -> Result<(), Failure> {
        self.stopped.remove(&process).map_or(Ok(()), |started| self.course.restart(process, &started))
    }

    fn write(&mut self, event: &Event) {
        if let Some(journal) = &mut self.journal
            && let Err(error) = journal.append(event)
        {
            self.unwritten = Some(error);
            self.journal = None;
        }
    }
}

/// The answer to a search that is not the recorded one; the search ends, and its result is ignored.
fn foreign() -> Failure {
    Failure::new(FailureKind::Skipped, "the journal is of another search")
}

impl<C: Resumable> Course for Journalled<'_, C> {
    fn probe(&mut self, candidate: usize) -> Option<f64> {
        let told = |answer: &Answer| if let Answer::Probed(told) = answer { Some(*told) } else { None };
        // JSON has finite numbers alone, and any other number would say nothing.
        let live = |this: &mut Self| this.course.probe(candidate).filter(|seconds| seconds.is_finite());
        self.answer(Request::Probe { candidate }, told, live, Answer::Probed).ok()?
    }

    fn admit(&mut self, process: Process) -> Result<Started, Failure> {
        let told = |answer: &Answer| if let Answer::Admitted(told) = answer { Some(told.clone()) } else { None };
        self.answer(Request::Admit { process }, told, |this| this.course.admit(process), Answer::Admitted)?
    }

    fn sample(&mut self, process: Process, round: usize, tasks: usize) -> Result<Sample, Failure> {
        let told = |answer: &Answer| if let Answer::Sampled(told) = answer { Some(told.clone()) } else { None };
        let live = |this: &mut Self| this.restart(process).and_then(|()| this.course.sample(process, round, tasks));
        self.answer(Request::Sample { process, round, tasks }, told, live, Answer::Sampled)?
    }

    fn dismiss(&mut self, process: Process, judge: bool) -> Result<Stopped, Failure> {
        let told = |answer: &Answer| if let Answer::Dismissed(told) = answer { Some(told.clone()) } else { None };
        let live = |this: &mut Self| match this.restart(process) {
            Ok(()) => this.course.dismiss(process, judge),
            Err(failure) if judge => Err(failure),
            // It leaves in any case, and its samples are taken already.
            Err(_) => Ok(Stopped::default()),
        };
        self.answer(Request::Dismiss { process, judge }, told, live, Answer::Dismissed)?
    }

    fn elapsed_s(&self) -> f64 {
        self.clock_s.last().copied().unwrap_or_default()
    }

    fn interrupted(&self) -> bool {
        let is_past = self.past.is_some_and(|past| self.told < past.asked.len());
        self.other.is_some() || (!is_past && self.course.interrupted())
    }
}
