//! Closures that are raced in this process, and the plans that run them. Nothing here asserts which is faster.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gingham_core::{Context, OpThreads, Registry};
use gingham_harness::outcome::Status;
use gingham_harness::progress::Listener;
use gingham_harness::reason::Stop;
use gingham_harness::space::{self, Selection};
use gingham_harness::tuner::Error;
use gingham_harness::{FnTuner, Outcome};
use gingham_runtime::executor::BoxError;
use gingham_runtime::{ExecutorKind, Plan, plan, workload};

/// Serial, and pools of two workers and of three, whatever the machine has.
fn selection() -> Selection {
    Selection::default().with_workers([2, 3]).with_chunks([0, 1])
}

fn tuner(budget_s: f64) -> FnTuner {
    let mut tuner = FnTuner::default();
    tuner.selection = selection();
    tuner.budget = Duration::from_secs_f64(budget_s);
    tuner
}

/// The pick, ready to run.
fn ready(tuned: &Outcome) -> Result<Plan, plan::Error> {
    tuned.plan(&Registry::new())
}

/// Work that grows with the item, some microseconds each.
fn work(item: usize) -> f64 {
    (0..100 * item).fold(0.0, |sum, x| sum + (x as f64).sqrt())
}

fn closure(_: &Context<'_>, item: usize) -> Result<(), BoxError> {
    std::hint::black_box(work(item));
    Ok(())
}

#[test]
fn every_combination_has_a_row_and_the_winner_has_a_plan() {
    let tuned = tuner(8.0).tune_fn(60, closure).unwrap();
    assert_eq!(tuned.trials.len(), 1 + 2 * 2 * 2, "{tuned}");
    assert!(tuned.trials.iter().all(|row| row.status == Status::Ok || row.status == Status::Skipped), "{tuned}");
    let best = tuned.best_row().expect("a winner");
    assert!(best.confirmed && best.median_s.is_some_and(|s| s > 0.0) && best.ci95_s.is_some(), "{best:?}");
    assert!(tuned.rounds.kept >= 2 && tuned.stop() != Some(Stop::Interrupted), "{tuned:?}");
    let all = tuned.trials.iter().flat_map(|row| &row.samples);
    assert!(all.clone().count() > 0 && all.clone().all(|sample| sample.wall_s > 0.0 && sample.tasks > 0));
    let plan = ready(&tuned).unwrap();
    assert_eq!(plan.combination(), &best.combination);
    let text = tuned.to_string();
    assert!(
        text.contains("60 items")
            && text.contains(&format!("{} is ", best.combination))
            && text.contains(" of 9 combinations"),
        "{text}"
    );
}

#[test]
fn samples_run_items_that_are_spread_over_all_of_them() {
    let counts: Vec<AtomicUsize> = (0..1000).map(|_| AtomicUsize::new(0)).collect();
    // Each item takes long enough for no sample to have all of them.
    let mut tuner = tuner(1.5);
    tuner.selection = selection().with_workers([2]);
    let tuned = tuner.tune_fn(1000, |cx, item| {
        assert_eq!(cx.items(), 1000);
        counts[item].fetch_add(1, Relaxed);
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(1) {
            std::hint::spin_loop();
        }
        Ok(())
    });
    let tuned = tuned.unwrap();
    let largest = tuned.trials.iter().flat_map(|row| &row.samples).map(|sample| sample.batch()).max().unwrap();
    assert!(largest < 1000, "{largest} items in a hundredth of 1.5 s, a millisecond each");
    let ran = |range: std::ops::Range<usize>| counts[range].iter().filter(|count| count.load(Relaxed) > 0).count();
    assert!(ran(0..500) > 0 && ran(0..500).abs_diff(ran(500..1000)) <= 1 + ran(0..1000) / 10, "{tuned}");
    let best = tuned.best_row().unwrap();
    assert!(best.median_s.unwrap() > 0.25, "a thousand milliseconds over two workers: {best:?}");
}

#[test]
fn op_threads_are_one_unless_others_are_asked_for() {
    let seen = AtomicUsize::new(0);
    let tuned = |op_threads| {
        let mut selection = Selection::default().with_executors([ExecutorKind::Serial]);
        selection.op_threads = op_threads;
        let mut tuner = tuner(2.0);
        tuner.selection = selection;
        tuner.tune_fn(8, |cx, item| {
            seen.fetch_max(cx.op_threads().get(), Relaxed);
            closure(cx, item)
        })
    };
    assert_eq!(tuned(None).unwrap().trials.len(), 1);
    assert_eq!(seen.load(Relaxed), 1);
    let both = tuned(Some(vec![OpThreads::ONE, OpThreads::new(2).unwrap()])).unwrap();
    assert_eq!(both.trials.len(), 2, "{both}");
    assert_eq!(seen.load(Relaxed), 2);
}

#[test]
fn a_closure_that_fails_on_one_thread_is_an_error_that_names_the_item() {
    let failing = |cx: &Context<'_>, item| if item == 25 { Err("no such picture".into()) } else { closure(cx, item) };
    let error = tuner(3.0).tune_fn(50, failing).unwrap_err();
    assert_eq!(error.to_string(), "the function does not run on one thread: task 25 failed: no such picture");

    let panicking = |cx: &Context<'_>, item| {
        assert!(item < 49, "item {item} is beyond what I know");
        closure(cx, item)
    };
    let error = tuner(3.0).tune_fn(50, panicking).unwrap_err().to_string();
    assert!(error.ends_with("task 49 panicked: item 49 is beyond what I know"), "{error}");
}

#[test]
fn a_closure_that_fails_in_pools_makes_rows_that_name_its_item() {
    let caller = std::thread::current().id();
    let failing = |cx: &Context<'_>, item| match item {
        48 if std::thread::current().id() != caller => panic!("who is there?"),
        _ => closure(cx, item),
    };
    let selection = Selection::default().with_workers([2]).with_chunks([0]);
    let mut pools = tuner(3.0);
    pools.selection = selection.clone();
    let tuned = pools.tune_fn(50, failing).unwrap();
    assert_eq!(ready(&tuned).unwrap().combination().to_string(), "fn:1+serial", "{tuned}");
    let faults: Vec<_> = tuned.trials.iter().filter(|row| row.status == Status::Failed).collect();
    assert_eq!(faults.len(), 2, "{tuned}");
    assert!(faults.iter().all(|row| row.median_s.is_none() && row.reason.as_deref() == Some(IN_POOLS)), "{tuned}");
    assert!(tuned.to_string().contains(&format!("and 1 more: {IN_POOLS}")), "{tuned}");

    let selection = selection.with_executors([ExecutorKind::Rayon]);
    let mut rayon = tuner(3.0);
    rayon.selection = selection;
    let tuned = rayon.tune_fn(50, failing).unwrap();
    assert!(tuned.best.is_none() && tuned.to_string().contains("No combination finished"), "{tuned}");
    let error = ready(&tuned).unwrap_err();
    assert!(matches!(error, plan::Error::NothingRan(_)) && error.to_string().contains(IN_POOLS), "{error}");
}

/// What becomes of a closure that panics in a pool.
const IN_POOLS: &str = "task 48 panicked: who is there?";

#[test]
fn a_budget_too_short_for_one_round_is_refused_with_one_that_would_do() {
    let slow = |_: &Context<'_>, _| {
        std::thread::sleep(Duration::from_millis(300));
        Ok(())
    };
    let start = Instant::now();
    let error = tuner(2.0).tune_fn(1000, slow).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(5), "{error}");
    assert!(matches!(error, Error::Budget { given: 2.0, needed, .. } if needed > 4.0 && needed < 1000.0), "{error}");
}

#[test]
fn what_cannot_be_tuned_is_refused() {
    assert!(matches!(tuner(1.0).tune_fn(0, closure), Err(Error::Workload(workload::Error::NoItems))));
    let mut none = tuner(1.0);
    none.selection = Selection::default().with_workers([0]);
    assert!(matches!(none.tune_fn(5, closure), Err(Error::Space(space::Error::Workers(0)))));
}

#[test]
fn an_interrupted_tuning_says_so() {
    let tuner = tuner(30.0);
    let tuned = tuner.tune_fn(50, |cx, item| {
        tuner.interrupt.store(true, Relaxed);
        closure(cx, item)
    });
    assert_eq!(tuned.unwrap().stop(), Some(Stop::Interrupted));
}

#[test]
fn a_plan_runs_every_item_once() {
    for combination in ["fn:1+serial", "fn:2+threads:2", "fn:1+threads:3:1", "fn:1+rayon:2:7"] {
        let plan = Plan::for_functions(&combination.parse().unwrap()).unwrap();
        for items in [0, 1, 5, 100] {
            let counts: Vec<AtomicUsize> = (0..items).map(|_| AtomicUsize::new(0)).collect();
            let done = plan.call_each(items, |cx, item| {
                assert_eq!((cx.items(), cx.op_threads()), (items, plan.combination().op_threads));
                counts[item].fetch_add(1, Relaxed);
                Ok(())
            });
            done.unwrap();
            assert!(counts.iter().all(|count| count.load(Relaxed) == 1), "{combination}: {counts:?}");

            let mut squares = vec![0; items];
            let done = plan.call_each_mut(&mut squares, |_, item, square| {
                *square += item * item;
                Ok(())
            });
            done.unwrap();
            assert!(squares.iter().enumerate().all(|(item, &square)| square == item * item), "{combination}");
        }
        let failed = plan.call_each(10, |_, item| if item > 6 { Err("too far".into()) } else { Ok(()) });
        assert_eq!(failed.unwrap_err().to_string(), "task 7 failed: too far (and 2 other tasks failed)");
    }
}

#[test]
fn progress_is_heard_to_its_end() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&heard);
    let progress = Listener::new(move |told, _left_s| hear.lock().unwrap().push(format!("{told:?}")));
    let mut told = tuner(3.0);
    told.progress = progress;
    told.tune_fn(64, closure).unwrap();
    let heard = heard.lock().unwrap();
    assert!(heard[0].starts_with("Admitting"), "{}", heard[0]);
    assert!(heard.iter().any(|told| told.starts_with("Sampling")), "{heard:?}");
    assert_eq!(heard.iter().filter(|told| *told == "Ended").count(), 1);
    assert_eq!(heard.last().unwrap(), "Ended");
}
