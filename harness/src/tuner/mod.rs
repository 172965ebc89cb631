//! A tuning from start to end: memory, candidates, trials admitted and verified, rounds, and the outcome.
//!
//! Trials are admitted in heats of at most 64 processes. After each admission the live ones run two rounds
//! and gross losers leave, which makes room for the next heat; the rest of the budget goes to rounds among those that
//! are left. The three arrangements that the studies compare (serial, all threads inside, all workers outside) stay in
//! to the end, so that they are measured as well as the winner.

mod live;
mod progress;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use gingham_core::{DType, Registry, Scalar};
use gingham_machine::environment::kernel_variables;
use gingham_machine::{Ceilings, Machine, available_memory};

use crate::arena::{self, Arena};
use crate::combination::{Combination, ExecutorKind};
use crate::environment::Environment;
use crate::operands;
use crate::outcome::{self, Outcome, Rounds, Row, SCHEMA, Site, Status};
use crate::race::{Lane, Race, Round};
use crate::space::{self, Selection};
use crate::trial::protocol::{Hello, PROTOCOL};
use crate::trial::{Death, Trial};
use crate::verify::{Judge, Wrong};
use crate::workload::Workload;

use live::Live;
pub use progress::Progress;

/// Trial processes alive at once: each costs some megabytes and file descriptors, stopped or not.
const MOST_ALIVE: usize = 64;

/// A sample lasts at least this long, by repeating short batches: the clock, the request and the wake-up of workers
/// cost some 50 us each.
const SHORTEST_SAMPLE_S: f64 = 0.02;

/// Samples that the last one left still gets: fewer give no interval of the median.
const FEWEST_SAMPLES: usize = 6;

/// Rounds after which more would tell little: the interval of the median is then some 12 ranks wide.
const MOST_ROUNDS: usize = 30;

/// The part of the budget in which candidates may still be admitted; the rest is for rounds among them.
const ADMISSION_SHARE: f64 = 0.6;

/// Tunes a workload.
#[derive(Clone)]
pub struct Tuner {
    /// The backends to cross.
    pub registry: Registry,
    /// What is to be tuned.
    pub workload: Workload,
    /// The part of the space to look at.
    pub selection: Selection,
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
    /// The program that trials re-execute; its `main` calls [`crate::trial::serve`] where it is a trial.
    pub program: PathBuf,
}

/// A tuning that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The selection names what is not there.
    #[error(transparent)]
    Space(#[from] space::Error),
    /// The operands do not fit the machine.
    #[error(transparent)]
    Operands(#[from] operands::Error),
    /// The memory for them cannot be had.
    #[error(transparent)]
    Arena(#[from] arena::Error),
    /// The budget is too short to measure anything.
    #[error(
        "a budget of {given:.1} s is too short: preparing {workload} takes about {needed:.1} s; give more than twice that"
    )]
    Budget {
        /// Seconds that were given.
        given: f64,
        /// Seconds that preparation takes.
        needed: f64,
        /// The workload.
        workload: Workload,
    },
}

impl Tuner {
    /// A tuning of `workload` over everything in `registry`, with the defaults of the command line.
    #[must_use]
    pub fn new(registry: Registry, workload: Workload, program: PathBuf) -> Self {
        Self {
            registry,
            workload,
            selection: Selection::default(),
            budget: Duration::from_secs(60),
            deadline: Duration::from_secs(30),
            tolerance: 0.02,
            seed: 0,
            keep_env: false,
            program,
        }
    }

    /// Runs it, telling `progress` what it is about to do.
    ///
    /// # Errors
    /// [`Error`]; a trial that fails is a row, never an error.
    pub fn tune(&self, progress: &mut dyn FnMut(Progress<'_>, f64)) -> Result<Outcome, Error> {
        match self.workload.dtype() {
            DType::F32 => Tuning::<f32>::run(self, progress),
            DType::F64 => Tuning::<f64>::run(self, progress),
        }
    }
}

/// A tuning under way.
struct Tuning<'a, T> {
    tuner: &'a Tuner,
    start: Instant,
    environment: Environment,
    arena: Arena,
    judge: Judge,
    rows: Vec<Row>,
    element: std::marker::PhantomData<T>,
}

/// Why a combination was not admitted.
enum Refusal {
    Death(Death),
    Wrong(Wrong),
}

impl<T: Scalar> Tuning<'_, T> {
    fn run(tuner: &Tuner, progress: &mut dyn FnMut(Progress<'_>, f64)) -> Result<Outcome, Error> {
        let start = Instant::now();
        let left = || tuner.budget.as_secs_f64() - start.elapsed().as_secs_f64();
        let machine = Machine::probe();
        let full = &tuner.workload;
        operands::check_memory(full, available_memory())?;
        let held = operands::within(full, arena::DEFAULT_LIMIT);
        let candidates = space::candidates(&tuner.registry, &held, machine.usable_cpus, &tuner.selection)?;

        progress(Progress::Ceilings, left());
        let ceilings = Ceilings::measure(&machine);
        let bytes = held.batch_bytes();
        progress(Progress::Filling { bytes, at_worst_s: bytes as f64 / arena::FIRST_TOUCH }, left());
        let arena = Arena::new::<T>(&held, tuner.seed)?;
        let judge = Judge::new(&held, arena.placement(), arena.inputs::<T>(), tuner.seed)?;
        if left() < tuner.budget.as_secs_f64() / 2.0 {
            let (given, needed) = (tuner.budget.as_secs_f64(), start.elapsed().as_secs_f64());
            return Err(Error::Budget { given, needed, workload: full.clone() });
        }

        let rows = candidates
            .into_iter()
            .map(|candidate| Row { reason: candidate.skipped, ..Row::new(candidate.combination, full) });
        let environment = Environment::new(&tuner.registry, tuner.keep_env);
        let rows = rows.collect();
        let mut tuning =
            Tuning::<T> { tuner, start, environment, arena, judge, rows, element: std::marker::PhantomData };
        let (race, stopped_because) = tuning.race(machine.usable_cpus, progress);
        let kept = race.rounds();
        tuning.close(race);
        Ok(tuning.outcome(machine, ceilings, Rounds { kept, repeated: 0 }, stopped_because))
    }

    fn left(&self) -> f64 {
        self.tuner.budget.as_secs_f64() - self.start.elapsed().as_secs_f64()
    }

    /// Admits candidates and runs rounds until the budget or the rounds are used up.
    fn race(&mut self, cpus: usize, progress: &mut dyn FnMut(Progress<'_>, f64)) -> (Race<Live>, &'static str) {
        let mut race = Race::new(self.tuner.seed);
        let budget = self.tuner.budget.as_secs_f64();
        let mut waiting: Vec<usize> = (0..self.rows.len()).filter(|&i| self.rows[i].reason.is_none()).collect();
        waiting.reverse(); // the most promising is popped first
        let of = waiting.len();
        while !waiting.is_empty() && self.left() > budget * (1.0 - ADMISSION_SHARE) {
            while race.live().len() < MOST_ALIVE && self.left() > budget * (1.0 - ADMISSION_SHARE) {
                let Some(id) = waiting.pop() else { break };
                let done = of - waiting.len() - 1;
                let combination = self.rows[id].combination.clone();
                progress(Progress::Admitting { combination: &combination, done, of }, self.left());
                match self.admit(&combination, id) {
                    Ok(live) => race.enter(id, live),
                    Err(refusal) => self.refuse(id, refusal),
                }
            }
            for _ in 0..2 {
                self.round(&mut race, progress);
            }
            self.thin_out(&mut race, cpus);
            if !waiting.is_empty() && race.live().len() >= MOST_ALIVE {
                // None was slow enough to leave; half of them make room for the next heat.
                let keep = arrangement_leaders(&race, cpus);
                for lane in race.drop_slowest(MOST_ALIVE / 2, |lane| keep.contains(&lane.id)) {
                    self.leave(lane, "it made room for the next heat");
                }
            }
        }
        for id in waiting {
            self.rows[id].reason = Some("the budget ended before it was started; give more with --budget".into());
        }
        loop {
            if race.live().iter().all(|lane| lane.samples.len() >= FEWEST_SAMPLES) && race.live().len() <= 1 {
                return (race, "one left");
            }
            if race.rounds() >= MOST_ROUNDS {
                return (race, "rounds");
            }
            if !self.round(&mut race, progress) {
                return (race, "budget");
            }
            self.thin_out(&mut race, cpus);
        }
    }

    /// One round; false where the budget cut it short.
    fn round(&mut self, race: &mut Race<Live>, progress: &mut dyn FnMut(Progress<'_>, f64)) -> bool {
        let (round, live) = (race.rounds(), race.live().len());
        // The last judgement of those that are left costs about as much as a round.
        let reserve: f64 = race.live().iter().filter_map(|lane| Some(lane.samples.last()?.wall_s)).sum();
        let Round { finished, dead } = race.round(|lane| {
            let left = self.left();
            progress(Progress::Sampling { combination: &lane.contestant.combination, round, live }, left);
            left > reserve
        });
        for (lane, death) in dead {
            self.rows[lane.id].set_samples(lane.samples, &self.tuner.workload);
            self.refuse(lane.id, Refusal::Death(death));
        }
        finished
    }

    /// Takes gross losers out, but for the fastest of each arrangement.
    fn thin_out(&mut self, race: &mut Race<Live>, cpus: usize) {
        let keep = arrangement_leaders(race, cpus);
        for (lane, factor) in race.drop_gross_losers(|lane| keep.contains(&lane.id)) {
            self.leave(lane, &format!("more than {factor:.1} x the leader's time, two rounds running"));
        }
    }

    /// Starts a trial, runs it cold, and judges its results.
    fn admit(&mut self, combination: &Combination, id: usize) -> Result<Live, Refusal> {
        let hello = Hello {
            protocol: PROTOCOL,
            workload: self.judge.workload().clone(),
            combination: combination.clone(),
            arenas: self.arena.locations(),
            tensors: self.arena.placement().tensors.clone(),
        };
        // A trial that hangs may cost what is left, not more.
        let deadline = self.tuner.deadline.min(Duration::from_secs_f64(self.left().max(1.0)));
        let (trial, ready) =
            Trial::start(&self.tuner.program, hello, &self.environment, deadline).map_err(Refusal::Death)?;
        let held = self.judge.workload().tasks();
        let warm = if combination.executor == ExecutorKind::Serial { 1 } else { combination.workers.min(held) };
        let mut live = Live { trial, combination: combination.clone(), warm, tasks: held, repeat: 1 };

        self.arena.poison::<T>();
        let cold = live.trial.run(0, warm, 1).map_err(Refusal::Death)?;
        // A very slow one, such as the reference on large matrices, runs as many tasks as fit into a small share of
        // the budget; its batch is extrapolated from them.
        let slow = (self.tuner.budget.as_secs_f64() / 30.0).max(0.5);
        let batch_s = cold.wall_s * held as f64 / warm as f64;
        if batch_s > slow {
            live.tasks = ((held as f64 * slow / batch_s) as usize).clamp(warm, held);
        }
        let first = live.trial.run(0, live.tasks, 1).map_err(Refusal::Death)?;
        let error_ratio = self.judge.check::<T>(self.arena.outputs(), live.tasks).map_err(Refusal::Wrong)?;
        live.repeat = (SHORTEST_SAMPLE_S / first.wall_s.max(1e-9)).ceil().clamp(1.0, 1e6) as usize;
        live.trial.stop();

        let row = &mut self.rows[id];
        row.status = Status::Ok;
        row.kernels = Some(ready.kernels);
        row.cold_s = Some(cold.wall_s);
        row.error_ratio = Some(error_ratio);
        Ok(live)
    }

    fn refuse(&mut self, id: usize, refusal: Refusal) {
        let (status, reason) = match refusal {
            Refusal::Death(death @ Death::Refused(_)) => (Status::Refused, death.to_string()),
            Refusal::Death(death @ Death::Timeout(_)) => (Status::Timeout, death.to_string()),
            Refusal::Death(death @ Death::Failed(_)) => (Status::Failed, death.to_string()),
            Refusal::Wrong(wrong) => (Status::Wrong, wrong.to_string()),
        };
        let row = &mut self.rows[id];
        row.status = status;
        row.reason = Some(reason);
        // The samples stay, as they were measured; a figure is for results that are right.
        (row.median_s, row.ci95_s, row.rate) = (None, None, None);
    }

    /// Writes down a contestant that left before the end.
    fn leave(&mut self, lane: Lane<Live>, why: &str) {
        self.rows[lane.id].eliminated = Some(why.into());
        self.write_down(lane);
    }

    fn write_down(&mut self, lane: Lane<Live>) {
        self.rows[lane.id].set_samples(lane.samples, &self.tuner.workload);
        // How it ends is of no weight: what it measured is written down.
        if let Ok((peak_rss_bytes, threads)) = lane.contestant.trial.quit() {
            self.rows[lane.id].peak_rss_bytes = Some(peak_rss_bytes);
            self.rows[lane.id].threads = threads;
        }
    }

    /// Judges those that are left once more, after all that they have run. A leader may turn out wrong only here.
    fn close(&mut self, race: Race<Live>) {
        for mut lane in race.finish() {
            self.arena.poison::<T>();
            lane.contestant.trial.resume();
            let last = lane.contestant.trial.run(0, lane.contestant.tasks, 1).map_err(Refusal::Death);
            let judged = last.and_then(|_| {
                self.judge.check::<T>(self.arena.outputs(), lane.contestant.tasks).map_err(Refusal::Wrong)
            });
            let id = lane.id;
            self.write_down(lane);
            match judged {
                Ok(ratio) => {
                    let row = &mut self.rows[id];
                    row.error_ratio = Some(row.error_ratio.map_or(ratio, |first| first.max(ratio)));
                }
                Err(refusal) => self.refuse(id, refusal),
            }
        }
        if !self.rows.iter().any(Row::finished) {
            // All that were left are wrong or dead: who had to leave because of them is back, with what it has shown.
            for row in self.rows.iter_mut().filter(|row| row.status == Status::Ok) {
                row.eliminated = None;
            }
        }
    }

    fn outcome(
        mut self,
        machine: Machine,
        ceilings: Ceilings,
        rounds: Rounds,
        stopped_because: &'static str,
    ) -> Outcome {
        self.rows
            .sort_by(|a, b| (a.status != Status::Ok).cmp(&(b.status != Status::Ok)).then(outcome::by_median(a, b)));
        let best = self.rows.iter().find(|row| row.finished());
        let tied = best.map(|best| {
            let others = self.rows.iter().filter(|row| row.finished() && row.combination != best.combination);
            others
                .filter(|row| indistinct(best, row, self.tuner.tolerance))
                .map(|row| row.combination.clone())
                .collect()
        });
        let mut versions: BTreeMap<String, String> =
            self.tuner.registry.iter().map(|b| (b.info().id.to_owned(), b.info().version)).collect();
        versions.insert("gingham".into(), env!("CARGO_PKG_VERSION").into());
        let env_cleared = if self.tuner.keep_env { Vec::new() } else { kernel_variables() };
        Outcome {
            schema: SCHEMA.into(),
            machine: Site {
                machine,
                env_cleared: env_cleared.into_iter().map(|(name, value)| format!("{name}={value}")).collect(),
                ceilings,
            },
            versions,
            workload: self.tuner.workload.clone(),
            arena_tasks: self.judge.workload().tasks(),
            prefault_s: self.arena.prefault_s(),
            seed: self.tuner.seed,
            best: best.map(|row| row.combination.clone()),
            tied: tied.unwrap_or_default(),
            trials: self.rows,
            rounds,
            confirmation: None,
            stopped_because: stopped_because.into(),
            elapsed_s: self.start.elapsed().as_secs_f64(),
        }
    }
}

/// The fastest so far of each arrangement that the studies compare.
fn arrangement_leaders(race: &Race<Live>, cpus: usize) -> HashSet<usize> {
    let arrangements: [fn(&Combination, usize) -> bool; 3] = [
        |c, _| c.runnable() == 1,
        |c, cpus| c.executor == ExecutorKind::Serial && c.op_threads.get() == cpus,
        |c, cpus| c.workers == cpus && c.op_threads.get() == 1,
    ];
    let fastest = arrangements.iter().filter_map(|is| {
        let lanes =
            race.live().iter().filter(|lane| is(&lane.contestant.combination, cpus) && !lane.samples.is_empty());
        lanes.min_by(|a, b| a.median().total_cmp(&b.median())).map(|lane| lane.id)
    });
    fastest.collect()
}

/// Whether the medians lie within the tolerance, or their intervals overlap.
fn indistinct(best: &Row, other: &Row, tolerance: f64) -> bool {
    let (Some(lead), Some(own)) = (best.median_s, other.median_s) else { return false };
    let overlap = matches!((best.ci95_s, other.ci95_s), (Some([_, high]), Some([low, _])) if low <= high);
    own <= lead * (1.0 + tolerance) || overlap
}
