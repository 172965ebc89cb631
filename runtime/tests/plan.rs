//! Plans: the saved answer where this process can apply it, the next best where it cannot, the rule where there is none
//! or where it was fitted to another machine.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use gingham_core::ndarray::{Array1, Array2, ArrayViewMut2};
use gingham_core::{Binary, DType, Op, Product, Registry};
use gingham_machine::Machine;
use gingham_runtime::profile::{Entry, Evidence, Fingerprint, Ranked};
use gingham_runtime::workload::Tasks;
use gingham_runtime::{Batch, Profile, Session, Task, Workload};

fn workload(tasks: usize) -> Workload {
    Workload::new(Op::MatMul, DType::F64, "4", None, tasks).unwrap()
}

/// An answer for `workload(8)` on this machine with `ranking`, best first, 10 % apart.
fn entry(ranking: &[&str]) -> Entry {
    let ranked = |(i, combination): (usize, &&str)| {
        let seconds = 1.1_f64.powi(i as i32);
        let mut ranked = Ranked::new(combination.parse().unwrap(), seconds, seconds);
        ranked.export = combination.starts_with("absent").then(|| "ABSENT_THREADS=2".into());
        ranked
    };
    let here = Fingerprint::now(&Machine::probe(), &Registry::new());
    Entry::new(workload(8), here, 0, Evidence::default(), ranking.iter().enumerate().map(ranked)).expect("an answer")
}

fn save(folder: &tempfile::TempDir, entry: Entry) -> PathBuf {
    let mut profile = Profile::default();
    profile.entries.push(entry);
    let path = folder.path().join("profile.json");
    std::fs::write(&path, serde_json::to_vec(&profile).unwrap()).unwrap();
    path
}

fn plan_by(entry: Entry, workload: &Workload) -> gingham_runtime::Plan {
    let folder = tempfile::tempdir().unwrap();
    Session::with_profile(Registry::new(), &save(&folder, entry)).unwrap().plan(workload).unwrap()
}

fn plan(ranking: &[&str], workload: &Workload) -> gingham_runtime::Plan {
    plan_by(entry(ranking), workload)
}

#[test]
fn the_best_saved_combination_is_applied() {
    let plan = plan(&["reference:1+threads:2:1", "reference:1+serial"], &workload(8));
    assert_eq!(plan.combination().to_string(), "reference:1+threads:2:1");
    assert!(plan.note().contains("the saved answer for matmul 4x4x4 f64, 8 tasks"), "{}", plan.note());
}

#[test]
fn what_cannot_be_applied_is_passed_over_and_said() {
    let plan = plan(&["absent:2+serial", "reference:2+serial", "reference:1+rayon:2"], &workload(16));
    assert_eq!(plan.combination().to_string(), "reference:1+rayon:2");
    let note = plan.note();
    assert!(
        note.starts_with("reference:1+rayon:2, the saved answer for matmul 4x4x4 f64, 8 tasks (16 asked for); "),
        "{note}"
    );
    assert!(note.contains("passed over absent:2+serial, 21.0 % faster: unknown backend `absent`"), "{note}");
    assert!(note.contains("`export ABSENT_THREADS=2` would get it"), "{note}");
    assert!(note.contains("passed over reference:2+serial, 10.0 % faster"), "{note}");
}

#[test]
fn where_nothing_saved_can_be_applied_the_best_is_said_with_its_export() {
    let plan = plan(&["absent:2+serial", "reference:2+serial"], &workload(8));
    let note = plan.note();
    assert!(note.contains("none of the 2 saved combinations can be applied in this process"), "{note}");
    assert!(note.contains("the best is absent:2+serial: unknown backend `absent`"), "{note}");
    assert!(
        note.contains("(`export ABSENT_THREADS=2` would get it)") && note.contains("without a measurement"),
        "{note}"
    );
}

/// A plan does not start a combination that a tuning would not start, whatever a file says.
#[test]
fn what_is_impossible_is_refused_and_passed_over() {
    let crowd = "reference:1+threads:4096";
    let refused = Session::without_profile(Registry::new()).apply(&crowd.parse().unwrap()).unwrap_err().to_string();
    let expected = "reference:1+threads:4096 cannot be run: 4096 x 1 threads would be runnable at once; ";
    assert!(refused.starts_with(expected), "{refused}");
    let plan = plan(&[crowd, "reference:1+serial"], &workload(8));
    assert_eq!(plan.combination().to_string(), "reference:1+serial");
    assert!(plan.note().contains("passed over reference:1+threads:4096, 10.0 % faster: "), "{}", plan.note());
}

#[test]
fn an_answer_for_another_number_of_tasks_is_applied_and_said() {
    let plan = plan(&["reference:1+threads:2:1", "reference:1+serial"], &workload(1000));
    assert_eq!(plan.combination().to_string(), "reference:1+threads:2:1");
    let expected = "the saved answer for matmul 4x4x4 f64, 8 tasks (1000 asked for, by waves of tasks)";
    assert!(plan.note().contains(expected), "{}", plan.note());
}

#[test]
fn without_an_answer_the_rule_holds_and_is_said() {
    let other = Workload::new(Op::MatMul, DType::F32, "4", None, 8).unwrap();
    let plan = plan(&["reference:1+serial"], &other);
    assert!(
        plan.note().contains("no saved answer for matmul 4x4x4 f32")
            && plan.note().contains("chosen without a measurement"),
        "{}",
        plan.note()
    );
    let tune = "`gingham tune --op matmul --shape 4x4x4 --dtype f32 --tasks 8 --profile /";
    assert!(plan.note().contains(tune), "{}", plan.note());
    let single = Session::without_profile(Registry::new()).plan(&workload(1)).unwrap();
    assert_eq!(single.combination().to_string(), "reference:1+serial");
}

#[test]
fn another_size_is_said() {
    let larger = Workload::new(Op::MatMul, DType::F64, "8", None, 8).unwrap();
    let plan = plan(&["reference:1+threads:2"], &larger);
    assert_eq!(plan.combination().to_string(), "reference:1+threads:2");
    let expected = "the saved answer for another size, matmul 4x4x4 f64, 8 tasks (8.0 x smaller)";
    assert!(plan.note().contains(expected), "{}", plan.note());
}

#[test]
fn a_stale_answer_is_applied_and_what_changed_is_said() {
    let mut stale = entry(&["reference:1+threads:2"]);
    stale.fingerprint.gingham = "0.0.9".into();
    let plan = plan_by(stale, &workload(8));
    assert_eq!(plan.combination().to_string(), "reference:1+threads:2");
    let expected = "the saved answer for matmul 4x4x4 f64, 8 tasks; it is stale: gingham 0.0.9 -> ";
    assert!(plan.note().contains(expected), "{}", plan.note());
}

#[test]
fn an_answer_fitted_to_other_cpus_gives_way_to_the_rule() {
    let cpus = Machine::probe().usable_cpus;
    let on = |then: usize, ranking: &str| {
        let mut entry = entry(&[ranking]);
        entry.fingerprint.usable_cpus = then;
        plan_by(entry, &workload(8))
    };
    let fights = on(64 * cpus, &format!("reference:1+threads:{}", 64 * cpus));
    assert!(fights.combination().workers <= cpus, "{}", fights.note());
    let said = format!("usable CPUs {} -> {cpus}", 64 * cpus);
    for expected in [&said, "do not fit", "chosen without a measurement with the saved answer's backend"] {
        assert!(fights.note().contains(expected), "{}", fights.note());
    }
    // One thread was the best of many CPUs, and still fits.
    let serial = on(64 * cpus, "reference:1+serial");
    assert_eq!(serial.combination().to_string(), "reference:1+serial");
    assert!(!serial.note().contains("without a measurement"), "{}", serial.note());
    if cpus > 1 {
        let idles = on(1, "reference:1+serial");
        assert_eq!(idles.combination().workers, cpus.min(8), "{}", idles.note());
    }
}

#[test]
fn a_plan_runs_products_dots_tasks_and_closures() {
    for ranking in [["reference:1+serial"], ["reference:1+threads:3"], ["reference:1+rayon:2:1"]] {
        let plan = plan(&ranking, &workload(8));
        let a = Array2::from_shape_fn((4, 4), |(i, j)| (i * 4 + j) as f64);
        let mut c = vec![Array2::from_elem((4, 4), f64::NAN); 8];
        let mut batch: Vec<_> = c.iter_mut().map(|c| Product { a: a.view(), b: a.view(), c: c.view_mut() }).collect();
        plan.matmul_many(&mut batch).unwrap();
        assert!(c.iter().all(|c| c == a.dot(&a)), "{ranking:?}");

        let x = Array1::from_elem(10, 2.0_f32);
        assert_eq!(plan.dot_many(&[(x.view(), x.view()); 5]).unwrap(), [40.0; 5]);

        let mut sums = vec![Array2::zeros((4, 4)); 3];
        let tasks: Vec<_> = sums
            .iter_mut()
            .map(|out| Task::Binary { f: Binary::Add, x: Some(a.view()), y: a.view(), out: out.view_mut() })
            .collect();
        plan.run(&mut Batch::from(tasks)).unwrap();
        assert!(sums.iter().all(|sum| *sum == &a + &a));

        let calls = AtomicUsize::new(0);
        plan.for_each(100, |i| {
            calls.fetch_add(i, Ordering::Relaxed);
        })
        .unwrap();
        assert_eq!(calls.into_inner(), 4950);
    }
}

#[test]
fn a_task_that_fails_is_named_and_the_others_are_done() {
    let plan = plan(&["reference:1+threads:2:1"], &workload(8));
    let (a, narrow) = (Array2::<f64>::eye(4), Array2::<f64>::eye(3));
    let mut c = vec![Array2::zeros((4, 4)); 3];
    let mut batch: Vec<_> = c.iter_mut().map(|c| Product { a: a.view(), b: a.view(), c: c.view_mut() }).collect();
    batch[1].b = narrow.view();
    let error = plan.matmul_many(&mut batch).unwrap_err().to_string();
    assert!(error.contains("task 1") && error.contains("B 3x3"), "{error}");
    assert!(c[0] == a && c[2] == a);
    let error = plan.for_each(5, |i| assert!(i != 3, "no threes")).unwrap_err().to_string();
    assert!(error.contains("task 3 panicked: no threes"), "{error}");
}

/// Small products share a call of the backend, which stops at the one that it refuses: each is then called alone.
#[test]
fn a_product_that_fails_among_small_ones_is_named_and_the_others_are_done() {
    for ranking in ["reference:1+serial", "reference:1+threads:2", "reference:1+rayon:2:20"] {
        let plan = plan(&[ranking], &workload(8));
        let (a, narrow) = (Array2::<f64>::eye(4), Array2::<f64>::eye(3));
        let mut c = vec![Array2::from_elem((4, 4), f64::NAN); 150];
        let product = |(i, c)| {
            let b = if [77, 78, 140].contains(&i) { narrow.view() } else { a.view() };
            Task::MatMul(Product { a: a.view(), b, c: ArrayViewMut2::from(c) })
        };
        let tasks: Vec<_> = c.iter_mut().enumerate().map(product).collect();
        let mut batch = Batch::from(tasks);
        assert!(matches!(batch, Batch::Products(_)) && batch.len() == 150);
        let error = plan.run(&mut batch).unwrap_err().to_string();
        assert!(error.starts_with("task 77 failed: ") && error.contains("B 3x3"), "{ranking}: {error}");
        assert!(error.ends_with("(and 2 other tasks failed)"), "{ranking}: {error}");
        let done = c.iter().enumerate().filter(|(_, c)| **c == a).map(|(i, _)| i);
        assert!(done.eq((0..150).filter(|i| ![77, 78, 140].contains(i))), "{ranking}");
    }
}
