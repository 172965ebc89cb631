//! A course that writes down what happens as it happens, and that begins with what was written down before.
//!
//! The search decides the same on the same samples, so a tuning that was killed goes on by being played again up to
//! where its journal ends.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::journal::{self, Journal};
use crate::outcome::{Sample, Status};
use crate::search::{Admission, Course, Entrant, Farewell, Fault, Role};

/// What happened to an entrant, and when it was over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Event {
    at_s: f64,
    who: Entrant,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Probed(Option<f64>),
    Admitted(Result<Admission, Fault>),
    Sampled(Result<Sample, Fault>),
    Dismissed(Result<Farewell, Fault>),
}

/// A course with a journal, or without one.
pub(super) struct Journalled<C> {
    course: C,
    journal: Option<Journal<Event>>,
    recorded: VecDeque<Event>,
    /// Seconds that were gone when the last event was over; those of an earlier run count.
    elapsed_s: f64,
    /// What the course's own clock lacks for that.
    before_s: f64,
    failed: Option<journal::Error>,
    /// Seconds that were gone at the beginning, and after each event.
    clock_s: Vec<f64>,
}

impl<C: Course> Journalled<C> {
    pub(super) fn new(course: C, journal: Option<(Journal<Event>, Vec<Event>)>) -> Self {
        let (journal, recorded) = journal.map_or((None, Vec::new()), |(journal, events)| (Some(journal), events));
        let elapsed_s = course.elapsed_s();
        Self {
            course,
            journal,
            recorded: recorded.into(),
            elapsed_s,
            before_s: 0.0,
            failed: None,
            clock_s: vec![elapsed_s],
        }
    }

    /// The course, the seconds that were gone at the beginning and after each event, and why the journal could not be
    /// written, if it could not.
    pub(super) fn into_parts(self) -> (C, Vec<f64>, Option<journal::Error>) {
        (self.course, self.clock_s, self.failed)
    }

    /// What the journal says comes next, as long as it says anything.
    fn recorded(&mut self, who: Entrant) -> Option<What> {
        let event = self.recorded.pop_front()?;
        self.elapsed_s = event.at_s;
        self.clock_s.push(event.at_s);
        self.before_s = event.at_s - self.course.elapsed_s();
        (event.who == who).then_some(event.what)
    }

    /// Writes down what has just happened.
    fn write_down(&mut self, who: Entrant, what: What) {
        self.elapsed_s = self.before_s + self.course.elapsed_s();
        self.clock_s.push(self.elapsed_s);
        // What follows an interruption belongs to its end, which a run that goes on does not have.
        if self.course.interrupted() {
            return;
        }
        if let Some(journal) = &mut self.journal
            && let Err(error) = journal.append(&Event { at_s: self.elapsed_s, who, what })
        {
            self.failed = Some(error);
            self.journal = None;
        }
    }
}

/// The journal was checked to be of the same tuning; a search that asks for something else than it tells of is no longer
/// the one that wrote it.
fn foreign() -> Fault {
    Fault { status: Status::Failed, reason: "the journal tells of another search; remove it and start anew".into() }
}

impl<C: Course> Course for Journalled<C> {
    fn probe(&mut self, candidate: usize) -> Option<f64> {
        let who = Entrant { candidate, role: Role::Race };
        if !self.recorded.is_empty() {
            return match self.recorded(who) {
                Some(What::Probed(probed)) => probed,
                _ => None,
            };
        }
        let probed = self.course.probe(candidate);
        self.write_down(who, What::Probed(probed));
        probed
    }

    fn admit(&mut self, who: Entrant) -> Result<Admission, Fault> {
        if !self.recorded.is_empty() {
            return match self.recorded(who) {
                Some(What::Admitted(admitted)) => admitted,
                _ => Err(foreign()),
            };
        }
        let admitted = self.course.admit(who);
        self.write_down(who, What::Admitted(admitted.clone()));
        admitted
    }

    fn sample(&mut self, who: Entrant, round: usize, tasks: usize) -> Result<Sample, Fault> {
        if !self.recorded.is_empty() {
            return match self.recorded(who) {
                Some(What::Sampled(sampled)) => sampled,
                _ => Err(foreign()),
            };
        }
        let sampled = self.course.sample(who, round, tasks);
        self.write_down(who, What::Sampled(sampled.clone()));
        sampled
    }

    fn dismiss(&mut self, who: Entrant, judge: bool) -> Result<Farewell, Fault> {
        if !self.recorded.is_empty() {
            return match self.recorded(who) {
                Some(What::Dismissed(dismissed)) => dismissed,
                _ => Err(foreign()),
            };
        }
        let dismissed = self.course.dismiss(who, judge);
        self.write_down(who, What::Dismissed(dismissed.clone()));
        dismissed
    }

    fn elapsed_s(&self) -> f64 {
        self.elapsed_s
    }

    fn interrupted(&self) -> bool {
        self.recorded.is_empty() && self.course.interrupted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Header;
    use crate::search::{Found, Model, Rules, search};
    use crate::space::Candidate;
    use crate::workload::Workload;
    use gingham_machine::Machine;

    /// Candidates that take their place in the list as time, a little noise aside; ends by a panic after `events`.
    struct Mock {
        events: usize,
        clock_s: f64,
    }

    impl Mock {
        fn happens(&mut self, s: f64) {
            assert!(self.events > 0, "killed");
            self.events -= 1;
            self.clock_s += s;
        }
    }

    impl Course for Mock {
        fn admit(&mut self, _: Entrant) -> Result<Admission, Fault> {
            self.happens(0.1);
            Ok(Admission::default())
        }

        fn sample(&mut self, who: Entrant, round: usize, tasks: usize) -> Result<Sample, Fault> {
            let noise = ((who.candidate * 31 + round * 17) % 13) as f64 * 0.002;
            let wall_s = (1.0 + 0.1 * who.candidate as f64 + noise) * tasks as f64 * 1e-3;
            self.happens(wall_s);
            Ok(Sample { round, wall_s, tasks, repeat: 1, ..Sample::default() })
        }

        fn dismiss(&mut self, _: Entrant, _: bool) -> Result<Farewell, Fault> {
            self.happens(0.01);
            Ok(Farewell::default())
        }

        fn elapsed_s(&self) -> f64 {
            self.clock_s
        }

        fn interrupted(&self) -> bool {
            false
        }
    }

    /// A search that is killed after `events` that were not in the journal yet.
    fn run(path: &std::path::Path, events: usize) -> Option<Found> {
        let workload = Workload::new("dot".parse().unwrap(), "f64".parse().unwrap(), "8", None, 64).unwrap();
        let names = ["a+serial", "b+serial", "a+threads:2", "b+threads:2"];
        let candidates = names.map(|name| Candidate { combination: name.parse().unwrap(), skipped: None });
        let header = Header::new(&workload, &Machine::probe(), std::collections::BTreeMap::new());
        let rules = Rules {
            budget_s: 60.0,
            ..Rules::new(Model { tasks: 64, cpus: 2, gain: 2.0, beyond_cache: 0, task_s: 0.0 })
        };
        let journal = Journal::open(path, &header).unwrap();
        let mut course = Journalled::new(Mock { events, clock_s: 0.0 }, Some(journal));
        let search = || search(&candidates, &rules, &mut course, &mut |_| {});
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(search)).ok()
    }

    #[test]
    fn a_search_that_was_killed_ends_as_one_that_was_not() {
        let folder = tempfile::tempdir().unwrap();
        let whole = run(&folder.path().join("whole"), usize::MAX).unwrap();
        assert!(whole.rounds.kept > 10 && !whole.confirmed.is_empty(), "{whole:?}");
        for events in [1, 7, 20, 50, 77] {
            let path = folder.path().join(events.to_string());
            let mut kills = 0;
            let resumed = loop {
                match run(&path, events) {
                    Some(found) => break found,
                    None => kills += 1,
                }
            };
            assert_eq!(resumed, whole, "killed every {events} events, {kills} times");
            assert!(kills > 0);
        }
        assert_eq!(run(&folder.path().join("whole"), 0), Some(whole), "a whole journal is played without a trial");
    }
}
