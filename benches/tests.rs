//! What the benches do beside measuring: rounds behind criterion's samples, rows from files, and what `standing`
//! decides from its samples. A bench without a harness runs no tests of its own, so its modules are compiled here too.
//! The clock is a mock.
#![allow(dead_code, reason = "the benches use all of it")]

mod contest;
mod workloads;
mod standing {
    pub(crate) mod definitions;
    pub(crate) mod rounds;
    pub(crate) mod verdict;
}

use std::cell::{Cell, RefCell};
use std::time::Duration;

use contest::race::{Race, WARM_UP};
use standing::definitions::Definitions;
use standing::rounds::{Effort, Side, measure};
use standing::verdict::{Figure, Goal};

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

/// A side whose call takes `seconds`, and which counts its calls.
fn side(seconds: f64, calls: &Cell<u64>) -> Side<'_> {
    let time = move |count: u64| {
        calls.set(calls.get() + count);
        seconds * count as f64
    };
    Side { name: String::new(), first: seconds, time: Box::new(time) }
}

fn ratio_goal(times: f64) -> Goal {
    Goal { ratio: Some(times), ..Goal::default() }
}

fn ceiling_goal(share: f64) -> Goal {
    Goal { ceiling: Some(share), ..Goal::default() }
}

fn effort(rounds: usize) -> Effort {
    Effort { rounds, sample: 1e-3, largest: f64::INFINITY }
}

#[test]
fn a_sample_is_as_long_as_was_asked_for_and_is_given_by_the_call() {
    let calls = Cell::new(0);
    let rounds = measure(&mut [side(1e-6, &calls)], || 7.0, effort(12));
    assert_eq!(rounds.ceilings, [7.0; 12]);
    assert_eq!(rounds.seconds[0].len(), 12);
    assert!(rounds.seconds[0].iter().all(|seconds| (seconds / 1e-6 - 1.0).abs() < 1e-9), "{:?}", rounds.seconds[0]);
    assert!(calls.get() >= 12 * 1000, "{} calls of 1 us for 12 samples of 1 ms", calls.get());
}

#[test]
fn hopeless_rivals_are_left_out_and_ours_never_is() {
    let calls = [const { Cell::new(0) }; 4];
    let mut sides = [side(9e-3, &calls[0]), side(2e-3, &calls[1]), side(2.3e-3, &calls[2]), side(2.5e-3, &calls[3])];
    assert_eq!(kept(&mut sides), [12, 12, 12, 0]);
    assert_eq!(calls[3].get(), 2);
}

#[test]
fn long_rows_have_few_rounds_and_no_call_of_a_hopeless_rival() {
    let calls = [const { Cell::new(0) }; 3];
    let mut sides = [side(2.0, &calls[0]), side(1.0, &calls[1]), side(1.5, &calls[2])];
    assert_eq!(kept(&mut sides), [6, 6, 0]);
    assert_eq!(calls.each_ref().map(Cell::get), [6, 6, 0]);
}

/// How many samples each side has.
fn kept(sides: &mut [Side<'_>]) -> Vec<usize> {
    measure(sides, || f64::NAN, effort(12)).seconds.iter().map(Vec::len).collect()
}

#[test]
fn a_ratio_is_taken_within_each_round() {
    // The machine halves its speed half-way; the ratio does not move.
    let (ours, theirs) = ([4.0, 4.0, 4.0, 2.0, 2.0, 2.0], [2.0, 2.0, 2.0, 1.0, 1.0, 1.0]);
    assert_eq!(Figure::of_ratios(&ours, &theirs), Figure { median: 2.0, interval: [2.0, 2.0] });
    assert_eq!(Figure::of(&[3.0, 1.0, 2.0]).interval, [1.0, 3.0], "the range below six rounds");
}

#[test]
fn not_slower_is_an_interval_that_reaches_1_and_faster_is_a_median() {
    let ratio = |median: f64, high: f64| Some(Figure { median, interval: [0.5, high] });
    assert_eq!(ratio_goal(1.0).verdict(None, ratio(0.98, 1.0), None), "met");
    assert_eq!(ratio_goal(1.0).verdict(None, ratio(0.95, 0.98), None), "short: 2.0 % of the rival");
    assert_eq!(ratio_goal(1.05).verdict(None, ratio(1.05, 1.05), None), "met");
    assert_eq!(ratio_goal(1.25).verdict(None, ratio(1.0, 1.5), None), "short: 20.0 % of the rival");
    assert_eq!(ratio_goal(1.0).verdict(None, None, None), "short: no rival");
    assert_eq!(Goal::default().verdict(None, ratio(0.1, 0.1), None), "-");
}

#[test]
fn a_share_of_the_ceiling_is_a_median_and_nan_is_short() {
    let share = |median: f64| Some(Figure { median, interval: [0.0, 2.0] });
    assert_eq!(ceiling_goal(0.9).verdict(share(0.9), None, None), "met");
    assert_eq!(ceiling_goal(0.9).verdict(share(0.81), None, None), "short: 10.0 % of the ceiling");
    assert_eq!(ceiling_goal(0.9).verdict(None, None, None), "short: no ceiling");
    assert!(ceiling_goal(0.9).verdict(share(f64::NAN), None, None).starts_with("short"));
    let both = Goal { ceiling: Some(0.9), ratio: Some(1.0), ratio_below: None };
    let ratio = Some(Figure { median: 0.5, interval: [0.5, 0.5] });
    assert_eq!(both.verdict(share(0.45), ratio, None), "short: 50.0 % of the ceiling, 50.0 % of the rival");
    assert_eq!(both.text(None), "90 %, 1.00 x");
}

#[test]
fn more_is_asked_for_where_the_rival_is_far_from_the_ceiling() {
    let goal = Goal { ceiling: None, ratio: Some(1.0), ratio_below: Some(1.05) };
    let ratio = Some(Figure { median: 1.02, interval: [1.0, 1.04] });
    assert_eq!(goal.verdict(None, ratio, Some(0.95)), "met");
    assert_eq!(goal.verdict(None, ratio, Some(0.89)), "short: 2.9 % of the rival");
    assert_eq!([goal.text(Some(0.95)), goal.text(Some(0.89)), goal.text(None)], ["1.00 x", "1.05 x", "1.00 x"]);
}

#[test]
fn the_rows_are_those_of_the_file() {
    let definitions = Definitions::load().unwrap();
    assert_eq!(definitions.small.goal, Goal { ratio_below: Some(1.05), ..ratio_goal(1.0) });
    assert_eq!(
        (definitions.large.sizes.len(), definitions.batch.rows.len(), definitions.lanes.in_cache.len()),
        (7, 6, 6)
    );
}
