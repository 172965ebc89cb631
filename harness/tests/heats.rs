//! Who leaves a heat, and who never starts: a disturbance drives nobody out who is as fast as any.

use std::collections::HashMap;

use gingham_harness::outcome::Sample;
use gingham_harness::search::{Admission, Course, Entrant, Farewell, Fault, Found, Model, Rules, search};
use gingham_harness::space::Candidate;

/// What a sample is: who runs, in which round, as which one of it, and which one of its own it is, all from 0.
#[derive(Debug, Clone, Copy)]
struct Turn {
    candidate: usize,
    round: usize,
    place: usize,
    own: usize,
}

/// A machine on which a task takes as many milliseconds as `time` says.
struct Machine<F> {
    time: F,
    /// Samples of each round and of each entrant so far.
    places: HashMap<usize, usize>,
    owns: HashMap<Entrant, usize>,
    clock_s: f64,
}

impl<F: Fn(Turn) -> f64> Course for Machine<F> {
    fn admit(&mut self, _: Entrant) -> Result<Admission, Fault> {
        Ok(Admission::default())
    }

    fn sample(&mut self, who: Entrant, round: usize, tasks: usize) -> Result<Sample, Fault> {
        let (place, own) = (self.places.entry(round).or_default(), self.owns.entry(who).or_default());
        let turn = Turn { candidate: who.candidate, round, place: *place, own: *own };
        (*place, *own) = (*place + 1, *own + 1);
        let wall_s = 0.001 * tasks as f64 * (self.time)(turn);
        self.clock_s += wall_s;
        Ok(Sample { round, wall_s, tasks, repeat: 1, ..Sample::default() })
    }

    fn dismiss(&mut self, _: Entrant, _: bool) -> Result<Farewell, Fault> {
        Ok(Farewell::default())
    }

    fn elapsed_s(&self) -> f64 {
        self.clock_s
    }

    fn interrupted(&self) -> bool {
        false
    }
}

fn found(names: &[String], gain: f64, seed: u64, time: impl Fn(Turn) -> f64) -> Found {
    let candidate = |name: &String| Candidate { combination: name.parse().unwrap(), skipped: None };
    let candidates: Vec<Candidate> = names.iter().map(candidate).collect();
    let model = Model { tasks: 64, cpus: 2, gain, beyond_cache: 0, task_s: 0.0 };
    let rules = Rules { seed, confirm: false, ..Rules::new(model) };
    let mut machine = Machine { time, places: HashMap::new(), owns: HashMap::new(), clock_s: 0.0 };
    search(&candidates, &rules, &mut machine, &mut |_| {})
}

/// Whether the first candidate is the pick, or cannot be told from it, in a search with each of a hundred seeds.
fn first_is_found(names: &[String], gain: f64, time: impl Fn(Turn) -> f64) {
    for seed in 0..100 {
        let found = found(names, gain, seed, &time);
        let answer: Vec<usize> = found.best.into_iter().chain(found.tied).collect();
        assert!(answer.contains(&0), "seed {seed}: {answer:?}, {:?}", found.runs[0]);
    }
}

/// As many backends, each of which takes 3 % longer than the one before it.
fn graded(count: usize) -> (Vec<String>, impl Fn(Turn) -> f64) {
    let names = (0..count).map(|i| format!("b{i:02}+threads:2")).collect();
    (names, |turn: Turn| 1.03_f64.powi(turn.candidate as i32))
}

#[test]
fn a_burst_in_the_middle_of_a_round_crowns_nobody() {
    let (names, time) = graded(24);
    // From the ninth sample of every other round on all is slower.
    let burst = |turn: Turn| if turn.round.is_multiple_of(2) && turn.place >= 8 { 1.7 } else { 1.0 };
    first_is_found(&names, 2.0, |turn| time(turn) * burst(turn));
}

#[test]
fn two_slow_samples_running_drive_nobody_out() {
    let (names, time) = graded(24);
    first_is_found(&names, 2.0, |turn| time(turn) * if turn.candidate == 0 && turn.own < 2 { 1.8 } else { 1.0 });
}

#[test]
fn equals_of_the_leader_reach_the_race_although_they_are_many() {
    let names: Vec<String> = (0..10).map(|i| format!("b{i:02}+serial")).collect();
    // By 2 % more or less, as the rounds of a heat fall.
    let time = |turn: Turn| 1.0 + 0.02 * ((turn.round * 5 + turn.candidate * 7) % 10) as f64 / 10.0;
    for seed in 0..20 {
        let found = found(&names, 2.0, seed, time);
        assert_eq!(found.tied.len(), 9, "seed {seed}: {:?}", found.tied);
    }
}

/// The ceilings said that two cores read no faster than one: that was so while they were measured.
#[test]
fn what_contestants_show_stretches_the_bound_of_the_ceilings() {
    // On two threads the first backend is the fastest, and the second, of which there is more than a heat, shows by how
    // much the ceilings are wrong.
    let many = (1..=20).map(|chunk| format!("b+threads:2:{chunk}"));
    let names: Vec<String> =
        ["a+threads:2", "a+serial", "b+serial"].map(String::from).into_iter().chain(many).collect();
    first_is_found(&names, 1.0, |turn| [0.5, 1.2, 1.0, 0.55][turn.candidate.min(3)]);
    // Before anyone has run on two threads, nothing is shown.
    first_is_found(&names[..3], 1.0, |turn| [0.9, 1.5, 1.0][turn.candidate]);
}

/// A burst slows no sample tenfold, and a second look at who is slower by so much may cost more than all others.
#[test]
fn who_is_slower_by_orders_of_magnitude_runs_once() {
    let names = ["a+serial", "b+serial", "reference+serial", "a+threads:2"].map(String::from);
    let found = found(&names, 2.0, 1, |turn| [1.0, 1.1, 160.0, 0.5][turn.candidate]);
    assert_eq!(found.runs[2].samples.len(), 1, "{:?}", found.runs[2].eliminated);
    let why = found.runs[2].eliminated.as_deref();
    assert_eq!(why, Some("160.0 x the leader's time at its best, in 1 round"));
}
