//! Plans: the saved answer where this process can apply it, the next best where it cannot, the rule where there is none.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use gingham_core::ndarray::{Array1, Array2};
use gingham_core::{Binary, DType, Op, Product, Registry};
use gingham_harness::profile::{Entry, Ranked};
use gingham_harness::{Profile, Session, Task, Workload, profile};
use gingham_machine::Machine;

fn workload(tasks: usize) -> Workload {
    Workload::new(Op::MatMul, DType::F64, "4", None, tasks).unwrap()
}

/// A profile file whose ranking for `workload(8)` on this machine is `ranking`, best first, 10 % apart.
fn saved(folder: &tempfile::TempDir, ranking: &[&str]) -> PathBuf {
    let machine = Machine::probe();
    let ranked = |(i, combination): (usize, &&str)| Ranked {
        combination: combination.parse().unwrap(),
        version: "1".into(),
        median_s: 1.1_f64.powi(i as i32),
        export: combination.starts_with("absent").then(|| "ABSENT_THREADS=2".into()),
    };
    let mut profile = Profile::default();
    profile.entries.push(Entry {
        cpu_model: machine.cpu_model,
        usable_cpus: machine.usable_cpus,
        workload: workload(8),
        saved_unix: 0,
        gingham: "0".into(),
        seed: 0,
        ranking: ranking.iter().enumerate().map(ranked).collect(),
    });
    let path = folder.path().join("profile.json");
    std::fs::write(&path, serde_json::to_vec(&profile).unwrap()).unwrap();
    path
}

fn plan(ranking: &[&str], workload: &Workload) -> gingham_harness::Plan {
    let folder = tempfile::tempdir().unwrap();
    Session::with_profile(Registry::new(), &saved(&folder, ranking)).unwrap().plan(workload).unwrap()
}

#[test]
fn the_best_saved_combination_is_applied() {
    let plan = plan(&["reference:1+threads:2:1", "reference:1+serial"], &workload(8));
    assert_eq!(plan.combination().to_string(), "reference:1+threads:2:1");
    assert!(plan.note().contains("the saved answer for matmul 4x4x4 f64, 8 tasks"), "{}", plan.note());
}

#[test]
fn what_cannot_be_applied_is_passed_over_and_said() {
    let plan = plan(&["absent:2+serial", "reference:2+serial", "reference:1+rayon:2"], &workload(9));
    assert_eq!(plan.combination().to_string(), "reference:1+rayon:2");
    let note = plan.note();
    assert!(note.contains("passed over absent:2+serial, 21.0 % faster: unknown backend `absent`"), "{note}");
    assert!(note.contains("`export ABSENT_THREADS=2` would get it"), "{note}");
    assert!(note.contains("passed over reference:2+serial, 10.0 % faster"), "{note}");
}

#[test]
fn without_an_answer_the_rule_holds_and_is_said() {
    let other = Workload::new(Op::MatMul, DType::F64, "5", None, 8).unwrap();
    let plan = plan(&["reference:1+serial"], &other);
    assert!(
        plan.note().contains("no saved answer for matmul 5x5x5") && plan.note().contains("by rule"),
        "{}",
        plan.note()
    );
    let single = Session::without_profile(Registry::new()).plan(&workload(1)).unwrap();
    assert_eq!(single.combination().to_string(), "reference:1+serial");
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
        let mut tasks: Vec<_> = sums
            .iter_mut()
            .map(|out| Task::Binary { f: Binary::Add, x: Some(a.view()), y: a.view(), out: out.view_mut() })
            .collect();
        plan.run(&mut tasks).unwrap();
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

#[test]
fn damaged_and_foreign_profiles_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("profile.json");
    let load = |text: &[u8]| {
        std::fs::write(&path, text).unwrap();
        Profile::load(&path)
    };
    let whole = std::fs::read(saved(&folder, &["reference:1+serial"])).unwrap();
    assert_eq!(load(&whole).unwrap().entries.len(), 1);
    for cut in 0..whole.len() {
        assert!(matches!(load(&whole[..cut]), Err(profile::Error::Damaged { .. })), "cut at {cut}");
    }
    let wrong = String::from_utf8(whole).unwrap();
    for (from, to) in [("reference:1+serial", "reference:1+fork"), ("4x4x4", "4x4"), ("\"tasks\":8", "\"tasks\":0")] {
        assert!(wrong.contains(from), "{wrong}");
        let damaged = load(wrong.replace(from, to).as_bytes());
        assert!(matches!(damaged, Err(profile::Error::Damaged { .. })), "{to}");
    }
    let foreign = load(wrong.replace("gingham.profile/1", "gingham.profile/2").as_bytes());
    assert!(matches!(foreign, Err(profile::Error::Foreign { .. })));
    assert!(load(&[b'['; 100_000]).is_err(), "nesting is limited");
    assert!(load(&[0xff; 100]).is_err());
    assert_eq!(Profile::load(&folder.path().join("none.json")).unwrap(), Profile::default());
}
