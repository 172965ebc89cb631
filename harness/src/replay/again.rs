//! Takes a recorded decision once more, from the samples that led to it.
//!
//! Every sample is handed out in the round in which it was taken. Older files say what was measured, not when: where
//! samples are missing, the budget or the user must have ended something.

use std::cmp::Ordering;
use std::collections::HashMap;

use gingham_runtime::combination::Combination;

use super::Recording;
use crate::outcome::{Outcome, Row, Sample, Status};
use crate::search::{self, Course, Failure, FailureKind, Found, Process, Role, Rules, Started, Stop, Stopped};

/// The budget of a replay, which no recorded sample uses up.
const BUDGET_S: f64 = 1e9;

/// Steps of the bisection that finds how much time a confirmation had: from [`BUDGET_S`] to a microsecond.
const STEPS: usize = 50;

/// What a search decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The pick.
    pub best: Option<Combination>,
    /// Those that the samples do not separate from it.
    pub tied: Vec<Combination>,
    /// Those that left, with the reason, in the order of candidates.
    pub left: Vec<(Combination, String)>,
    /// Why it ended.
    pub ended: Ended,
}

/// Why the search stopped when it did.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, strum::Display)]
pub enum Ended {
    /// The search stopped.
    #[strum(to_string = "{0}")]
    Stopped(Stop),
    /// The replayed search requested more than was recorded.
    #[strum(to_string = "the recording has no more samples")]
    NoMoreSamples,
    /// The file gives a reason that this version does not know.
    #[strum(to_string = "{0}")]
    Other(String),
}

impl Recording {
    /// The decision in the file.
    #[must_use]
    pub fn recorded(&self) -> Decision {
        let Outcome { trials, best, tied, stopped_because, .. } = &self.outcome;
        let other = || Ended::Other(stopped_because.clone());
        let left = trials.iter().filter_map(|row| Some((row.combination.clone(), row.eliminated.clone()?)));
        Decision {
            best: best.clone(),
            tied: tied.clone(),
            left: left.collect(),
            ended: self.outcome.stop().map_or_else(other, Ended::Stopped),
        }
    }

    /// The decision that the search takes on the recorded samples.
    #[must_use]
    pub fn replayed(&self) -> Decision {
        // The file does not say how much time the confirmation had, but shows what it had time for.
        let (mut least, mut most) = (0.0, 2.0 * BUDGET_S);
        let mut confirming_s = BUDGET_S;
        let (mut found, mut had) = self.search_again(confirming_s);
        for _ in 0..STEPS {
            match had {
                _ if self.has_clock() => break,
                Ordering::Equal => break,
                Ordering::Less => least = confirming_s,
                Ordering::Greater => most = confirming_s,
            }
            confirming_s = f64::midpoint(least, most);
            (found, had) = self.search_again(confirming_s);
        }
        let name = |id: usize| self.candidates[id].combination.clone();
        let left =
            found.runs.iter().enumerate().filter_map(|(id, run)| Some((name(id), run.left.as_ref()?.to_string())));
        let ended = match found.stop {
            Stop::Budget if self.outcome.stop() != Some(Stop::Budget) => Ended::NoMoreSamples,
            stop => Ended::Stopped(stop),
        };
        Decision {
            best: found.best.map(name),
            tied: found.tied.iter().copied().map(name).collect(),
            left: left.collect(),
            ended,
        }
    }

    /// Whether the file says when everything happened; otherwise that is inferred.
    fn has_clock(&self) -> bool {
        self.outcome.budget_s.is_some() && !self.outcome.clock_s.is_empty()
    }

    /// What the search finds if its confirmation has `confirming_s` seconds, and whether that is less or more time than
    /// it had.
    fn search_again(&self, confirming_s: f64) -> (Found, Ordering) {
        let rules = Rules {
            seed: self.outcome.seed,
            tolerance: self.outcome.tolerance,
            strategy: self.outcome.strategy,
            budget_s: self.outcome.budget_s.filter(|_| self.has_clock()).unwrap_or(BUDGET_S),
            confirm: self.outcome.confirmation.is_some(),
            ..Rules::new(self.model)
        };
        let mut course = Recorded::new(self, confirming_s);
        let found = search::search(&self.candidates, &rules, &mut course, &mut |_| {});
        let had = course.had();
        (found, had)
    }
}

/// A course that gives recorded samples and nothing else.
struct Recorded<'a> {
    recording: &'a Recording,
    /// The samples that have not been requested yet.
    samples: HashMap<(Process, usize), Sample>,
    /// The processes that were confirmed, in the order of their starts.
    confirmed: Vec<Process>,
    /// Those that the search has started for the confirmation, in this order.
    confirming: Vec<Process>,
    /// Starts of the race that are to come.
    starts: usize,
    /// Samples of the race that are to come, the control's among them.
    race: usize,
    /// Whether the race is over.
    raced: bool,
    confirming_s: f64,
    /// Starts, samples and ends so far.
    calls: usize,
}

impl<'a> Recorded<'a> {
    fn new(recording: &'a Recording, confirming_s: f64) -> Self {
        let outcome = &recording.outcome;
        let process = |combination: &Combination, role| {
            let place = outcome.trials.iter().position(|row| row.combination == *combination);
            Process { candidate: place.expect("checked: each has a row"), role }
        };
        let trials = outcome.trials.iter().map(|row| (Process::race(row.id), &row.samples[..]));
        let control = outcome.control.iter().map(|c| (process(&c.combination, Role::Control), &c.samples[..]));
        let raced: Vec<(Process, &[Sample])> = trials.chain(control).collect();
        let confirmed = outcome.confirmation.iter().flat_map(|confirmation| &confirmation.trials).map(|trial| {
            let role = if trial.private { Role::Private } else { Role::Confirmation };
            (process(&trial.combination, role), &trial.samples[..])
        });
        let confirmed: Vec<(Process, &[Sample])> = confirmed.collect();
        let all = raced.iter().chain(&confirmed);
        let samples = all.flat_map(|(process, samples)| samples.iter().map(|s| ((*process, s.round), *s)));
        Self {
            recording,
            samples: samples.collect(),
            confirmed: confirmed.into_iter().map(|(process, _)| process).collect(),
            confirming: Vec::new(),
            starts: outcome.trials.iter().filter(|row| row.status != Status::Skipped).count(),
            race: raced.iter().map(|(_, samples)| samples.len()).sum(),
            raced: false,
            confirming_s,
            calls: 0,
        }
    }

    fn row(&self, process: Process) -> &'a Row {
        &self.recording.outcome.trials[process.candidate]
    }

    /// The failure that the row gives; for a row without one, a failure at the end of the recording.
    fn failure(&self, process: Process) -> Failure {
        let row = self.row(process);
        match FailureKind::of(row.status) {
            None | Some(FailureKind::Skipped) => Failure::new(FailureKind::Failed, "the recording ends here"),
            Some(kind) => Failure::new(kind, row.reason.clone().unwrap_or_default()),
        }
    }

    fn failed(&self, process: Process) -> bool {
        !matches!(self.row(process).status, Status::Ok | Status::Skipped)
    }

    /// Whether the recorded confirmation holds `process`.
    fn was_confirmed(&self, process: Process) -> bool {
        self.confirmed.contains(&process)
    }

    /// Whether the race has given all its recorded samples.
    fn is_over(&self) -> bool {
        self.starts == 0 && self.race == 0
    }

    /// Whether the confirmation had less time than in the recording, or more: the first process that only one of the
    /// two confirmed decides.
    fn had(&self) -> Ordering {
        // What failed at its start has left no trace among the confirmed.
        let known = |process: &&Process| {
            self.was_confirmed(**process) || !(self.failed(**process) || process.role == Role::Private)
        };
        let mut confirmed = self.confirmed.iter();
        for process in self.confirming.iter().filter(known) {
            match confirmed.next() {
                Some(expected) if expected == process => {}
                _ if self.was_confirmed(*process) => return Ordering::Less,
                _ => return Ordering::Greater,
            }
        }
        if confirmed.next().is_some() { Ordering::Less } else { Ordering::Equal }
    }
}

impl Course for Recorded<'_> {
    fn probe(&mut self, candidate: usize) -> Option<f64> {
        let trials = &self.recording.outcome.trials;
        self.calls += usize::from(trials.iter().any(|row| row.probe_s.is_some()));
        trials[candidate].probe_s
    }

    fn admit(&mut self, process: Process) -> Result<Started, Failure> {
        self.calls += 1;
        let row = self.row(process);
        let admitted = match process.role {
            Role::Race => {
                self.starts -= usize::from(row.status != Status::Skipped);
                row.kernels.is_some()
            }
            Role::Control => self.recording.outcome.control.as_ref().is_some_and(|t| t.combination == row.combination),
            Role::Confirmation | Role::Private => {
                self.confirming.push(process);
                self.was_confirmed(process)
            }
        };
        let started = || Started {
            kernels: row.kernels.clone().unwrap_or_default(),
            cold_s: row.cold_s.unwrap_or_default(),
            error_ratio: row.error_ratio.unwrap_or_default(),
            ..Started::default()
        };
        if admitted { Ok(started()) } else { Err(self.failure(process)) }
    }

    fn sample(&mut self, process: Process, round: usize, _tasks: usize) -> Result<Sample, Failure> {
        self.calls += 1;
        let sample = self.samples.remove(&(process, round)).ok_or_else(|| self.failure(process))?;
        self.race -= usize::from(matches!(process.role, Role::Race | Role::Control));
        // Whether its round counts is for the search to say.
        Ok(Sample { set_aside: false, ..sample })
    }

    fn dismiss(&mut self, process: Process, judge: bool) -> Result<Stopped, Failure> {
        self.calls += 1;
        // Results are judged at the end of the race, and again at the end of the confirmation for the candidates that
        // are confirmed.
        self.raced |= judge;
        let confirmed = self.was_confirmed(Process { role: Role::Confirmation, ..process });
        let judged = judge && self.failed(process) && (process.role == Role::Confirmation || !confirmed);
        if judged && process.role != Role::Private {
            return Err(self.failure(process));
        }
        let row = self.row(process);
        Ok(Stopped {
            peak_rss_bytes: row.peak_rss_bytes.unwrap_or_default(),
            threads: row.threads.clone(),
            error_ratio: row.error_ratio,
        })
    }

    fn elapsed_s(&self) -> f64 {
        let clock = &self.recording.outcome.clock_s;
        if self.recording.has_clock() {
            return clock[self.calls.min(clock.len() - 1)];
        }
        if self.raced {
            return if self.samples.is_empty() { BUDGET_S } else { BUDGET_S - self.confirming_s };
        }
        if self.is_over() { BUDGET_S } else { 0.0 }
    }

    fn may_start(&self) -> Option<bool> {
        (!self.recording.has_clock()).then_some(self.starts > 0)
    }

    fn interrupted(&self) -> bool {
        self.is_over() && !self.raced && self.recording.outcome.stop() == Some(Stop::Interrupted)
    }
}
