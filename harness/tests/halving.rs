//! Which candidates leave in successive halving and which never start: a disturbance eliminates none that is as fast as
//! any.

mod timed;

use gingham_harness::search::{Found, Left, Model, Rules, search};
use gingham_harness::space::Candidate;

use timed::{Timed, Turn};

fn found(names: &[String], gain: f64, seed: u64, time: impl Fn(Turn) -> f64) -> Found {
    let candidate = |name: &String| Candidate { combination: name.parse().unwrap(), skipped: None };
    let candidates: Vec<Candidate> = names.iter().map(candidate).collect();
    let model = Model { tasks: 64, cpus: 2, gain, beyond_cache: 0, task_s: 0.0 };
    let mut rules = Rules::new(model);
    (rules.seed, rules.confirm) = (seed, false);
    search(&candidates, &rules, &mut Timed::new(time), &mut |_| {})
}

/// Whether the first candidate is the pick or tied with it, in a search with each of a hundred seeds.
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
    (names, |turn: Turn| 1.03_f64.powi(turn.process.candidate as i32))
}

#[test]
fn a_burst_in_the_middle_of_a_round_crowns_none() {
    let (names, time) = graded(24);
    // From the ninth sample of every other round on all is slower.
    let burst = |turn: Turn| if turn.round.is_multiple_of(2) && turn.place >= 8 { 1.7 } else { 1.0 };
    first_is_found(&names, 2.0, |turn| time(turn) * burst(turn));
}

#[test]
fn two_slow_samples_running_drive_none_out() {
    let (names, time) = graded(24);
    first_is_found(&names, 2.0, |turn| {
        time(turn) * if turn.process.candidate == 0 && turn.own < 2 { 1.8 } else { 1.0 }
    });
}

#[test]
fn equals_of_the_leader_reach_the_race_although_they_are_many() {
    let names: Vec<String> = (0..10).map(|i| format!("b{i:02}+serial")).collect();
    // By 2 % more or less, as the rounds of a group fall.
    let time = |turn: Turn| 1.0 + 0.02 * ((turn.round * 5 + turn.process.candidate * 7) % 10) as f64 / 10.0;
    for seed in 0..20 {
        let found = found(&names, 2.0, seed, time);
        assert_eq!(found.tied.len(), 9, "seed {seed}: {:?}", found.tied);
    }
}

/// The ceilings said that two cores read no faster than one: that was so while they were measured.
#[test]
fn what_candidates_show_stretches_the_bound_of_the_ceilings() {
    // On two threads the first backend is the fastest, and the second, of which there is more than a group, shows by
    // how much the ceilings are wrong.
    let many = (1..=20).map(|chunk| format!("b+threads:2:{chunk}"));
    let names: Vec<String> =
        ["a+threads:2", "a+serial", "b+serial"].map(String::from).into_iter().chain(many).collect();
    first_is_found(&names, 1.0, |turn| [0.5, 1.2, 1.0, 0.55][turn.process.candidate.min(3)]);
    // Before any has run on two threads, nothing is shown.
    first_is_found(&names[..3], 1.0, |turn| [0.9, 1.5, 1.0][turn.process.candidate]);
}

/// A burst makes no sample ten times as long, and a second sample of a candidate that takes 160 times the leader's time
/// may cost more than the samples of all others.
#[test]
fn what_is_slower_by_orders_of_magnitude_runs_once() {
    let names = ["a+serial", "b+serial", "reference+serial", "a+threads:2"].map(String::from);
    let found = found(&names, 2.0, 1, |turn| [1.0, 1.1, 160.0, 0.5][turn.process.candidate]);
    assert_eq!(found.runs[2].samples.len(), 1, "{:?}", found.runs[2].left);
    let Some(Left::Gross { least, rounds: 1 }) = found.runs[2].left else { panic!("{:?}", found.runs[2].left) };
    assert!((least - 160.0).abs() < 1e-9, "{least}");
}
