//! A mock machine on which a sample takes what a function says of its turn.
#![allow(dead_code, reason = "each test asks for a part of a turn")]

use std::collections::HashMap;

use gingham_harness::outcome::Sample;
use gingham_harness::search::{Course, Failure, Process, Started, Stopped};

/// What a sample is, counted from 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) process: Process,
    pub(crate) round: usize,
    /// Which sample of its round it is.
    pub(crate) place: usize,
    /// Which sample of its candidate it is.
    pub(crate) own: usize,
}

/// The machine; `time` gives the milliseconds of a task.
pub(crate) struct Timed<F> {
    time: F,
    /// Samples of each round and of each candidate so far.
    places: HashMap<usize, usize>,
    owns: HashMap<Process, usize>,
    clock_s: f64,
    /// The part of a CPU that others have.
    pub(crate) others: f64,
}

impl<F: Fn(Turn) -> f64> Timed<F> {
    /// At the start of its clock.
    pub(crate) fn new(time: F) -> Self {
        Self { time, places: HashMap::new(), owns: HashMap::new(), clock_s: 0.0, others: 0.0 }
    }
}

impl<F: Fn(Turn) -> f64> Course for Timed<F> {
    fn admit(&mut self, _: Process) -> Result<Started, Failure> {
        Ok(Started::default())
    }

    fn sample(&mut self, process: Process, round: usize, tasks: usize) -> Result<Sample, Failure> {
        let (place, own) = (self.places.entry(round).or_default(), self.owns.entry(process).or_default());
        let turn = Turn { process, round, place: *place, own: *own };
        (*place, *own) = (*place + 1, *own + 1);
        let wall_s = 0.001 * tasks as f64 * (self.time)(turn);
        self.clock_s += wall_s;
        let others_s = wall_s * self.others;
        let mut sample = Sample::new(round, wall_s, tasks);
        sample.others_s = others_s;
        Ok(sample)
    }

    fn dismiss(&mut self, _: Process, _: bool) -> Result<Stopped, Failure> {
        Ok(Stopped::default())
    }

    fn elapsed_s(&self) -> f64 {
        self.clock_s
    }

    fn interrupted(&self) -> bool {
        false
    }
}
