//! Times calls in rounds, and gives criterion its samples from these.
//!
//! Criterion measures one function to its end before it begins with the next, so that a disturbance of a second slows
//! only one of them. Here the first sample that criterion requests from any side starts a round: each side is timed
//! once, in a new random order, for as long as criterion requested. The samples of the other sides are kept until
//! criterion requests them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Display;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId};

use super::shuffle;

/// How long criterion warms each side up. It reads the clock meanwhile, so these calls are timed when it requests them.
pub(crate) const WARM_UP: Duration = Duration::from_millis(300);

/// Calls of so many seconds show how long a call takes, for a side that criterion has not warmed up yet.
const FIRST: f64 = 0.01;

/// The sides of one row.
pub(crate) struct Race<'a> {
    /// Makes so many calls of a side, and returns the seconds that they take together.
    time: Box<dyn FnMut(usize, u64) -> f64 + 'a>,
    sides: Vec<Side>,
    order: Vec<usize>,
    state: u64,
}

#[derive(Default)]
struct Side {
    /// How long its calls took outside rounds.
    warmed: Duration,
    /// Seconds of a call when it was last timed.
    pace: Option<f64>,
    /// Seconds of a call in each round whose sample criterion has not requested yet.
    kept: VecDeque<f64>,
}

/// The seconds that `count` calls take.
pub(crate) fn seconds(count: u64, mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    (0..count).for_each(|_| call());
    start.elapsed().as_secs_f64()
}

impl<'a> Race<'a> {
    /// A race of so many sides; `time` makes so many calls of a side, and returns the seconds that they take together.
    pub(crate) fn new(sides: usize, time: impl FnMut(usize, u64) -> f64 + 'a) -> Self {
        Self {
            time: Box::new(time),
            sides: (0..sides).map(|_| Side::default()).collect(),
            order: (0..sides).collect(),
            state: 1,
        }
    }

    /// Measures `names`, one for each side, as the functions `NAME/parameter` of `group`.
    pub(crate) fn run(self, group: &mut BenchmarkGroup<'_, WallTime>, names: &[&str], parameter: impl Display) {
        group.warm_up_time(WARM_UP);
        let race = RefCell::new(self);
        for (side, &name) in names.iter().enumerate() {
            group.bench_function(BenchmarkId::new(name, &parameter), |bencher| {
                bencher.iter_custom(|calls| race.borrow_mut().sample(side, calls));
            });
        }
    }

    /// How long `calls` calls of `side` take.
    pub(crate) fn sample(&mut self, side: usize, calls: u64) -> Duration {
        if self.sides[side].warmed <= WARM_UP {
            let took = Duration::from_secs_f64(self.pace(side, calls) * calls as f64);
            self.sides[side].warmed += took;
            return took;
        }
        if self.sides[side].kept.is_empty() {
            let pace = self.sides[side].pace.unwrap_or_default();
            self.round(pace * calls as f64);
        }
        let pace = self.sides[side].kept.pop_front().expect("a round gives a sample of each side");
        Duration::from_secs_f64(pace * calls as f64)
    }

    /// Times every side once, for `length` seconds, or for one call where that takes longer.
    fn round(&mut self, length: f64) {
        let mut order = std::mem::take(&mut self.order);
        shuffle(&mut order, &mut self.state);
        for &side in &order {
            let pace = self.sides[side].pace.unwrap_or_else(|| self.first(side));
            let calls = (length / pace).max(1.0) as u64;
            if calls > 1 {
                (self.time)(side, 1); // brings back what the side before has driven out of the caches
            }
            let pace = self.pace(side, calls);
            self.sides[side].kept.push_back(pace);
        }
        self.order = order;
    }

    /// Seconds of a call, from as many calls as are needed to know it.
    fn first(&mut self, side: usize) -> f64 {
        let mut calls = 1;
        loop {
            let pace = self.pace(side, calls);
            if pace * calls as f64 >= FIRST {
                return pace;
            }
            calls *= 2;
        }
    }

    /// Seconds of one of `calls` calls.
    fn pace(&mut self, side: usize, calls: u64) -> f64 {
        let pace = (self.time)(side, calls).max(1e-9) / calls as f64;
        self.sides[side].pace = Some(pace);
        pace
    }
}
