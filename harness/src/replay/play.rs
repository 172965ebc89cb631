//! Simulates races from a recorded exhaustive run: what a race would have picked, and in which part of the time.
//!
//! Each round of the race is a whole recorded round, drawn by a seed with replacement, so that whatever slowed a round
//! slows all candidates in it. The drawn rounds are a sample of a sample: races spread a tenth less than recordings do.
//!
//! The race has a budget: a quarter of the exhaustive run's time. The time of a race is the sum of its samples. The
//! exhaustive run's time is [`EXHAUSTIVE_ROUNDS`] samples of the whole batch for every combination. Starts are left out
//! of both, which favours the exhaustive run.
//!
//! The usual time of a recorded round is the median of all that ran in it. The pace of a combination is the median of
//! its times over the usual times of their rounds; the oracle is the combination with the smallest pace. Regret is the
//! pick's pace over the oracle's, less one. Medians of the times themselves would not do: on a shared machine memory
//! has been seen at two speeds, a fifth apart, and chance decides which combination's median falls on which speed.

use std::collections::BTreeMap;

use gingham_runtime::combination::Combination;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::Recording;
use crate::outcome::{Row, Sample, Status, batch_seconds};
use crate::search::{
    self, Course, EXHAUSTIVE_ROUNDS, Failure, FailureKind, Process, Role, Rules, Started, Stopped, Strategy, sampling,
};
use crate::stats;

/// The part of the exhaustive run's time that a race may take.
const BUDGET_SHARE: f64 = 0.25;

/// Races against a recorded exhaustive run.
#[derive(Debug, Clone, PartialEq)]
pub struct Play {
    /// The combination with the smallest pace.
    pub oracle: Combination,
    /// Its median seconds of a batch.
    pub oracle_s: f64,
    /// A race a seed.
    pub races: Vec<Race>,
}

/// One of these races.
#[derive(Debug, Clone, PartialEq)]
pub struct Race {
    /// What it picked.
    pub pick: Option<Combination>,
    /// The pick's pace over the oracle's, less one; infinite without a pick.
    pub regret: f64,
    /// The share of the exhaustive run's time that it took.
    pub share: f64,
    /// Whether the oracle is the pick or tied with it.
    pub holds_oracle: bool,
}

impl Play {
    /// The regret of the races: the median and the largest.
    #[must_use]
    pub fn regret(&self) -> [f64; 2] {
        median_and_largest(self.races.iter().map(|race| race.regret))
    }

    /// The share of the exhaustive run's time that the races took: the median and the largest.
    #[must_use]
    pub fn share(&self) -> [f64; 2] {
        median_and_largest(self.races.iter().map(|race| race.share))
    }

    /// How many races have the oracle in their tie set.
    #[must_use]
    pub fn held(&self) -> usize {
        self.races.iter().filter(|race| race.holds_oracle).count()
    }
}

fn median_and_largest(figures: impl Iterator<Item = f64>) -> [f64; 2] {
    let figures: Vec<f64> = figures.collect();
    [stats::median(&figures), figures.iter().copied().fold(0.0, f64::max)]
}

impl Recording {
    /// Plays a race for each of `seeds`; `None` unless this is an exhaustive run with a whole round.
    pub fn play(&self, seeds: impl IntoIterator<Item = u64>) -> Option<Play> {
        let rounds = self.whole_rounds();
        if self.outcome.strategy != Strategy::Exhaustive || rounds.is_empty() {
            return None;
        }
        let pace = |id: usize| {
            let logs: Vec<f64> =
                rounds.iter().filter_map(|round| Some(round[id]?.seconds_per_task().ln() - usual(round))).collect();
            (!logs.is_empty()).then(|| stats::median(&logs).exp())
        };
        let paces = (0..self.candidates.len()).filter_map(|id| Some((pace(id)?, id)));
        let (fastest, oracle) = paces.min_by(|(a, _), (b, _)| a.total_cmp(b))?;
        let row = &self.outcome.trials[oracle];
        let (oracle_s, _) = batch_seconds(&row.combination, &self.outcome.workload, &row.samples)?;
        let all: f64 = rounds.iter().flatten().flatten().map(|sample| sample.wall_s).sum();
        let exhaustive_s = all / rounds.len() as f64 * EXHAUSTIVE_ROUNDS as f64;
        let races = seeds.into_iter().map(|seed| {
            let rules = Rules {
                seed,
                tolerance: self.outcome.tolerance,
                budget_s: BUDGET_SHARE * exhaustive_s,
                confirm: false,
                ..Rules::new(self.model)
            };
            let mut course = Drawn::new(self, &rounds, seed);
            let found = search::search(&self.candidates, &rules, &mut course, &mut |_| {});
            Race {
                pick: found.best.map(|id| self.candidates[id].combination.clone()),
                regret: found.best.and_then(pace).map_or(f64::INFINITY, |own| own / fastest - 1.0),
                share: course.taken_s / exhaustive_s,
                holds_oracle: found.best == Some(oracle) || found.tied.contains(&oracle),
            }
        });
        Some(Play { oracle: self.candidates[oracle].combination.clone(), oracle_s, races: races.collect() })
    }

    /// The rounds that count and in which every candidate that came through has run: one sample of each.
    fn whole_rounds(&self) -> Vec<Vec<Option<Sample>>> {
        let rows = &self.outcome.trials;
        let came_through = |row: &Row| row.status == Status::Ok;
        let mut rounds: BTreeMap<usize, Vec<Option<Sample>>> = BTreeMap::new();
        for row in rows {
            for sample in row.samples.iter().filter(|sample| !sample.set_aside) {
                let round = rounds.entry(sample.round).or_insert_with(|| vec![None; rows.len()]);
                round[row.id] = came_through(row).then_some(*sample);
            }
        }
        let mut rounds: Vec<_> = rounds.into_values().collect();
        rounds.retain(|round| rows.iter().zip(round).all(|(row, sample)| sample.is_some() == came_through(row)));
        rounds
    }
}

/// A course that draws recorded rounds.
///
/// For a part of the batch, the time and the tasks of the whole batch's sample are scaled down alike, so that a task
/// takes as long as it did; the part is repeated until it lasts as long as a sample must.
struct Drawn<'a> {
    recording: &'a Recording,
    rounds: &'a [Vec<Option<Sample>>],
    rng: ChaCha8Rng,
    /// For each round so far, the recorded round that it is, and the recorded round that the A/A control's sample is
    /// from.
    drawn: Vec<[usize; 2]>,
    /// Seconds that the samples have taken.
    taken_s: f64,
}

impl<'a> Drawn<'a> {
    fn new(recording: &'a Recording, rounds: &'a [Vec<Option<Sample>>], seed: u64) -> Self {
        Self { recording, rounds, rng: ChaCha8Rng::seed_from_u64(seed), drawn: Vec::new(), taken_s: 0.0 }
    }

    /// The recorded rounds that stand for round number `round`.
    fn draw(&mut self, round: usize) -> [usize; 2] {
        while self.drawn.len() <= round {
            let n = self.rounds.len();
            let one = self.rng.random_range(0..n);
            // The A/A control's sample is from another round: two processes of one candidate are taken to differ as
            // much as two rounds of it do.
            let other = if n > 1 { (one + self.rng.random_range(1..n)) % n } else { one };
            self.drawn.push([one, other]);
        }
        self.drawn[round]
    }
}

/// The log of the usual time of a task in a recorded round.
fn usual(round: &[Option<Sample>]) -> f64 {
    let logs = round.iter().flatten().map(|sample| sample.seconds_per_task().ln());
    stats::median(&logs.collect::<Vec<_>>())
}

impl Course for Drawn<'_> {
    fn admit(&mut self, process: Process) -> Result<Started, Failure> {
        let row = &self.recording.outcome.trials[process.candidate];
        match FailureKind::of(row.status) {
            None => Ok(Started { cold_s: row.cold_s.unwrap_or_default(), ..Started::default() }),
            Some(kind) => Err(Failure::new(kind, row.reason.clone().unwrap_or_default())),
        }
    }

    fn sample(&mut self, process: Process, round: usize, tasks: usize) -> Result<Sample, Failure> {
        let [one, other] = self.draw(round);
        let from = if process.role == Role::Control { other } else { one };
        let none = || Failure::new(FailureKind::Failed, "the recording has no sample of it");
        let recorded = self.rounds[from][process.candidate].ok_or_else(none)?;
        let slowed = if from == one { 1.0 } else { (usual(&self.rounds[one]) - usual(&self.rounds[from])).exp() };
        let part = tasks.min(recorded.batch());
        let once = recorded.wall_s * slowed * part as f64 / recorded.tasks as f64;
        let repeat = sampling::repeats(once);
        let wall_s = once * repeat as f64;
        self.taken_s += wall_s;
        Ok(Sample { round, wall_s, tasks: part * repeat, repeat, ..Sample::default() })
    }

    fn dismiss(&mut self, process: Process, _judge: bool) -> Result<Stopped, Failure> {
        let row = &self.recording.outcome.trials[process.candidate];
        let peak_rss_bytes = row.peak_rss_bytes.unwrap_or_default();
        Ok(Stopped { peak_rss_bytes, threads: row.threads.clone(), error_ratio: row.error_ratio })
    }

    fn elapsed_s(&self) -> f64 {
        self.taken_s
    }
}
