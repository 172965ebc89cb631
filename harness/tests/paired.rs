//! On a simulated machine, however a race is cut short: the rows of its result are in the order of their standing,
//! every figure is the winner's times a paired ratio, and none contradicts the verdict.

use std::path::Path;

use gingham_core::{DType, Op};
use gingham_harness::outcome::{Outcome, Row, Status};
use gingham_harness::replay::Recording;
use gingham_harness::search::{Cause, Strategy};
use gingham_harness::space::Selection;
use gingham_runtime::Workload;
use gingham_simulation::modelled::{self, Noise};

fn raced(noise: &Noise, seed: u64, budget_s: f64) -> Outcome {
    let workload = Workload::new(Op::MatMul, DType::F64, "256", None, 24).unwrap();
    modelled::outcome(&workload, &Selection::default(), Strategy::Race, noise, seed, budget_s).unwrap()
}

fn noise() -> Noise {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let recordings = ["matmul-256-few.json", "exp.json"].map(|name| Recording::load(&folder.join(name)).unwrap());
    Noise::of(&recordings)
}

#[test]
fn no_figure_contradicts_the_verdict() {
    let noise = noise();
    let (mut partial, mut full) = (0, 0);
    for seed in 0..6 {
        for budget_s in [4.0, 8.0, 15.0, 30.0, f64::INFINITY] {
            let outcome = raced(&noise, seed, budget_s);
            let said = format!("seed {seed}, {budget_s} s");
            let best = outcome.best_row().expect("the mock has no faults").clone();
            let time = best.median_s.unwrap();
            assert_eq!(outcome.trials[0].combination, best.combination, "{said}: the winner is the first row");
            assert_eq!(best.ratio_to_best, Some(1.0), "{said}");

            let place = |row: &Row| match row.status {
                Status::Ok if row.combination == best.combination => 0,
                Status::Ok if outcome.tied.contains(&row.combination) => 1,
                Status::Ok => 2,
                _ => 3,
            };
            let key = |row: &Row| (place(row), row.ratio_to_best.unwrap_or(f64::INFINITY));
            assert!(outcome.trials.is_sorted_by(|a, b| key(a) <= key(b)), "{said}");
            for row in &outcome.trials {
                assert_eq!(row.median_s.is_some(), row.shared_rounds > 0, "{said}: {}", row.combination);
                let paired =
                    row.ratio_to_best.zip(row.median_s).is_none_or(|(ratio, own)| (own / time - ratio).abs() < 1e-9);
                assert!(paired && (row.status == Status::Ok || row.median_s.is_none()), "{said}: {row:?}");
                // A candidate that is called slower never looks faster.
                let slower = row.slower_by.is_some() && !outcome.tied.contains(&row.combination);
                assert!(!slower || row.ratio_to_best.is_none_or(|ratio| ratio > 1.0), "{said}: {row:?}");
            }
            let late = |row: &&Row| matches!(row.not_started, Some(Cause::Budget | Cause::Interrupted));
            let of_budget = outcome.never_started.iter().filter(|never| never.reason == Cause::Budget);
            let counted: usize = of_budget.map(|never| never.count).sum();
            assert_eq!(outcome.trials.iter().filter(late).count(), counted, "{said}");
            partial += usize::from(counted > 0);
            full += usize::from(counted == 0);
        }
    }
    assert!(partial > 0 && full > 0, "{partial} partial, {full} full");
}
