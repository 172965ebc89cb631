//! Interleaved rounds: in each, every side is timed once, in an order drawn anew, and so is the ceiling. What disturbs
//! the machine for longer than a round disturbs all sides, so the ratio of two sides is taken within each round.

use std::time::Instant;

/// One of those that are compared.
pub(crate) struct Side<'a> {
    pub(crate) name: String,
    /// Makes the call so many times and returns the seconds of all together.
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
        Self { name: name.into(), time: Box::new(time) }
    }
}

/// How thoroughly to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Rounds for each row: six give the median an interval, the more the narrower.
    pub(crate) rounds: usize,
    /// Seconds that a sample takes at least, by repetition.
    pub(crate) sample: f64,
    /// FLOP or bytes above which a row is left out.
    pub(crate) largest: f64,
}

/// The rounds of one row: seconds a call for each side that stayed, `f64::NAN` nowhere.
pub(crate) struct Rounds {
    /// By side, in the order given; empty for a side that was left out on the way.
    pub(crate) seconds: Vec<Vec<f64>>,
    /// The ceiling in each round.
    pub(crate) ceilings: Vec<f64>,
}

/// Rounds after which a rival that is [`HOPELESS`] times slower than the best one is left out: what it costs to go on
/// with it, seconds a call in the largest rows, buys nothing.
const TRIAL: usize = 2;

/// See [`TRIAL`].
const HOPELESS: f64 = 1.3;

/// Measures `sides`, of which the first is ours and always stays, and `ceiling` beside them.
pub(crate) fn measure(sides: &mut [Side<'_>], mut ceiling: impl FnMut() -> f64, effort: Effort) -> Rounds {
    let calls: Vec<u64> = sides.iter_mut().map(|side| calls(side, effort.sample)).collect();
    let mut order: Vec<usize> = (0..sides.len()).collect();
    let mut rounds = Rounds { seconds: vec![Vec::new(); sides.len()], ceilings: Vec::new() };
    let mut state = 1;
    for round in 0..effort.rounds {
        if round == TRIAL {
            order = worthwhile(&rounds.seconds);
        }
        shuffle(&mut order, &mut state);
        for &side in &order {
            let (calls, time) = (calls[side], &mut sides[side].time);
            if calls > 1 {
                time(1); // brings back what the side before has driven out of the caches
            }
            rounds.seconds[side].push(time(calls) / calls as f64);
        }
        rounds.ceilings.push(ceiling());
    }
    for seconds in rounds.seconds.iter_mut().filter(|seconds| seconds.len() < effort.rounds) {
        seconds.clear();
    }
    rounds
}

/// Calls that take `sample` seconds together.
fn calls(side: &mut Side<'_>, sample: f64) -> u64 {
    let mut calls = 1;
    loop {
        let seconds = (side.time)(calls);
        if seconds >= sample {
            return calls;
        }
        // One step nearer at a time: the first calls are slower than the others.
        let wanted = calls as f64 * 1.2 * sample / seconds.max(1e-9);
        calls = (wanted as u64).clamp(calls + 1, calls * 10);
    }
}

/// Ours and the rivals that may yet prove the best.
fn worthwhile(seconds: &[Vec<f64>]) -> Vec<usize> {
    let quickest = |side: &[f64]| side.iter().copied().fold(f64::INFINITY, f64::min);
    let best = seconds[1..].iter().map(|side| quickest(side)).fold(f64::INFINITY, f64::min);
    (0..seconds.len()).filter(|&side| side == 0 || quickest(&seconds[side]) <= HOPELESS * best).collect()
}

/// A uniform shuffle (Fisher and Yates) by a linear congruential generator (Knuth's, as in `contest`).
fn shuffle(order: &mut [usize], state: &mut u64) {
    for i in (1..order.len()).rev() {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(i, (*state >> 33) as usize % (i + 1));
    }
}
