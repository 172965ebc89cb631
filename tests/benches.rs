//! What the benches do beside measuring: rounds behind criterion's samples, and rows from a file. A bench without a
//! harness runs no tests of its own, so that its modules are compiled here too. The clock is a mock.
#![allow(dead_code, reason = "the benches use all of it")]

#[path = "../benches/contest/mod.rs"]
mod contest;
#[path = "../benches/workloads/mod.rs"]
mod workloads;

use std::cell::RefCell;
use std::time::Duration;

use contest::race::{Race, WARM_UP};

/// Seconds of a call of each side.
const PACES: [f64; 3] = [0.125, 0.25, 0.0625];

/// Takes samples of `side` as criterion warms up, until it has seen enough.
fn warm_up(race: &mut Race<'_>, side: usize) {
    let (mut seen, mut calls) = (Duration::ZERO, 1);
    while seen <= WARM_UP {
        seen += race.sample(side, calls);
        calls *= 2;
    }
}

#[test]
fn a_sample_of_one_side_is_a_round_of_all() {
    let made = RefCell::new(Vec::new());
    let mut race = Race::new(3, |side, calls| {
        made.borrow_mut().push((side, calls));
        PACES[side] * calls as f64
    });
    warm_up(&mut race, 0);
    assert_eq!(made.take(), [(0, 1), (0, 2)], "criterion warms up one side alone");

    const ROUNDS: usize = 5;
    let mut first = [0; 3];
    for _ in 0..ROUNDS {
        assert_eq!(race.sample(0, 4), Duration::from_secs_f64(4.0 * PACES[0]));
        let round = made.take();
        for timed in [(0, 4), (1, 2), (2, 8)] {
            assert_eq!(round.iter().filter(|&&made| made == timed).count(), 1, "all as long as the first: {round:?}");
        }
        first[round[0].0] += 1;
    }
    assert!(first.iter().all(|&times| times < ROUNDS), "the order is drawn anew: {first:?}");

    for side in [1, 2] {
        warm_up(&mut race, side);
        made.take();
        for calls in 1..=ROUNDS as u64 {
            assert_eq!(race.sample(side, calls), Duration::from_secs_f64(PACES[side] * calls as f64));
        }
        assert_eq!(made.take(), [], "the samples of the rounds are there");
    }
    race.sample(2, 1);
    assert_ne!(made.take(), [], "another sample needs another round");
}

#[test]
fn a_file_gives_a_row_for_each_combination_of_its_values() {
    let rows = workloads::rows(
        "[[workload]]\nop = 'matmul'\nshape = ['8', '2x3x4']\nlayout = ['rrr', 'ccr']\nop_threads = [1, 2]\n\
         [[workload]]\nop = 'exp'\nshape = ['10']\ndtype = ['f32']\n",
    );
    let rows: Vec<String> = rows.unwrap().iter().map(|row| format!("{}: {}", row.name, row.workload)).collect();
    assert_eq!(rows.len(), 9);
    assert_eq!(rows[0], "8 rrr op_threads=1: matmul 8x8x8 f64, 1 task");
    assert_eq!(rows[7], "2x3x4 ccr op_threads=2: matmul 2x3x4 f64, 1 task, layout ccr");
    assert_eq!(rows[8], "10 op_threads=1: exp 10 f32, 1 task");
}

#[test]
fn what_is_no_row_is_refused_with_its_place() {
    let cases = [
        ("[[workload]]\nop = 'dot'\nshape = 5", "line 3"),
        ("[[workload]]\nop = 'dot'\nshape = ['5']\nthreads = [2]", "unknown field `threads`"),
        ("[[workload]]\nop = 'dott'\nshape = ['5']", "a workload of dott: "),
        ("[[workload]]\nop = 'dot'\nshape = ['2x2']", "a workload of dot: shape `2x2`"),
        ("[[workload]]\nop = 'dot'\nshape = ['5']\ndtype = ['f16']", "a workload of dot: "),
        ("[[workload]]\nop = 'dot'\nshape = ['5']\nop_threads = [0]", "a workload of dot: 0 op threads"),
        ("[[workload]]\nop = 'matmul'\nshape = ['5']\nlayout = ['rr']", "a workload of matmul: layout `rr`"),
    ];
    for (text, said) in cases {
        let error = workloads::rows(text).unwrap_err();
        assert!(error.contains(said), "{text}: {error}");
    }
}
