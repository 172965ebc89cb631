//! The course of a function: what a search asks for, answered by pools of this process or by trials.
//!
//! Every entrant runs the same evenly spread items in a round, since times per item can be compared only where the
//! items are the same.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::clock::Clock;
use crate::combination::Combination;
use crate::outcome::Sample;
use crate::search::{Course, Failure, Process, SAMPLE_S, Started, Stopped, sampling};
use crate::workload::portion::Portion;

/// Where a function runs.
pub(super) trait Place {
    /// A combination that is ready to run it.
    type Running;

    /// Starts `combination`.
    ///
    /// # Errors
    /// [`Failure`]
    fn start(&mut self, combination: &Combination) -> Result<Self::Running, Failure>;

    /// Runs `warm` items untimed, then a portion `repeat` times over. The round of the sample is left to the caller.
    ///
    /// # Errors
    /// [`Failure`]; it is of no further use then.
    fn run(&mut self, on: &mut Self::Running, warm: usize, portion: Portion, repeat: usize) -> Result<Sample, Failure>;

    /// Takes what a serial run of `portion` computes for right from here on.
    ///
    /// # Errors
    /// [`Failure`]
    fn learn(&mut self, serial: &mut Self::Running, portion: Portion) -> Result<(), Failure>;

    /// Compares its results with those that were learnt.
    ///
    /// # Errors
    /// [`Failure`], where they differ.
    fn judge(&mut self, on: &mut Self::Running) -> Result<(), Failure>;

    /// Ends it.
    fn end(&mut self, on: Self::Running) -> Stopped;
}

/// Seconds an item. One says little of the others, so it runs `count` of them, and twice as many each time until that
/// takes as long as a sample, or they are all of `most`.
pub(super) fn item_seconds<P: Place>(
    place: &mut P,
    on: &mut P::Running,
    mut count: usize,
    most: Portion,
) -> Result<f64, Failure> {
    loop {
        let sample = place.run(on, 0, Portion { count, ..most }, 1)?;
        if sample.wall_s >= SAMPLE_S || count == most.count {
            return Ok(sample.seconds_per_task());
        }
        count = (2 * count).min(most.count);
    }
}

/// A function in some place, as a search wants it.
pub(super) struct FnCourse<'a, P: Place> {
    place: P,
    combinations: Vec<Combination>,
    portion: Portion,
    interrupt: &'a AtomicBool,
    clock: Clock,
    elapsed_s: f64,
    running: HashMap<Process, Running<P::Running>>,
}

struct Running<R> {
    on: R,
    warm: usize,
    /// Seconds that an item took when it last ran.
    item_s: f64,
}

impl<'a, P: Place> FnCourse<'a, P> {
    /// `portion` is what a sample runs at most; `clock` began with the budget.
    pub(super) fn new(
        place: P,
        combinations: Vec<Combination>,
        portion: Portion,
        interrupt: &'a AtomicBool,
        clock: Clock,
    ) -> Self {
        let (running, elapsed_s) = (HashMap::new(), clock.elapsed_s());
        Self { place, combinations, portion, interrupt, clock, elapsed_s, running }
    }

    fn start(&mut self, process: Process) -> Result<Started, Failure> {
        let combination = &self.combinations[process.candidate];
        let warm = combination.workers.min(self.portion.count);
        let mut on = self.place.start(combination)?;
        let cold_s = self.place.run(&mut on, 0, Portion { count: warm, ..self.portion }, 1)?.wall_s;
        self.place.judge(&mut on)?;
        let item_s = item_seconds(&mut self.place, &mut on, warm, self.portion)?;
        self.running.insert(process, Running { on, warm, item_s });
        Ok(Started { version: env!("CARGO_PKG_VERSION").into(), cold_s, ..Started::default() })
    }

    fn sampled(&mut self, process: Process, round: usize, items: usize) -> Result<Sample, Failure> {
        let mut running = self.running.remove(&process).expect("it was admitted");
        let portion = Portion { count: items.min(self.portion.count), ..self.portion };
        let repeat = sampling::repeats(running.item_s * portion.count as f64);
        let mut sample = self.place.run(&mut running.on, running.warm, portion, repeat)?;
        sample.round = round;
        running.item_s = sample.seconds_per_task();
        self.running.insert(process, running);
        Ok(sample)
    }

    fn ended(&mut self, process: Process, judge: bool) -> Result<Stopped, Failure> {
        let Some(mut running) = self.running.remove(&process) else { return Ok(Stopped::default()) };
        if judge {
            self.place.judge(&mut running.on)?;
        }
        Ok(self.place.end(running.on))
    }

    /// What `done` gives, once the clock has been read.
    fn at<R>(&mut self, done: R) -> R {
        self.elapsed_s = self.clock.elapsed_s();
        done
    }
}

impl<P: Place> Course for FnCourse<'_, P> {
    fn admit(&mut self, process: Process) -> Result<Started, Failure> {
        let admitted = self.start(process);
        self.at(admitted)
    }

    fn sample(&mut self, process: Process, round: usize, items: usize) -> Result<Sample, Failure> {
        let sample = self.sampled(process, round, items);
        self.at(sample)
    }

    fn dismiss(&mut self, process: Process, judge: bool) -> Result<Stopped, Failure> {
        let stopped = self.ended(process, judge);
        self.at(stopped)
    }

    fn elapsed_s(&self) -> f64 {
        self.elapsed_s
    }

    fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }
}
