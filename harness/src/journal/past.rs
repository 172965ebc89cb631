//! What a journal records of a tuning: how its search began, and its requests since.

use std::path::{Path, PathBuf};

use super::Error;
use super::event::{Asked, Begun, Event, Request};

/// A tuning up to where its journal ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// The journal's file.
    pub path: PathBuf,
    /// What the search was given.
    pub begun: Begun,
    /// Its requests with their answers, in order.
    pub asked: Vec<Asked>,
}

/// The line of the first event, counted from 1.
const FIRST_LINE: usize = 2;

/// Seconds that a tuning can take: thirty thousand years, which fit every clock.
const LONGEST_S: f64 = 1e12;

const CLOCK: &str = "its clock goes backwards, or beyond all bounds";

impl Past {
    /// The past from `events`, which the journal at `path` holds; `None` where the search had not begun.
    ///
    /// # Errors
    /// [`Error::Damaged`], where no tuning would write such events in such an order.
    pub fn of(path: &Path, events: Vec<Event>) -> Result<Option<Self>, Error> {
        let damaged = |index: usize, reason: &str| {
            Err(Error::Damaged { path: path.into(), line: FIRST_LINE + index, reason: reason.into() })
        };
        let mut at_s = 0.0;
        let mut goes_on = |now_s: f64| std::mem::replace(&mut at_s, now_s) <= now_s && now_s <= LONGEST_S;
        let mut events = events.into_iter();
        let begun = match events.next() {
            None => return Ok(None),
            Some(Event::Asked(_)) => return damaged(0, "it does not say how the search began"),
            Some(Event::Begun(begun)) if begun.site.machine.usable_cpus == 0 => {
                return damaged(0, "its machine has no CPUs");
            }
            Some(Event::Begun(begun)) if !goes_on(begun.at_s) => return damaged(0, CLOCK),
            Some(Event::Begun(begun)) => *begun,
        };
        let mut asked = Vec::new();
        for (index, event) in (1..).zip(events) {
            match event {
                Event::Asked(event) if !event.is_sound() => return damaged(index, "it answers something else"),
                Event::Asked(event) if !goes_on(event.at_s) => return damaged(index, CLOCK),
                Event::Asked(event) => asked.push(event),
                Event::Begun(_) => return damaged(index, "the search begins a second time"),
            }
        }
        Ok(Some(Self { path: path.into(), begun, asked }))
    }

    /// Seconds of the budget that were gone when the journal ended.
    #[must_use]
    pub fn at_s(&self) -> f64 {
        self.asked.last().map_or(self.begun.at_s, |asked| asked.at_s)
    }

    /// The error of a search that requests something else than recorded request number `index`, or nothing more.
    pub(super) fn other(&self, index: usize, asked: Option<Request>) -> Error {
        let candidates = &self.begun.candidates;
        Error::OtherSearch {
            path: self.path.clone(),
            line: FIRST_LINE + 1 + index,
            told: self.asked[index].request.describe(candidates),
            asked: asked.map_or_else(|| "nothing".into(), |request| request.describe(candidates)),
        }
    }
}
