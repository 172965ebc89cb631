//! Interleaved rounds: in each, every side is timed once, in a new random order, and so is the ceiling. A disturbance
//! longer than a round slows all sides, so the ratio of two sides is taken within each round.

use std::time::Instant;

use crate::contest::shuffle;

/// One of the compared sides.
pub(crate) struct Side<'a> {
    pub(crate) name: String,
    /// Seconds of the call whose result was verified; 0 until then.
    pub(crate) first: f64,
    /// Makes so many calls, and returns the seconds that they take together.
    pub(crate) time: Box<dyn FnMut(u64) -> f64 + 'a>,
}

impl<'a> Side<'a> {
    /// A side of this process that makes one call each time.
    pub(crate) fn new(name: impl Into<String>, mut call: impl FnMut() + 'a) -> Self {
        let time = move |calls: u64| {
            let start = Instant::now();
            (0..calls).for_each(|_| call());
            start.elapsed().as_secs_f64()
        };
        Self { name: name.into(), first: 0.0, time: Box::new(time) }
    }
}

/// How thoroughly to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Rounds for each row: six are enough for an interval of the median, and more narrow it.
    pub(crate) rounds: usize,
    /// Seconds that a sample takes at least, by repetition.
    pub(crate) sample: f64,
    /// FLOP or bytes above which a row is left out.
    pub(crate) largest: f64,
}

/// The rounds of one row.
pub(crate) struct Rounds {
    /// Seconds of a call in each round, by side in the given order; empty for a rival that was dropped.
    pub(crate) seconds: Vec<Vec<f64>>,
    /// The ceiling in each round.
    pub(crate) ceilings: Vec<f64>,
}

/// After so many rounds, hopeless rivals are dropped: in the largest rows each of their calls takes seconds.
const TRIAL: usize = 2;

/// A rival is hopeless if it takes this many times the best rival's seconds.
const HOPELESS: f64 = 1.2;

/// A row is long if a call of ours takes more than this many seconds: then a single call identifies a hopeless rival,
/// and [`LONG_ROUNDS`] are enough.
const LONG: f64 = 0.1;

/// [`HOPELESS`] in a long row: calls of such length differ by some 3 % from round to round (Zen 4, a shared host).
const LONG_HOPELESS: f64 = 1.06;

/// A median has an interval from so many rounds on.
const LONG_ROUNDS: usize = 6;

/// Measures `sides`, of which the first is ours and always stays, and `ceiling` beside them.
pub(crate) fn measure(sides: &mut [Side<'_>], mut ceiling: impl FnMut() -> f64, effort: Effort) -> Rounds {
    let is_long = sides[0].first > LONG;
    let (count, hopeless) =
        if is_long { (effort.rounds.min(LONG_ROUNDS), LONG_HOPELESS) } else { (effort.rounds, HOPELESS) };
    let mut order: Vec<usize> = (0..sides.len()).collect();
    if is_long {
        worthwhile(&mut order, hopeless, |side| sides[side].first);
    }
    let mut calls_of: Vec<u64> = vec![1; sides.len()];
    order.iter().for_each(|&side| calls_of[side] = calls(&mut sides[side], effort.sample));
    let mut rounds = Rounds { seconds: vec![Vec::new(); sides.len()], ceilings: Vec::new() };
    let mut state = 1;
    for round in 0..count {
        if round == TRIAL {
            worthwhile(&mut order, hopeless, |side| rounds.seconds[side].iter().copied().fold(f64::INFINITY, f64::min));
        }
        shuffle(&mut order, &mut state);
        for &side in &order {
            let (calls, time) = (calls_of[side], &mut sides[side].time);
            if calls > 1 {
                time(1); // brings back what the side before has driven out of the caches
            }
            rounds.seconds[side].push(time(calls) / calls as f64);
        }
        rounds.ceilings.push(ceiling());
    }
    for seconds in rounds.seconds.iter_mut().filter(|seconds| seconds.len() < count) {
        seconds.clear();
    }
    rounds
}

/// Calls that take `sample` seconds together.
fn calls(side: &mut Side<'_>, sample: f64) -> u64 {
    let mut calls = 1;
    while side.first < sample {
        let seconds = (side.time)(calls);
        if seconds >= sample {
            return calls;
        }
        // One step nearer at a time: the first calls are slower than the others.
        let wanted = calls as f64 * 1.2 * sample / seconds.max(1e-9);
        calls = (wanted as u64).clamp(calls + 1, calls * 10);
    }
    calls
}

/// Keeps our side and the rivals that may still be the best, by the seconds that each took.
fn worthwhile(order: &mut Vec<usize>, hopeless: f64, seconds: impl Fn(usize) -> f64) {
    let best = order.iter().filter(|&&side| side != 0).map(|&side| seconds(side)).fold(f64::INFINITY, f64::min);
    order.retain(|&side| side == 0 || seconds(side) <= hopeless * best);
}
