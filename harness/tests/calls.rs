//! Registered functions in trials: the sound ones are raced, and each fault is a row or an error that says so.
//!
//! A trial re-executes the program that tunes, so this test has a main of its own, which serves if it is a trial.

mod mimic;

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use gingham_core::{Context, Registry};
use gingham_harness::outcome::Status;
use gingham_harness::space::Selection;
use gingham_harness::trial::init;
use gingham_harness::tuner::Error;
use gingham_harness::{FnTuner, Outcome, Tuner};
use gingham_runtime::executor::BoxError;
use gingham_runtime::{ExecutorKind, Workload, workload};

use mimic::{Check, checks};

/// Starts this program, which prints the word unless it takes itself for a trial.
const ORDINARY: &str = "ordinary";

const CHECKS: [Check; 10] = checks![
    every_combination_of_a_sound_function_is_right,
    a_tuner_of_workloads_tunes_functions_too,
    what_differs_from_a_serial_run_is_wrong,
    what_differs_each_time_is_wrong_everywhere,
    a_trial_that_aborts_or_hangs_is_a_row,
    a_function_that_fails_on_one_thread_is_an_error,
    what_a_trial_starts_is_no_trial,
    what_is_interrupted_while_it_is_prepared_ends_there,
    an_unknown_function_is_told_what_there_is,
    a_function_that_trials_do_not_register_is_an_error,
];

fn main() -> ExitCode {
    init(&registry());
    if std::env::args().nth(1).as_deref() == Some(ORDINARY) {
        println!("{ORDINARY}");
        return ExitCode::SUCCESS;
    }
    mimic::run(&CHECKS)
}

fn registry() -> Registry {
    Registry::new()
        .with_function("powers", powers)
        .with_function("wrong-in-pools", |cx, item, out: &mut [f64]| {
            powers(cx, item, out)?;
            out[0] += f64::from(in_pool());
            Ok(())
        })
        .with_function("process", |_, _, out: &mut [f64]| {
            out.fill(f64::from(std::process::id()));
            Ok(())
        })
        .with_function(
            "aborts-in-pools",
            |cx, item, out| if in_pool() { std::process::abort() } else { powers(cx, item, out) },
        )
        .with_function("hangs-in-pools", |cx, item, out| {
            while in_pool() {
                std::thread::sleep(Duration::from_secs(1));
            }
            powers(cx, item, out)
        })
        .with_function("starts-itself", |_, _, out: &mut [f64]| {
            let said = Command::new(program()).arg(ORDINARY).stdin(Stdio::null()).output()?;
            out.fill(1.0);
            if said.stdout.starts_with(ORDINARY.as_bytes()) { Ok(()) } else { Err("it took itself for a trial".into()) }
        })
        .with_function(
            "fails",
            |cx, item, out| if item == 20 { Err("no twenty".into()) } else { powers(cx, item, out) },
        )
        .with_function("panics", |_, item, _: &mut [f64]| panic!("item {item} is too much"))
}

/// `item^1, item^2, ..`, times the parameter.
fn powers(cx: &Context<'_>, item: usize, out: &mut [f64]) -> Result<(), BoxError> {
    let [factor] = *cx.parameters() else { return Err("expected one parameter".into()) };
    let power = |power: usize| factor * (item as f64).powi(power as i32 + 1);
    out.iter_mut().enumerate().for_each(|(at, out)| *out = power(at));
    Ok(())
}

/// Whether a pool's thread runs this, rather than the one that answers the parent.
fn in_pool() -> bool {
    std::thread::current().name().is_some_and(|name| name.starts_with("gingham-"))
}

fn calls(name: &str) -> Workload {
    Workload::function(&registry(), name, 40, 3, &[0.1]).unwrap()
}

/// Serial, and a pool of two, half of the items each.
fn tuner(budget_s: u64) -> FnTuner {
    let executors = Some(vec![ExecutorKind::Serial, ExecutorKind::Threads]);
    let mut selection = Selection::default().with_workers([2]).with_chunks([0]);
    selection.executors = executors;
    let mut tuner = FnTuner::default();
    tuner.selection = selection;
    tuner.budget = Duration::from_secs(budget_s);
    tuner
}

fn program() -> PathBuf {
    std::env::current_exe().unwrap()
}

fn tune(tuner: &FnTuner, task: &str) -> Result<Outcome, Error> {
    tuner.tune_calls(&registry(), program(), &calls(task))
}

/// The pool's row is of this status for this reason, and serial is the best.
fn assert_pool(tuned: &Outcome, status: Status, why: &str) {
    let pool = tuned.trials.iter().find(|row| row.combination.to_string() == "fn:1+threads:2").unwrap();
    assert!(pool.status == status && pool.reason.as_ref().is_some_and(|reason| reason.contains(why)), "{pool:?}");
    assert!(pool.median_s.is_none(), "{pool:?}");
    assert_eq!(tuned.best.as_ref().map(ToString::to_string).as_deref(), Some("fn:1+serial"), "{tuned}");
}

fn every_combination_of_a_sound_function_is_right() {
    let selection = Selection::default().with_workers([2, 3]);
    let mut narrow = tuner(6);
    narrow.selection = selection;
    let tuned = tune(&narrow, "powers").unwrap();
    assert!(tuned.trials.len() > 5, "{tuned}");
    assert!(tuned.trials.iter().all(|row| row.status == Status::Ok), "{tuned}");
    let results = tuned.plan(&registry()).unwrap().call::<f64>(&registry(), &calls("powers")).unwrap();
    let expected = (0..40).flat_map(|item| (1..=3).map(move |power| 0.1 * f64::from(item).powi(power)));
    assert!(results.iter().copied().eq(expected), "{results:?}");
}

fn a_tuner_of_workloads_tunes_functions_too() {
    let FnTuner { selection, budget, .. } = tuner(2);
    let mut tuner = Tuner::new(registry(), calls("powers"), program());
    tuner.selection = selection;
    tuner.budget = budget;
    let tuned = tuner.tune(&mut |_, _| {}).unwrap();
    assert!(tuned.trials.len() == 2 && tuned.best.is_some(), "{tuned}");
}

fn what_differs_from_a_serial_run_is_wrong() {
    let tuned = tune(&tuner(3), "wrong-in-pools").unwrap();
    assert_pool(&tuned, Status::Wrong, "item 20: result 0 is 3.0; a serial run writes 2.0");
}

fn what_differs_each_time_is_wrong_everywhere() {
    let tuned = tune(&tuner(3), "process").unwrap();
    assert!(tuned.trials.iter().all(|row| row.status == Status::Wrong), "{tuned}");
    let error = tuned.plan(&registry()).unwrap_err().to_string();
    assert!(error.contains("no combination ran to its end") && error.contains("item 0: result 0 is"), "{error}");
}

fn a_trial_that_aborts_or_hangs_is_a_row() {
    assert_pool(&tune(&tuner(3), "aborts-in-pools").unwrap(), Status::Failed, "signal 6");
    let start = Instant::now();
    let mut impatient = tuner(6);
    impatient.deadline = Duration::from_secs(2);
    assert_pool(&tune(&impatient, "hangs-in-pools").unwrap(), Status::Timeout, "no answer within 2s");
    assert!(start.elapsed() < Duration::from_secs(60));
}

fn a_function_that_fails_on_one_thread_is_an_error() {
    let said = |task| tune(&tuner(3), task).unwrap_err().to_string();
    assert_eq!(said("fails"), "the function does not run on one thread: task 20 failed: no twenty");
    assert_eq!(said("panics"), "the function does not run on one thread: task 20 panicked: item 20 is too much");
}

fn what_a_trial_starts_is_no_trial() {
    let tuned = tune(&tuner(3), "starts-itself").unwrap();
    assert!(tuned.trials.iter().all(|row| row.status == Status::Ok), "{tuned}");
}

fn what_is_interrupted_while_it_is_prepared_ends_there() {
    let tuner = tuner(30);
    tuner.interrupt.store(true, Relaxed);
    assert!(matches!(tune(&tuner, "powers"), Err(Error::Interrupted)));
}

fn an_unknown_function_is_told_what_there_is() {
    let error = Workload::function(&registry(), "power", 40, 3, &[]).unwrap_err();
    assert!(matches!(error, workload::Error::Unknown(_)), "{error}");
    let text = error.to_string();
    assert!(text.starts_with("unknown function `power`; registered: powers, wrong-in-pools, "), "{text}");
}

fn a_function_that_trials_do_not_register_is_an_error() {
    let registry = registry().with_function("only-here", powers);
    let calls = Workload::function(&registry, "only-here", 40, 3, &[0.1]).unwrap();
    let error = tuner(3).tune_calls(&registry, program(), &calls).unwrap_err().to_string();
    assert!(
        error.starts_with("the function does not run on one thread: unknown function `only-here`; registered: "),
        "{error}"
    );
}
