//! The state of a search: which processes run, what has been measured of them, what became of each candidate, and how
//! much time is left.
//!
//! The phases borrow it and decide; here processes are started and ended, and rounds are run.

use gingham_runtime::combination::Combination;

use super::bounds::Comparison;
use super::disturbance::Disturbance;
use super::record::Record;
use super::{Course, Found, Lost, Order, Process, Role, Rules, Run, Sampled, is_peer};
use crate::progress::Progress;
use crate::reason::{Failure, Left, Stop, Unstarted, Warning};

/// The state of a search.
pub(super) struct State<'a> {
    pub(super) combinations: &'a [Combination],
    pub(super) rules: &'a Rules,
    course: &'a mut dyn Course,
    progress: &'a mut dyn FnMut(Progress<'_>),
    /// What became of each candidate, but for its samples, which are in `record`.
    runs: Vec<Run>,
    /// The processes that run.
    live: Vec<Process>,
    /// The running processes that rounds leave out for now.
    resting: Vec<Process>,
    record: Record,
    disturbance: Disturbance,
    order: Order,
    warnings: Vec<Warning>,
    /// Seconds of the budget that were gone when the search began.
    pub(super) begun_s: f64,
    /// Seconds that all starts have cost, and how many they were.
    starts: (f64, usize),
    /// Seconds that rounds leave to the phases after the race.
    reserve_s: f64,
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Every process that takes part has run.
    Whole,
    /// Time was up, or the user wants no more.
    Cut,
}

impl<'a> State<'a> {
    pub(super) fn new(
        combinations: &'a [Combination],
        rules: &'a Rules,
        course: &'a mut dyn Course,
        progress: &'a mut dyn FnMut(Progress<'_>),
    ) -> Self {
        Self {
            begun_s: course.elapsed_s(),
            combinations,
            rules,
            course,
            progress,
            runs: vec![Run::default(); combinations.len()],
            live: Vec::new(),
            resting: Vec::new(),
            record: Record::default(),
            disturbance: Disturbance::default(),
            order: Order::new(rules.seed),
            warnings: Vec::new(),
            starts: (0.0, 0),
            reserve_s: 0.0,
        }
    }

    pub(super) fn run(&self, candidate: usize) -> &Run {
        &self.runs[candidate]
    }

    pub(super) fn run_mut(&mut self, candidate: usize) -> &mut Run {
        &mut self.runs[candidate]
    }

    pub(super) fn record(&self) -> &Record {
        &self.record
    }

    /// The candidates that may be started, in their order.
    pub(super) fn startable(&self) -> Vec<usize> {
        (0..self.runs.len()).filter(|&id| self.runs[id].skipped.is_none()).collect()
    }

    /// Whether a candidate was started and has not failed.
    pub(super) fn is_sound(&self, candidate: usize) -> bool {
        let run = &self.runs[candidate];
        run.failure.is_none() && run.started.is_some()
    }

    pub(super) fn live(&self) -> &[Process] {
        &self.live
    }

    /// The processes that race.
    pub(super) fn racing(&self) -> Vec<Process> {
        self.live.iter().copied().filter(|process| process.role == Role::Race).collect()
    }

    /// The racing processes that may leave without proof: all but peers, which the user named.
    pub(super) fn racing_own(&self) -> Vec<Process> {
        let racing = self.racing().into_iter();
        racing.filter(|process| !is_peer(&self.combinations[process.candidate])).collect()
    }

    /// The quickest of those that race.
    pub(super) fn leader(&self) -> Option<Process> {
        self.record.quickest_of(self.racing())
    }

    /// Seconds of the budget that are gone.
    pub(super) fn elapsed_s(&self) -> f64 {
        self.course.elapsed_s()
    }

    /// Seconds of the budget that the search has in all: making the operands may have taken most of it.
    pub(super) fn span_s(&self) -> f64 {
        self.rules.budget_s - self.begun_s
    }

    /// Seconds of the budget that are left.
    pub(super) fn left_s(&self) -> f64 {
        self.rules.budget_s - self.course.elapsed_s()
    }

    /// Seconds that a start costs on average.
    pub(super) fn start_s(&self) -> f64 {
        self.starts.0 / self.starts.1.max(1) as f64
    }

    /// Whether candidates may still be started, where the course knows.
    pub(super) fn may_start(&self) -> Option<bool> {
        self.course.may_start()
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.course.interrupted()
    }

    pub(super) fn tell(&mut self, progress: Progress<'_>) {
        (self.progress)(progress);
    }

    pub(super) fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }

    /// Keeps seconds for the phases after the race.
    pub(super) fn reserve(&mut self, seconds: f64) {
        self.reserve_s = seconds;
    }

    /// Writes down why a candidate is not started.
    pub(super) fn skip(&mut self, candidate: usize, why: Unstarted) {
        self.runs[candidate].skipped = Some(why);
    }

    /// Probes a candidate of one thread with a small task; `left` are still to be probed, this one included.
    pub(super) fn probe(&mut self, candidate: usize, left: usize) {
        (self.progress)(Progress::Admitting { combination: &self.combinations[candidate], left });
        self.runs[candidate].probe_s = self.course.probe(candidate);
    }

    /// Starts a process; if the start fails, its candidate is out. `left` are still to be started, this one included.
    pub(super) fn start(&mut self, process: Process, left: usize) {
        (self.progress)(Progress::Admitting { combination: &self.combinations[process.candidate], left });
        let before = self.course.elapsed_s();
        let started = self.course.admit(process);
        self.starts.0 += self.course.elapsed_s() - before;
        self.starts.1 += 1;
        match started {
            Ok(started) => {
                self.live.push(process);
                self.record.open(process);
                if process.role == Role::Race {
                    self.runs[process.candidate].started = Some(started);
                }
            }
            Err(failure) => self.fail(process, failure),
        }
    }

    /// Of the racing processes, only this one takes part in rounds for now.
    pub(super) fn rest_all_but(&mut self, one: Option<Process>) {
        self.resting = self.racing().into_iter().filter(|process| Some(*process) != one).collect();
    }

    /// Every running process takes part in rounds again.
    pub(super) fn wake(&mut self) {
        self.resting.clear();
    }

    /// Runs a round on `tasks` tasks, and runs it again if other programs took too much of the machine and the round
    /// may still be repeated.
    pub(super) fn round(&mut self, tasks: usize) -> End {
        loop {
            let number = self.record.next_round();
            let lost = self.pass(number, tasks);
            self.record.close_round();
            match lost {
                None => return End::Cut,
                Some(lost) if self.disturbance.accepts(lost) => return End::Whole,
                Some(_) => self.record.set_aside(number),
            }
        }
    }

    /// Takes one sample of each process; `None` where the round was cut short.
    fn pass(&mut self, round: usize, tasks: usize) -> Option<Lost> {
        let processes = self.awake();
        let mut lost = Lost::default();
        for at in self.order.next(processes.len()) {
            let process = processes[at];
            if self.course.interrupted() || self.left_s() - self.reserve_s < self.cost_s(process, tasks) {
                return None;
            }
            let combination = &self.combinations[process.candidate];
            (self.progress)(match process.role {
                Role::Race | Role::Control => Progress::Sampling { combination, round, live: processes.len() },
                Role::Confirmation | Role::Private => Progress::Confirming { combination },
            });
            match self.course.sample(process, round, tasks) {
                Ok(sample) => {
                    lost += Lost::during(&sample, self.rules.model.cpus);
                    self.record.add(process, sample);
                }
                Err(failure) => {
                    self.live.retain(|other| *other != process);
                    self.fail(process, failure);
                }
            }
        }
        Some(lost)
    }

    /// The processes that take part in rounds.
    pub(super) fn awake(&self) -> Vec<Process> {
        self.live.iter().copied().filter(|process| !self.resting.contains(process)).collect()
    }

    /// Ends a process; with `judge`, its results are judged once more before.
    pub(super) fn dismiss(&mut self, process: Process, judge: bool) {
        self.live.retain(|other| *other != process);
        self.resting.retain(|other| *other != process);
        match self.course.dismiss(process, judge) {
            Ok(stopped) if process.role == Role::Race => self.runs[process.candidate].stopped = Some(stopped),
            Ok(_) => {}
            Err(failure) => self.fail(process, failure),
        }
    }

    /// Writes down why a process gives no more samples. A failure in the race or the confirmation is the candidate's;
    /// the A/A control only measures noise, and private memory may not be available.
    fn fail(&mut self, process: Process, failure: Failure) {
        match process.role {
            Role::Race | Role::Confirmation => self.runs[process.candidate].failure = Some(failure),
            Role::Control => {
                let candidate = self.combinations[process.candidate].clone();
                self.warn(Warning::ControlFailed { candidate, failure });
            }
            Role::Private => {}
        }
    }

    /// Ends a process of the race before its end, and says why.
    pub(super) fn eliminate(&mut self, process: Process, why: Left) {
        self.leave(process.candidate, why);
        self.dismiss(process, false);
    }

    /// Writes down why a candidate is out; the first reason stays.
    pub(super) fn leave(&mut self, candidate: usize, why: Left) {
        self.runs[candidate].left.get_or_insert(why);
    }

    /// Compares processes by the rounds `from ..`; `alpha` is the error level that this look may spend.
    pub(super) fn compare(&self, processes: &[Process], from: usize, alpha: f64) -> Option<Comparison> {
        self.record.compare(processes, from, self.rules.tolerance, alpha)
    }

    /// In words, how much of the machine other programs took, where that was too much.
    pub(super) fn disturbed(&self) -> Option<String> {
        self.disturbance.told()
    }

    /// What was found, once all is over.
    pub(super) fn into_found(
        mut self,
        stop: Stop,
        best: Option<usize>,
        tied: Vec<usize>,
        confirmed: Vec<Sampled>,
    ) -> Found {
        for (candidate, run) in self.runs.iter_mut().enumerate() {
            run.samples = self.record.take(Process::race(candidate));
        }
        let control = self.record.control();
        let advised = |warning: &Warning| match warning {
            Warning::NotConfirmed { advised_s } => Some(*advised_s),
            _ => None,
        };
        Found {
            best,
            tied,
            control: control.map(|process| Sampled { process, samples: self.record.take(process) }),
            confirmed,
            rounds: self.disturbance.rounds(),
            stop,
            advised_s: self.warnings.iter().find_map(advised),
            disturbed: self.disturbance.told(),
            warnings: self.warnings,
            runs: self.runs,
        }
    }
}
