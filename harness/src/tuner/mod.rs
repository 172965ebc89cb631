//! A tuning from start to end: memory, candidates, a search among trials, and the outcome.

mod live;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gingham_core::Registry;
use gingham_machine::environment::kernel_variables;
use gingham_machine::{Ceilings, Machine, available_memory};

use crate::arena::{self, Arena};
use crate::clock::Clock;
use crate::combination::Combination;
use crate::environment::Environment;
use crate::journal::{self, Begun, Ended, Event, Header, Journal, Journalled, Past};
use crate::outcome::{Outcome, Setting, Site};
use crate::progress::Progress;
use crate::search::{self, Found, Model, Needed, PREPARATION_SHARE, Rules, Run, Stop, Strategy, Unstarted, Warning};
use crate::space::{self, Candidate, Cpus, Narrowing, Selection};
use crate::trial::{Program, Uninitialised};
use crate::workload::memory::TooLarge;
use crate::workload::{Workload, placement};

use live::Live;

/// Processes that an exhaustive search keeps alive at once: each costs some megabytes, stopped or not.
const MOST_EXHAUSTIVE: usize = 256;

/// Tunes a workload.
#[derive(Clone)]
pub struct Tuner {
    /// The backends to cross.
    pub registry: Registry,
    /// What is to be tuned.
    pub workload: Workload,
    /// The part of the space to look at.
    pub selection: Selection,
    /// Runners of other programs, which stand in the same table.
    pub peers: Vec<Program>,
    /// How the space is searched.
    pub strategy: Strategy,
    /// How long it may take in all.
    pub budget: Duration,
    /// How long a trial may take to answer.
    pub deadline: Duration,
    /// Combinations within this share of the best are not told apart from it.
    pub tolerance: f64,
    /// Sets the inputs and the order of rounds.
    pub seed: u64,
    /// Leaves variables that choose kernels set.
    pub keep_env: bool,
    /// A journal, made where there is none: what it tells of is not measured again.
    pub journal: Option<PathBuf>,
    /// Once true, the tuning ends with what is known so far.
    pub interrupt: Arc<AtomicBool>,
    /// The program that trials re-execute; its `main` begins with [`crate::trial::init`].
    pub program: PathBuf,
}

/// A tuning that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program does not serve its trials.
    #[error(transparent)]
    Uninitialised(#[from] Uninitialised),
    /// The selection names what is not there.
    #[error(transparent)]
    Space(#[from] space::Error),
    /// The operands do not fit the machine.
    #[error(transparent)]
    Memory(#[from] TooLarge),
    /// The operands do not lie where they should.
    #[error(transparent)]
    Placement(#[from] placement::Error),
    /// The memory for them cannot be had.
    #[error(transparent)]
    Arena(#[from] arena::Error),
    /// The journal cannot be had, or is of another tuning.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// The budget is too short for an answer.
    #[error("a budget of {given:.1} s is too short for {workload}; give --budget {needed:.0}s")]
    Budget {
        /// Seconds that were given.
        given: f64,
        /// Seconds that would do.
        needed: f64,
        /// The workload.
        workload: Workload,
    },
    /// A workload of nothing.
    #[error("{0}: nothing to measure; give sizes above 0")]
    Nothing(Workload),
    /// Two peers that no row would tell apart.
    #[error("two peers are named `{0}`; name one of them otherwise: --peer NAME=CMD")]
    Twice(String),
    /// A peer's program is not to be found.
    #[error("peer {name}: there is no program that `{command}` would start; give its path, or install it")]
    Missing {
        /// The peer.
        name: String,
        /// Its command.
        command: String,
    },
    /// It was interrupted before there was anything to measure.
    #[error("interrupted before any combination was measured; nothing is saved")]
    Interrupted,
    /// More combinations than can be kept alive at once.
    #[error(
        "an exhaustive search keeps all combinations alive, {given} here and {MOST_EXHAUSTIVE} at most; choose among them \
         with --backend, --executor, --op-threads, --workers or --chunk"
    )]
    Exhaustive {
        /// The number of combinations.
        given: usize,
    },
}

/// Refuses a batch that takes no time, two runners that would share a row, and one that is not there.
///
/// # Errors
/// [`Error::Nothing`], [`Error::Twice`] and [`Error::Missing`].
pub fn check(workload: &Workload, peers: &[Program]) -> Result<(), Error> {
    if workload.is_empty() {
        return Err(Error::Nothing(workload.clone()));
    }
    let mut known = BTreeSet::new();
    for peer in peers {
        if let Program::Peer { name, .. } = peer
            && !known.insert(name)
        {
            return Err(Error::Twice(name.clone()));
        }
    }
    match peers.iter().find(|peer| !peer.is_there()) {
        Some(Program::Peer { name, words }) => Err(Error::Missing { name: name.clone(), command: words.join(" ") }),
        _ => Ok(()),
    }
}

/// Whether the budget ended before anything gave a sample, and nothing else is to blame for that.
fn is_cut_short(found: &Found) -> bool {
    let is_cut = |run: &Run| run.started.is_some() || matches!(run.skipped, Some(Unstarted::Budget));
    let is_silent = |run: &Run| run.samples.is_empty() && run.failure.is_none();
    found.runs.iter().all(is_silent) && found.runs.iter().any(is_cut)
}

impl Tuner {
    /// A tuning of `workload` over everything in `registry`, with the defaults of the command line.
    #[must_use]
    pub fn new(registry: Registry, workload: Workload, program: PathBuf) -> Self {
        Self {
            registry,
            workload,
            selection: Selection::default(),
            peers: Vec::new(),
            strategy: Strategy::Race,
            budget: Duration::from_secs(60),
            deadline: Duration::from_secs(30),
            tolerance: 0.02,
            seed: 0,
            keep_env: false,
            journal: None,
            interrupt: Arc::default(),
            program,
        }
    }

    /// Runs it, telling `progress` what it is about to do and how many seconds of the budget are left.
    ///
    /// # Errors
    /// [`Error`]; a trial that fails is a row, never an error.
    pub fn tune(&self, progress: &mut dyn FnMut(Progress<'_>, f64)) -> Result<Outcome, Error> {
        check(&self.workload, &self.peers)?;
        Program::Own(self.program.clone()).check()?;
        let clock = Clock::start();
        let machine = Machine::probe();
        let (journal, past) = self.journal(&machine)?;
        if let Some(past) = &past {
            progress(Progress::Resuming { at_s: past.at_s() }, self.budget.as_secs_f64() - past.at_s());
        }
        if let Some(past) = &past
            && let Some((found, clock_s)) = past.found(&self.rules(&past.begun))?
        {
            return self.ended(found, &past.begun, clock_s);
        }
        // The clock goes on where the past left it.
        let gone = past.as_ref().map_or(Duration::ZERO, |past| Duration::from_secs_f64(past.at_s()));
        let budget = self.budget.as_secs_f64();
        let left = || budget - clock.elapsed_s();
        let mut begun = match &past {
            Some(past) => {
                self.held(&past.begun).check_memory(available_memory())?;
                past.begun.clone()
            }
            None => self.begin(machine, &clock, &mut |told| progress(told, left()))?,
        };
        let model = self.model(&begun);
        let held = self.held(&begun);
        let bytes = held.batch_bytes();
        progress(
            Progress::Filling { bytes, at_worst_s: bytes as f64 / arena::FIRST_TOUCH },
            left() - gone.as_secs_f64(),
        );
        // To prepare again takes nothing from the budget, which the search has planned with.
        let limit_s = if past.is_some() { f64::INFINITY } else { left() * PREPARATION_SHARE };
        let interrupted = || self.interrupt.load(Ordering::Relaxed);
        let arena = match Arena::made_while(&held, self.seed, &|needed_s| needed_s <= limit_s && !interrupted()) {
            Err(arena::Error::Stopped { .. }) if interrupted() => return Err(Error::Interrupted),
            Err(arena::Error::Stopped { needed_s, .. }) => return Err(self.too_short(&model, needed_s)),
            arena => arena?,
        };
        let judge = held.judge(arena.placement(), arena.inputs(), self.seed)?;
        if past.is_some() {
            clock.set(gone);
        } else {
            (begun.at_s, begun.prefault_s) = (clock.elapsed_s(), arena.prefault_s());
            // What is made is used, if there is time for an answer at all.
            self.check_budget(&model, begun.at_s)?;
        }

        let combinations: Vec<Combination> = begun.candidates.iter().map(|c| c.combination.clone()).collect();
        let environment = Environment::new(&self.registry, self.keep_env);
        let cpus = begun.site.machine.usable_cpus;
        let live = Live::new(self, cpus, combinations, environment, held, arena, judge, model.task_s, clock.clone());
        let mut course = match &past {
            Some(past) => Journalled::resumed(live, journal, past),
            None => Journalled::begun(live, journal, &begun),
        };
        let rules = self.rules(&begun);
        let found = search::search(&begun.candidates, &rules, &mut course, &mut |told| progress(told, left()));
        let Ended { clock_s, unwritten } = course.end()?;
        let mut outcome = self.ended(found, &begun, clock_s)?;
        unwritten.into_iter().for_each(|error| outcome.warn(&Warning::Journal { error: error.to_string() }));
        Ok(outcome)
    }

    /// The journal, where there is to be one, and what it tells.
    fn journal(&self, machine: &Machine) -> Result<(Option<Journal<Event>>, Option<Past>), Error> {
        let Some(path) = &self.journal else { return Ok((None, None)) };
        let (journal, events) = Journal::open(path, &self.header(machine))?;
        Ok((Some(journal), Past::of(path, events)?))
    }

    /// What a search that begins now is given, before there is an arena.
    fn begin(&self, machine: Machine, clock: &Clock, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Begun, Error> {
        let held = self.workload.held(machine.usable_cpus, self.budget.as_secs_f64());
        held.check_memory(available_memory())?;
        let candidates = self.candidates(&held, Cpus::of(&machine))?;
        progress(Progress::Ceilings);
        let ceilings = Ceilings::measure(&machine);
        let env_cleared = if self.keep_env { Vec::new() } else { kernel_variables() };
        let env_cleared = env_cleared.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let site = Site { machine, env_cleared, ceilings };
        let begun = Begun { at_s: 0.0, site, arena_tasks: held.tasks(), prefault_s: 0.0, candidates };
        let expected_s = clock.elapsed_s() + held.batch_bytes() as f64 / arena::FILLED_AT_BEST;
        self.check_budget(&self.model(&begun), expected_s)?;
        Ok(begun)
    }

    /// The part of the workload that the arena holds.
    fn held(&self, begun: &Begun) -> Workload {
        self.workload.with_fewer_tasks(begun.arena_tasks)
    }

    fn model(&self, begun: &Begun) -> Model {
        Model::new(&self.held(begun), &begun.site.machine, &begun.site.ceilings)
    }

    fn rules(&self, begun: &Begun) -> Rules {
        Rules {
            seed: self.seed,
            tolerance: self.tolerance,
            strategy: self.strategy,
            budget_s: self.budget.as_secs_f64(),
            ..Rules::new(self.model(begun))
        }
    }

    /// What a search has come to that ended with these readings of its clock.
    fn ended(&self, found: Found, begun: &Begun, clock_s: Vec<f64>) -> Result<Outcome, Error> {
        if found.stop != Stop::Interrupted && is_cut_short(&found) {
            return Err(self.too_short(&self.model(begun), clock_s.last().copied().unwrap_or_default()));
        }
        let (held, cpus) = (self.held(begun), Cpus::of(&begun.site.machine));
        let setting = Setting {
            site: begun.site.clone(),
            versions: self.registry.iter().map(|b| (b.info().id.to_owned(), b.info().version)).collect(),
            workload: self.workload.clone(),
            arena_tasks: begun.arena_tasks,
            prefault_s: begun.prefault_s,
            narrowed_by: Narrowing::of(&self.selection, &self.registry, &held, cpus),
        };
        let mut outcome = Outcome::new(found, &begun.candidates, &self.rules(begun), setting, clock_s);
        let doubt = begun.site.ceilings.doubt(&begun.site.machine);
        doubt.into_iter().for_each(|what| outcome.warn(&Warning::Ceilings { what }));
        Ok(outcome)
    }

    /// Our own combinations, and the peers.
    fn candidates(&self, held: &Workload, cpus: Cpus) -> Result<Vec<Candidate>, Error> {
        let mut candidates = space::candidates(&self.registry, held, cpus, &self.selection)?;
        let legal = candidates.iter().filter(|c| c.skipped.is_none()).count();
        if self.strategy == Strategy::Exhaustive && legal > MOST_EXHAUSTIVE {
            return Err(Error::Exhaustive { given: legal });
        }
        candidates.extend(self.named_peers().map(|(combination, _)| Candidate { combination, skipped: None }));
        Ok(candidates)
    }

    /// Each peer, with the combination that stands for it.
    fn named_peers(&self) -> impl Iterator<Item = (Combination, &Program)> {
        self.peers.iter().filter_map(|program| match program {
            Program::Peer { name, .. } => Some((Combination::peer(name), program)),
            Program::Own(_) => None,
        })
    }

    /// What a journal must agree with to be of this tuning.
    fn header(&self, machine: &Machine) -> Header {
        let list = |items: Option<Vec<String>>| items.map_or_else(|| "all".into(), |items| items.join(","));
        let Selection { backends, executors, op_threads, workers, chunks } = &self.selection;
        let texts = |counts: &Option<Vec<usize>>| counts.as_ref().map(|c| c.iter().map(ToString::to_string).collect());
        let variables =
            self.keep_env.then(|| kernel_variables().iter().map(|(name, value)| format!("{name}={value}")).collect());
        let versions = self.registry.iter().map(|b| format!("{} {}", b.info().id, b.info().version));
        let settings = [
            ("seed", self.seed.to_string()),
            ("tolerance", self.tolerance.to_string()),
            ("strategy", format!("{:?}", self.strategy).to_lowercase()),
            ("budget", format!("{} s", self.budget.as_secs_f64())),
            ("variables kept", variables.map_or_else(|| "none".into(), |all: Vec<String>| all.join(" "))),
            ("backends", list(backends.clone())),
            ("executors", list(executors.as_ref().map(|e| e.iter().map(ToString::to_string).collect()))),
            ("op threads", list(op_threads.as_ref().map(|t| t.iter().map(ToString::to_string).collect()))),
            ("workers", list(texts(workers))),
            ("chunks", list(texts(chunks))),
            ("peers", list(Some(self.named_peers().map(|(peer, _)| peer.to_string()).collect()))),
            ("libraries", versions.collect::<Vec<_>>().join(", ")),
        ];
        let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Header::new(&self.workload, machine, settings)
    }

    /// Refuses a budget in which there is no comparison of one thread with many, where `prepared_s` seconds are gone,
    /// or must be kept, before anything runs.
    fn check_budget(&self, model: &Model, prepared_s: f64) -> Result<(), Error> {
        let short = Needed::new(model, prepared_s).least_s > self.budget.as_secs_f64();
        if short { Err(self.too_short(model, prepared_s)) } else { Ok(()) }
    }

    fn too_short(&self, model: &Model, prepared_s: f64) -> Error {
        let needed = Needed::new(model, prepared_s).advised_s;
        Error::Budget { given: self.budget.as_secs_f64(), needed, workload: self.workload.clone() }
    }
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
