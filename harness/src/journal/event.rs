//! What the journal of a tuning holds: what its search was given, then every request of the search, with the answer and
//! the clock.
//!
//! A search decides by nothing else, so a search that gets the same again decides the same again.

use serde::{Deserialize, Serialize};

use crate::outcome::Site;
use crate::sample::Sample;
use crate::search::{Failure, Process, Role, Started, Stopped};
use crate::space::Candidate;

/// A line of the journal, after its header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The search began: the first event, and only the first.
    Begun(Box<Begun>),
    /// A request of the search, and its answer.
    Asked(Asked),
}

/// What a search is given. Every measurement that was made before the search and that it decides by belongs here: a
/// resumed run takes it from here, since measuring again would give another value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// Seconds of the budget that were gone.
    pub at_s: f64,
    /// The machine and what it can do at most.
    pub site: Site,
    /// Tasks of the batch that the arena holds.
    pub arena_tasks: usize,
    /// Seconds that allocating, touching and filling the arena took.
    pub prefault_s: f64,
    /// The candidates, in the order in which the search takes them.
    pub candidates: Vec<Candidate>,
}

/// A request of the search, and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Seconds of the budget that were gone afterwards.
    pub at_s: f64,
    /// The request.
    pub request: Request,
    /// What it got.
    pub answer: Answer,
}

/// What a search requests from a course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// [`Course::probe`](crate::search::Course::probe)
    Probe {
        /// Its place in the list of candidates.
        candidate: usize,
    },
    /// [`Course::admit`](crate::search::Course::admit)
    Admit {
        /// What starts.
        #[serde(rename = "who")]
        process: Process,
    },
    /// [`Course::sample`](crate::search::Course::sample)
    Sample {
        /// What runs.
        #[serde(rename = "who")]
        process: Process,
        /// In which round, from 0.
        round: usize,
        /// How much of the batch.
        tasks: usize,
    },
    /// [`Course::dismiss`](crate::search::Course::dismiss)
    Dismiss {
        /// What ends.
        #[serde(rename = "who")]
        process: Process,
        /// Whether the results are judged once more before.
        judge: bool,
    },
}

/// What a search gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To [`Request::Probe`].
    Probed(Option<f64>),
    /// To [`Request::Admit`].
    Admitted(Result<Started, Failure>),
    /// To [`Request::Sample`].
    Sampled(Result<Sample, Failure>),
    /// To [`Request::Dismiss`].
    Dismissed(Result<Stopped, Failure>),
}

impl Asked {
    /// Whether the answer is of the request's kind.
    pub(super) fn is_sound(&self) -> bool {
        match (self.request, &self.answer) {
            (Request::Sample { round, .. }, Answer::Sampled(Ok(sample))) => sample.round == round,
            (Request::Probe { .. }, Answer::Probed(_))
            | (Request::Admit { .. }, Answer::Admitted(_))
            | (Request::Sample { .. }, Answer::Sampled(Err(_)))
            | (Request::Dismiss { .. }, Answer::Dismissed(_)) => true,
            _ => false,
        }
    }
}

impl Request {
    /// What it is, in words; `candidates` are those of the search.
    pub(super) fn describe(self, candidates: &[Candidate]) -> String {
        let name = |process: Process| {
            let combination = candidates.get(process.candidate).map(|candidate| candidate.combination.to_string());
            let name = combination.unwrap_or_else(|| format!("candidate {}", process.candidate));
            match process.role {
                Role::Race => name,
                Role::Control => format!("a second process of {name}"),
                Role::Confirmation => format!("a fresh process of {name}"),
                Role::Private => format!("a process of {name} on private memory"),
            }
        };
        match self {
            Self::Probe { candidate } => format!("a small task on {}", name(Process::race(candidate))),
            Self::Admit { process } => format!("the start of {}", name(process)),
            Self::Sample { process, round, tasks } => {
                format!("a sample of {} on {tasks} tasks in round {}", name(process), round + 1)
            }
            Self::Dismiss { process, judge: true } => format!("the end of {}, judged once more", name(process)),
            Self::Dismiss { process, judge: false } => format!("the end of {}", name(process)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::FailureKind;

    /// A tuning that an earlier gingham began goes on.
    #[test]
    fn the_names_in_a_journal_stay() {
        let lines = [
            r#"{"asked":{"at_s":1.5,"request":{"sample":{"who":{"candidate":3,"role":"twin"},"round":2,"tasks":8}},
                "answer":{"sampled":{"Err":{"status":"timeout","reason":"no answer within 5s"}}}}}"#,
            r#"{"asked":{"at_s":0.5,"request":{"admit":{"who":{"candidate":0,"role":"race"}}},"answer":
                {"admitted":{"Ok":{"version":"1","kernels":"","cold_s":0.1,"error_ratio":0.0,"most_tasks":null}}}}}"#,
            r#"{"asked":{"at_s":2.5,"request":{"dismiss":{"who":{"candidate":0,"role":"race"},"judge":true}},"answer":
                {"dismissed":{"Ok":{"peak_rss_bytes":1,"threads":[0.5],"error_ratio":null}}}}}"#,
        ];
        for line in lines {
            let event: Event = serde_json::from_str(line).unwrap();
            let Event::Asked(asked) = &event else { panic!("{event:?}") };
            assert!(asked.is_sound(), "{event:?}");
            let written = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&written).unwrap(), event);
            assert!(line.contains(r#""who":{"#) && written.contains(r#""who":{"#), "{written}");
        }
        let Event::Asked(first) = serde_json::from_str(lines[0]).unwrap() else { panic!("it asks") };
        let process = Process { candidate: 3, role: Role::Control };
        assert_eq!(first.request, Request::Sample { process, round: 2, tasks: 8 });
        let Answer::Sampled(Err(failure)) = first.answer else { panic!("{:?}", first.answer) };
        assert_eq!((failure.kind, failure.retry), (FailureKind::Timeout, false));
    }
}
