//! A tuning that is killed goes on as if it had not been killed: on the mock machine, after every event and within its
//! line.

use std::collections::HashSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use gingham_core::{DType, Op};
use gingham_harness::journal::{
    Answer, Asked, Begun, Error, Event, Header, Journal, Journalled, Past, Request, Resumable,
};
use gingham_harness::outcome::{Sample, Site};
use gingham_harness::search::{
    Course, Failure, FailureKind, Found, Process, Role, Rules, Started, Stop, Stopped, search,
};
use gingham_machine::ceilings::Rates;
use gingham_machine::{Ceilings, Machine as Host};
use gingham_runtime::Workload;
use gingham_simulation::mock::{
    Disturbance, Machine, MockCandidate, Noise, Setting, candidates, company, forty, graded, rules,
};
use rayon::prelude::*;
use tempfile::TempDir;

const PAIRED_SD: f64 = 0.03;

/// What is tuned.
struct Tuning {
    name: &'static str,
    field: Vec<MockCandidate>,
    disturbance: Disturbance,
    budget_s: f64,
    /// Seconds that a task is known to take at least: where they are long, backends are probed first.
    task_s: f64,
    /// The candidates that do not start, that die in their third round, and whose results are wrong at the end.
    faulty: [Option<usize>; 3],
}

impl Tuning {
    fn new(name: &'static str, field: Vec<MockCandidate>, budget_s: f64) -> Self {
        Self { name, field, disturbance: Disturbance::None, budget_s, task_s: 0.0, faulty: [None; 3] }
    }

    /// Candidates that end in every possible way.
    fn all() -> Vec<Self> {
        vec![
            Self::new("time for all", company(), f64::INFINITY),
            Self::new("a budget that ends in the race", forty(), 12.0),
            Self::new("a budget that ends in successive halving", forty(), 4.0),
            Self::new("a budget for a short confirmation", company(), 4.0),
            Self::new("no time at all", graded(), 0.3),
            Self { disturbance: Disturbance::Bursts, ..Self::new("repeated rounds", graded(), 20.0) },
            Self { disturbance: Disturbance::Drift(10.0), ..Self::new("a drift", company(), 15.0) },
            Self { task_s: 0.5, ..Self::new("probed backends", forty(), 12.0) },
            Self { faulty: [Some(5), Some(1), Some(0)], ..Self::new("faults", forty(), 15.0) },
        ]
    }
}

/// A life of a tuning: the mock machine, with all its processes, until it is killed.
struct Life<'a> {
    tuning: &'a Tuning,
    machine: Machine<'a>,
    running: HashSet<Process>,
    /// Events until the kill.
    left: usize,
    /// Events until the user wants no more.
    patience: usize,
}

impl Life<'_> {
    fn happens(&mut self) {
        self.left = self.left.checked_sub(1).unwrap_or_else(|| resume_unwind(Box::new("killed")));
        self.patience = self.patience.saturating_sub(1);
    }

    fn faulty(&self, process: Process, kind: usize) -> Result<(), Failure> {
        let is_faulty = process.role == Role::Race && self.tuning.faulty[kind] == Some(process.candidate);
        let failure = || Failure::new(FailureKind::Failed, format!("planted, {kind}"));
        if is_faulty { Err(failure()) } else { Ok(()) }
    }
}

impl Course for Life<'_> {
    fn probe(&mut self, candidate: usize) -> Option<f64> {
        self.happens();
        // One gives nothing, one gives a value that is not a number.
        let told = [None, Some(f64::INFINITY), Some(self.tuning.field[candidate].seconds)];
        told[candidate.min(2)]
    }

    fn admit(&mut self, process: Process) -> Result<Started, Failure> {
        self.happens();
        let started = self.machine.admit(process)?;
        self.faulty(process, 0)?;
        assert!(self.running.insert(process), "{process:?} is started twice");
        Ok(started)
    }

    fn sample(&mut self, process: Process, round: usize, tasks: usize) -> Result<Sample, Failure> {
        self.happens();
        assert!(self.running.contains(&process), "{process:?} does not run");
        let sample = self.machine.sample(process, round, tasks)?;
        if round == 2 {
            self.faulty(process, 1).inspect_err(|_| _ = self.running.remove(&process))?;
        }
        Ok(sample)
    }

    fn dismiss(&mut self, process: Process, judge: bool) -> Result<Stopped, Failure> {
        self.happens();
        assert!(self.running.remove(&process), "{process:?} does not run");
        let stopped = self.machine.dismiss(process, judge)?;
        if judge {
            self.faulty(process, 2)?;
        }
        Ok(stopped)
    }

    fn elapsed_s(&self) -> f64 {
        self.machine.elapsed_s()
    }

    fn interrupted(&self) -> bool {
        self.patience == 0
    }
}

impl Resumable for Life<'_> {
    fn restart(&mut self, process: Process, started: &Started) -> Result<(), Failure> {
        assert_eq!(started.version, "mock");
        assert!(self.running.insert(process), "{process:?} is started twice");
        self.machine.restart(process, started)
    }
}

/// What a tuning came to.
#[derive(Debug, PartialEq)]
struct Come {
    found: Found,
    clock_s: Vec<f64>,
}

/// A tuning with its journal.
struct Run<'a> {
    tuning: &'a Tuning,
    setting: &'a Setting<'a>,
    folder: TempDir,
}

impl<'a> Run<'a> {
    fn new(tuning: &'a Tuning, setting: &'a Setting<'a>) -> Self {
        Self { tuning, setting, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    fn journal(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    fn rules(&self) -> Rules {
        let Tuning { budget_s, task_s, .. } = *self.tuning;
        let mut rules = rules(self.setting, 7);
        (rules.budget_s, rules.model.task_s) = (budget_s, task_s);
        rules
    }

    fn begun(&self) -> Begun {
        let rates = Rates { fma_f64: 1e11, fma_f32: 2e11, read: 1e10, write: 1e10, copy: 1e10 };
        let site = Site::new(Host::probe(), Vec::new(), Ceilings::new(rates.clone(), rates, 1, 1 << 27));
        Begun { at_s: 0.0, site, arena_tasks: 64, prefault_s: 0.0, candidates: candidates(&self.tuning.field) }
    }

    /// Opens the journal and goes on with it, to the end or to the kill after `left` events.
    fn live(&self, left: usize, patience: usize) -> Result<Come, Error> {
        let (journal, events) = open(&self.path())?;
        let past = Past::of(&self.path(), events)?;
        let rules = self.rules();
        if let Some(past) = &past
            && let Some((found, clock_s)) = past.found(&rules)?
        {
            return Ok(Come { found, clock_s });
        }
        let Tuning { field, disturbance, .. } = self.tuning;
        let machine = Machine::new(field, self.setting, *disturbance, 7).at(past.as_ref().map_or(0.0, Past::at_s));
        let life = Life { tuning: self.tuning, machine, running: HashSet::new(), left, patience };
        let begun = self.begun();
        let mut course = match &past {
            Some(past) => Journalled::resumed(life, Some(journal), past),
            None => Journalled::begun(life, Some(journal), &begun),
        };
        let found = search(&begun.candidates, &rules, &mut course, &mut |_| {});
        let ended = course.end()?;
        assert!(ended.unwritten.is_none());
        Ok(Come { found, clock_s: ended.clock_s })
    }

    fn to_the_end(&self) -> Come {
        self.live(usize::MAX, usize::MAX).unwrap()
    }
}

fn open(path: &Path) -> Result<(Journal<Event>, Vec<Event>), Error> {
    let workload = Workload::new(Op::Dot, DType::F64, "9", None, 64).unwrap();
    Journal::open(path, &Header::new(&workload, &Host::probe(), Default::default()))
}

/// The events in a journal.
fn events(path: &Path) -> Vec<Event> {
    open(path).unwrap().1
}

#[test]
fn killed_after_every_event_a_tuning_ends_as_if_it_had_not_been() {
    let noise = Noise::recorded();
    let setting = Setting::new(&noise, PAIRED_SD, 1);
    let (mut ends, mut probed) = (HashSet::new(), false);
    for tuning in Tuning::all() {
        let run = Run::new(&tuning, &setting);
        let whole = run.to_the_end();
        ends.insert(whole.found.stop);
        probed |= whole.found.runs.iter().any(|run| run.probe_s.is_some());
        let bytes = run.journal();
        let lines: Vec<usize> =
            bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
        println!("{}: {} events, {}", tuning.name, lines.len() - 2, whole.found.stop);
        (0..lines.len()).into_par_iter().for_each(|kill| {
            let next = lines.get(kill + 1).copied().unwrap_or(lines[kill]);
            for end in [lines[kill], lines[kill].midpoint(next)] {
                let run = Run::new(&tuning, &setting);
                fs::write(run.path(), &bytes[..end]).unwrap();
                assert_eq!(run.to_the_end(), whole, "{}, killed in line {kill}", tuning.name);
                assert!(run.journal() == bytes, "{}, killed in line {kill}: the journal differs", tuning.name);
            }
        });
        let past = Past::of(&run.path(), events(&run.path())).unwrap().unwrap();
        let (found, clock_s) = past.found(&run.rules()).unwrap().expect("a whole journal needs no machine");
        assert_eq!(Come { found, clock_s }, whole);
    }
    assert!(ends.contains(&Stop::Budget) && ends.len() > 1 && probed, "{ends:?}");
}

#[test]
fn killed_again_and_again_it_ends_as_if_it_had_not_been() {
    let noise = Noise::recorded();
    let setting = Setting::new(&noise, PAIRED_SD, 1);
    for tuning in Tuning::all() {
        let whole = Run::new(&tuning, &setting).to_the_end();
        for events in [3, 50] {
            let run = Run::new(&tuning, &setting);
            let mut kills = 0;
            let come = loop {
                match catch_unwind(AssertUnwindSafe(|| run.live(events, usize::MAX).unwrap())) {
                    Ok(come) => break come,
                    Err(_) => kills += 1,
                }
            };
            assert_eq!(come, whole, "{}, killed every {events} events, {kills} times", tuning.name);
            assert_eq!(kills, (whole.clock_s.len() - 2) / events, "{}, every {events} events", tuning.name);
        }
    }
}

#[test]
fn interrupted_it_goes_on_as_if_it_had_not_been() {
    let noise = Noise::recorded();
    let setting = Setting::new(&noise, PAIRED_SD, 1);
    let tuning = Tuning::new("interrupted", company(), 15.0);
    let whole = Run::new(&tuning, &setting);
    let come = whole.to_the_end();
    let requests = come.clock_s.len() - 1;
    for patience in (1..requests).step_by(9) {
        let run = Run::new(&tuning, &setting);
        let cut = run.live(usize::MAX, patience).unwrap();
        assert!(whole.journal().starts_with(&run.journal()), "{patience}: {}", cut.found.stop);
        assert_eq!(run.to_the_end(), come, "interrupted after {patience} of {requests} events");
    }
}

/// The journal of another search, its header notwithstanding.
#[test]
fn the_journal_of_another_search_ends_the_run_by_name() {
    let noise = Noise::recorded();
    let setting = Setting::new(&noise, PAIRED_SD, 1);
    let tuning = Tuning::new("one", company(), 15.0);
    let run = Run::new(&tuning, &setting);
    run.to_the_end();
    let all = events(&run.path());
    for kept in [3, 40, all.len()] {
        let there = Run::new(&tuning, &setting);
        let (mut journal, _) = open(&there.path()).unwrap();
        let mut changed = all[..kept].to_vec();
        let Event::Asked(Asked { request, .. }) = &mut changed[kept / 2] else { panic!("a request") };
        match request {
            Request::Probe { candidate } => *candidate = 999,
            Request::Admit { process } | Request::Sample { process, .. } | Request::Dismiss { process, .. } => {
                process.candidate = 999
            }
        }
        changed.iter().for_each(|event| journal.append(event).unwrap());
        drop(journal);
        let bytes = there.journal();
        let error = there.live(usize::MAX, usize::MAX).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::OtherSearch { line, .. } if line == 2 + kept / 2), "{text}");
        assert!(text.contains("is of another search") && text.contains("candidate 999"), "{text}");
        assert!(there.journal() == bytes, "nothing is written to it");
    }
    let shorter = Tuning::new("with less time", company(), 3.0);
    let there = Run::new(&shorter, &setting);
    fs::copy(run.path(), there.path()).unwrap();
    let text = there.live(usize::MAX, usize::MAX).unwrap_err().to_string();
    assert!(text.contains("is of another search: line "), "{text}");
    // A journal that goes on where the search ends.
    let (mut journal, _) = open(&run.path()).unwrap();
    journal.append(&all[all.len() - 1]).unwrap();
    drop(journal);
    let text = run.live(usize::MAX, usize::MAX).unwrap_err().to_string();
    assert!(text.contains("where this one asks for nothing"), "{text}");
}

#[test]
fn events_that_no_tuning_writes_are_refused() {
    let noise = Noise::recorded();
    let setting = Setting::new(&noise, PAIRED_SD, 1);
    let tuning = Tuning::new("short", graded(), 2.0);
    let run = Run::new(&tuning, &setting);
    run.to_the_end();
    let good = events(&run.path());
    let line = |events: Vec<Event>| match Past::of(&run.path(), events) {
        Err(Error::Damaged { line, .. }) => line,
        other => panic!("{other:?}"),
    };
    assert_eq!(Past::of(&run.path(), Vec::new()).unwrap(), None);
    assert_eq!(line(good[1..].to_vec()), 2, "no beginning");
    assert_eq!(line([&good[..4], &good[..1]].concat()), 6, "two beginnings");
    let mut begun = run.begun();
    begun.site.machine.usable_cpus = 0;
    assert_eq!(line(vec![Event::Begun(Box::new(begun))]), 2, "no CPUs");
    assert_eq!(line([&good[..5], &good[3..]].concat()), 7, "a clock that goes backwards");
    let changed = |index: usize, change: fn(&mut Asked)| {
        let mut events = good.clone();
        let Event::Asked(asked) = &mut events[index] else { panic!("a request") };
        change(asked);
        line(events)
    };
    assert_eq!(changed(5, |asked| asked.at_s = 1e300), 7);
    assert_eq!(changed(5, |asked| asked.at_s = -1.0), 7);
    assert_eq!(changed(5, |asked| asked.answer = Answer::Dismissed(Ok(Stopped::default()))), 7);
    let sampled = |event: &Event| matches!(event, Event::Asked(Asked { answer: Answer::Sampled(Ok(_)), .. }));
    let sample = good.iter().position(sampled).unwrap();
    let wrong_round = |asked: &mut Asked| {
        if let Answer::Sampled(Ok(sample)) = &mut asked.answer {
            sample.round = usize::MAX;
        }
    };
    assert_eq!(changed(sample, wrong_round), sample + 2);
}
