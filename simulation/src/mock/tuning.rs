//! Many tunings of one field, and what each of them found.

use gingham_harness::search::{Course, Found, Left, Model, Process, Role, Rules, Stop, search};
use gingham_harness::space::Candidate;
use gingham_harness::stats;
use rayon::prelude::*;

use super::course::median_log;
use super::fields::MockCandidate;
use super::noise::bits;
use super::{CPUS, Disturbance, Machine, Setting, Share, TASKS};

/// What a tuning found; candidates are named by their places in the field.
#[derive(Debug, Clone)]
pub struct Tuned {
    /// The pick and all that are tied with it, in the field's order.
    pub tied: Vec<usize>,
    /// Whether the pick is the fastest, or within the tolerance of it.
    pub right_pick: bool,
    /// Whether a candidate was called slower than the leader by more than the tolerance that is not.
    pub false_slower: bool,
    /// Whether the race ended because all that were left were proven to be within the tolerance.
    pub within: bool,
    /// Whether the interval that is published for the pick covers its true median.
    pub covered: bool,
    /// Rounds of the race.
    pub rounds: usize,
    /// Seconds on the mock clock.
    pub elapsed_s: f64,
}

/// Tunes `field` once for each seed; with `reversed` the search gets the same candidates in the opposite order.
pub fn tunings(
    field: &[MockCandidate],
    setting: &Setting<'_>,
    disturbance: impl Fn(usize) -> Disturbance + Sync,
    reversed: bool,
) -> Vec<Tuned> {
    let places: Vec<usize> = if reversed { (0..field.len()).rev().collect() } else { (0..field.len()).collect() };
    let field: Vec<MockCandidate> = places.iter().map(|&place| field[place].clone()).collect();
    let level = setting.paired_sd * median_log(setting.noise);
    let tune = |run: usize| {
        let seed = bits(&[run as u64]);
        let mut machine = Machine::new(&field, setting, disturbance(run), seed);
        let found = search(&candidates(&field), &rules(setting, seed), &mut machine, &mut |_| {});
        let mut tuned = judge(&field, setting, &found, level);
        tuned.tied.iter_mut().for_each(|id| *id = places[*id]);
        tuned.tied.sort_unstable();
        Tuned { elapsed_s: machine.elapsed_s(), ..tuned }
    };
    (0..setting.runs).into_par_iter().map(tune).collect()
}

/// How often two lists of tunings, of the same seeds, have the same tie set.
pub fn unchanged(one: &[Tuned], other: &[Tuned]) -> Share {
    let pairs: Vec<_> = one.iter().zip(other).collect();
    Share::count(&pairs, |(one, other)| one.tied == other.tied)
}

/// The candidates as a search takes them.
pub fn candidates(field: &[MockCandidate]) -> Vec<Candidate> {
    let combination = |c: &MockCandidate| c.name.parse().expect("a combination's text form");
    field.iter().map(|c| Candidate { combination: combination(c), skipped: None }).collect()
}

/// The rules of the search.
pub fn rules(setting: &Setting<'_>, seed: u64) -> Rules {
    let model = Model { tasks: TASKS, cpus: CPUS, gain: CPUS as f64, beyond_cache: 0, task_s: 0.0 };
    let mut rules = Rules::new(model);
    (rules.seed, rules.tolerance) = (seed, setting.tolerance);
    rules
}

/// `level` is the median log of a time over its true time.
fn judge(field: &[MockCandidate], setting: &Setting<'_>, found: &Found, level: f64) -> Tuned {
    let best = found.best.expect("a mock machine has no faults");
    let slower = |id: usize| {
        let run = &found.runs[id];
        // To leave successive halving claims nothing: it says that others looked faster.
        run.slower_by.is_some() || run.left.as_ref().is_some_and(|why| !matches!(why, Left::Halved { .. }))
    };
    let fresh = Process { candidate: best, role: Role::Confirmation };
    let fresh = found.confirmed.iter().find(|c| c.process == fresh).expect("the pick is confirmed");
    let times: Vec<f64> = fresh.samples.iter().filter(|s| !s.set_aside).map(|s| s.seconds_per_task()).collect();
    let truth = field[best].seconds * level.exp();
    let control = found.control.iter().flat_map(|control| &control.samples).filter(|sample| !sample.set_aside);
    Tuned {
        tied: found.tied.iter().copied().chain([best]).collect(),
        right_pick: !setting.is_slower(field, field[best].seconds),
        false_slower: (0..field.len()).any(|id| slower(id) && !setting.is_slower(field, field[id].seconds)),
        within: found.stop == Stop::Within,
        covered: stats::median_interval(&times).is_some_and(|[low, high]| low <= truth && truth <= high),
        rounds: control.count(),
        elapsed_s: 0.0,
    }
}
