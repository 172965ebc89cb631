//! The tuning of a workload: its memory, its candidates, a search among trials, and the outcome.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gingham_core::{OpThreads, Registry};
use gingham_machine::{Ceilings, Machine, available_memory};
use gingham_runtime::arena::{self, Arena, DEFAULT_LIMIT, FIRST_TOUCH};
use gingham_runtime::clock::Clock;
use gingham_runtime::combination::{Combination, FUNCTIONS};
use gingham_runtime::environment::{Environment, kernel_settings};
use gingham_runtime::rules::Cpus;
use gingham_runtime::workload::{Bound, Call, Maker, Sink, Source, Workload};

use super::Error;
use super::error::MOST_EXHAUSTIVE;
use crate::course::live::{Limits, Live};
use crate::defaults;
use crate::journal::{Begun, Ended, Event, Journal, Journalled, Past};
use crate::outcome::{Outcome, Setting, Site};
use crate::progress::Progress;
use crate::reason::Warning;
use crate::search::{self, Found, Model, PREPARATION_SHARE, Rules, Strategy};
use crate::space::{self, Candidate, Selection, narrowing};
use crate::trial::Program;
use crate::trial::driver::Driver;

/// Tunes a workload.
#[derive(Clone)]
#[non_exhaustive]
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
    /// How often a task is run again after a worker process has died of it.
    pub retries: usize,
    /// Combinations within this share of the best count as equal to it.
    pub tolerance: f64,
    /// Sets the inputs and the order of rounds.
    pub seed: u64,
    /// Leaves variables that choose kernels set.
    pub keep_env: bool,
    /// The journal that the tuning makes, or goes on with: it does not measure again what the journal tells.
    pub journal: Option<PathBuf>,
    /// Once true, the tuning ends with what is known so far.
    pub interrupt: Arc<AtomicBool>,
    /// The program that trials re-execute; its `main` begins with [`crate::trial::init`].
    pub program: PathBuf,
}

/// Refuses an empty batch, two peers of one name, and a peer whose program is missing.
///
/// # Errors
/// [`Error::Nothing`], [`Error::Twice`], [`Error::PeersEnds`] and [`Error::Missing`].
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
    if !peers.is_empty() && (workload.source(), workload.sink()) != (Source::Parent, Sink::Parent) {
        return Err(Error::PeersEnds);
    }
    match peers.iter().find(|peer| !peer.is_there()) {
        Some(Program::Peer { name, words }) => Err(Error::Missing { name: name.clone(), command: words.join(" ") }),
        _ => Ok(()),
    }
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
            budget: defaults::BUDGET,
            deadline: defaults::DEADLINE,
            retries: 0,
            tolerance: defaults::TOLERANCE,
            seed: defaults::SEED,
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
            if let Some((found, clock_s)) = past.found(&self.rules(&past.begun))? {
                return self.ended(found, &past.begun, clock_s);
            }
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
        progress(Progress::Filling { bytes, at_worst_s: bytes as f64 / FIRST_TOUCH }, left() - gone.as_secs_f64());
        // A resumed search has planned with all of its budget, so preparing again costs nothing of it.
        let limit_s = if past.is_some() { f64::INFINITY } else { left() * PREPARATION_SHARE };
        let interrupted = || self.interrupt.load(Ordering::Relaxed);
        let maker = Maker::of(&self.registry);
        let arena = match Arena::made_while(&maker, &held, self.seed, &|needed_s| needed_s <= limit_s && !interrupted())
        {
            Err(arena::Error::Stopped { .. }) if interrupted() => return Err(Error::Interrupted),
            Err(arena::Error::Stopped { needed_s, .. }) => return Err(self.too_short(&model, needed_s)),
            arena => arena?,
        };
        let prefault_s = arena.prefault_s();
        let (environment, cpus) = (Environment::new(&self.registry, self.keep_env), begun.site.machine.usable_cpus);
        let mut driver = Driver::new(environment, maker, held, arena, self.seed, cpus)?;
        let program = Program::Own(self.program.clone());
        let limits = Limits {
            program: &program,
            peers: &self.peers,
            budget: self.budget,
            deadline: self.deadline,
            retries: self.retries,
            task_s: model.task_s,
            interrupt: &self.interrupt,
        };
        if let Call::Function(_) = self.workload.call() {
            let serial = Combination::serial(FUNCTIONS, OpThreads::ONE);
            progress(Progress::Admitting { combination: &serial, left: begun.candidates.len() }, left());
            driver.learn(&serial, &limits.start(&serial, false, &clock), |item_s| match past {
                Some(_) => Ok(begun.arena_tasks),
                None => self.items(item_s, &begun, clock.elapsed_s()),
            })?;
            begun.arena_tasks = driver.held().tasks();
        }
        let model = self.model(&begun);
        if past.is_some() {
            clock.set(gone);
        } else {
            (begun.at_s, begun.prefault_s) = (clock.elapsed_s(), prefault_s);
            // The operands are made, and are used if the rest of the budget is enough for an answer.
            self.check_budget(&model, begun.at_s)?;
        }

        let combinations: Vec<Combination> = begun.candidates.iter().map(|c| c.combination.clone()).collect();
        let live = Live::new(driver, limits, combinations, clock.clone());
        let mut course = match &past {
            Some(past) => Journalled::resumed(live, journal, past),
            None => Journalled::begun(live, journal, &begun),
        };
        let rules = self.rules(&begun);
        let found = search::search(&begun.candidates, &rules, &mut course, &mut |told| progress(told, left()));
        let Ended { clock_s, unwritten } = course.end()?;
        let mut outcome = self.ended(found, &begun, clock_s)?;
        unwritten.into_iter().for_each(|error| outcome.warn(&Warning::Journal(error.to_string())));
        Ok(outcome)
    }

    /// The journal, if the user wants one, and what it tells.
    fn journal(&self, machine: &Machine) -> Result<(Option<Journal<Event>>, Option<Past>), Error> {
        let Some(path) = &self.journal else { return Ok((None, None)) };
        let (journal, events) = Journal::open(path, &self.header(machine))?;
        Ok((Some(journal), Past::of(path, events)?))
    }

    /// What a new search begins with, the arena aside.
    fn begin(&self, machine: Machine, clock: &Clock, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Begun, Error> {
        let held = held(&self.workload, machine.usable_cpus, self.budget.as_secs_f64());
        held.check_memory(available_memory())?;
        let candidates = self.candidates(&held, Cpus::of(&machine))?;
        let ceilings = match self.workload.bound() {
            // No ceiling bounds the workload.
            Bound::Unknown => Ceilings::default(),
            Bound::MultiplyAdd | Bound::Read | Bound::Write | Bound::Copy => {
                progress(Progress::Ceilings);
                Ceilings::measure(&machine)
            }
        };
        let env_cleared = if self.keep_env { Vec::new() } else { kernel_settings(&self.registry) };
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
            // A function finds its memory itself; what it writes is little.
            private: matches!(self.workload.call(), Call::Op { .. }),
            ..Rules::new(self.model(begun))
        }
    }

    /// The outcome of a search; `clock_s` are the readings of its clock.
    fn ended(&self, found: Found, begun: &Begun, clock_s: Vec<f64>) -> Result<Outcome, Error> {
        self.check_samples(&found, &self.model(begun), clock_s.last().copied().unwrap_or_default())?;
        let (held, cpus) = (self.held(begun), Cpus::of(&begun.site.machine));
        let setting = Setting {
            site: begun.site.clone(),
            versions: self.registry.iter().map(|b| (b.info().id.to_string(), b.info().version)).collect(),
            workload: self.workload.clone(),
            arena_tasks: begun.arena_tasks,
            prefault_s: begun.prefault_s,
            narrowed_by: narrowing(&self.selection, &self.registry, &held, cpus),
        };
        let mut outcome = Outcome::new(found, &begun.candidates, &self.rules(begun), setting, clock_s);
        let is_measured = self.workload.bound() != Bound::Unknown;
        let doubt = is_measured.then(|| begun.site.ceilings.doubt(&begun.site.machine)).flatten();
        doubt.into_iter().for_each(|what| outcome.warn(&Warning::Ceilings(what)));
        Ok(outcome)
    }

    /// Our own combinations, and the peers.
    fn candidates(&self, held: &Workload, cpus: Cpus) -> Result<Vec<Candidate>, Error> {
        let mut candidates = space::candidates(&self.registry, held, cpus, &self.selection)?;
        let legal = candidates.iter().filter(|c| c.skipped.is_none()).count();
        if self.strategy == Strategy::Exhaustive && legal > MOST_EXHAUSTIVE {
            return Err(Error::Exhaustive(legal));
        }
        candidates.extend(self.named_peers().map(|combination| Candidate { combination, skipped: None }));
        Ok(candidates)
    }

    /// The combinations that stand for the peers.
    pub(super) fn named_peers(&self) -> impl Iterator<Item = Combination> {
        self.peers.iter().filter_map(|program| match program {
            Program::Peer { name, .. } => Some(Combination::peer(name)),
            Program::Own(_) => None,
        })
    }
}

/// The part of `workload` that a tuning on `cpus` CPUs holds. Samples are of whole waves. So it holds whole waves of
/// one task for each CPU, and at least one wave if that can be made in a twentieth of `budget_s` seconds.
fn held(workload: &Workload, cpus: usize, budget_s: f64) -> Workload {
    let wave = workload.task_bytes().saturating_mul(cpus as u64).min((budget_s / 20.0 * FIRST_TOUCH) as u64);
    let held = workload.within(DEFAULT_LIMIT.max(wave));
    match held.tasks() {
        tasks if tasks < workload.tasks() && tasks > cpus => held.with_fewer_tasks(tasks / cpus * cpus),
        _ => held,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tuning_holds_whole_waves() {
        let held = |mib: usize, tasks| held(&Workload::fill::<f64>([1, mib << 17]).tasks(tasks), 3, 60.0).tasks();
        assert_eq!(held(1, 100), 100);
        assert_eq!(held(128, 100), 3, "four would fit");
        assert_eq!(held(200, 100), 3, "two would fit where half a GiB is the limit");
        assert_eq!(held(400, 100), 2, "as many as can be touched in three seconds");
        assert_eq!(held(4000, 2), 1);
    }
}
