//! `gingham tune`, `run`, `profile` and the report forms, as a user types them.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use gingham::core::{Op, Support};
use serde_json::Value;

fn gingham(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gingham")).args(args).output().expect("the program starts")
}

fn stdout_of(output: &Output) -> String {
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// A short tuning over serial executions, in the JSON form.
fn tune(op: &str, shape: &str) -> Value {
    let args = ["tune", "--op", op, "--shape", shape, "--tasks", "8", "--executor", "serial", "--op-threads", "1"];
    let output = gingham(&[&args[..], &["--budget", "20s", "--format", "json", "--no-save"]].concat());
    serde_json::from_str(&stdout_of(&output)).expect("JSON")
}

fn trials<'a>(outcome: &'a Value, backend: &'a str) -> impl Iterator<Item = &'a Value> {
    outcome["trials"].as_array().expect("a list").iter().filter(move |trial| trial["backend"] == backend)
}

#[test]
fn json_has_the_stable_fields() {
    let outcome = tune("matmul", "48");
    for field in ["schema", "machine", "versions", "workload", "seed", "trials", "rounds", "best", "tied"]
        .into_iter()
        .chain(["confirmation", "stopped_because", "stopped", "elapsed_s", "never_started"])
    {
        assert!(outcome.get(field).is_some(), "{field}");
    }
    assert_eq!(outcome["schema"], "gingham.tune/1");
    assert!(outcome["machine"]["env_cleared"].is_array());
    assert!(outcome["machine"]["ceilings"]["per_core"]["fma_f64"].as_f64().is_some_and(|rate| rate > 1e8));
    assert!(outcome["rounds"]["kept"].as_u64().is_some_and(|kept| kept >= 2));
    let trial = trials(&outcome, "simd").next().expect("a trial of simd");
    for field in ["combination", "backend", "op_threads", "executor", "transport", "workers", "chunk", "status"]
        .into_iter()
        .chain(["reason", "samples", "cold_s", "peak_rss_bytes", "threads", "median_s", "ci95_s", "rate", "rate_unit"])
        .chain([
            "error_ratio",
            "eliminated",
            "left",
            "ratio_to_best",
            "ratio_ci95",
            "shared_rounds",
            "extrapolated",
            "not_started",
        ])
    {
        assert!(trial.get(field).is_some(), "{field}");
    }
    let sample = &trial["samples"][0];
    for field in ["round", "wall_s", "user_s", "sys_s", "minor_faults", "voluntary_switches", "involuntary_switches"]
        .into_iter()
        .chain(["steal_s", "tasks"])
    {
        assert!(sample.get(field).is_some_and(Value::is_number), "{field}");
    }
}

#[test]
fn every_backend_multiplies_and_the_reference_is_raced_once() {
    let outcome = tune("matmul", "33x17x29");
    let registry = gingham::registry();
    for id in registry.ids() {
        let statuses: Vec<&Value> = trials(&outcome, &id).map(|trial| &trial["status"]).collect();
        assert_eq!(statuses, ["ok"], "{id}: {outcome:#}");
    }
}

#[test]
fn a_fallback_is_one_skipped_row() {
    let registry = gingham::registry();
    for (op, shape) in [("dot", "5000"), ("exp", "40x50")] {
        let outcome = tune(op, shape);
        let parsed: Op = op.parse().expect("an operation");
        let dtype = "f64".parse().expect("a dtype");
        for backend in registry.iter() {
            let id = backend.info().id;
            let statuses: BTreeSet<&str> =
                trials(&outcome, &id).map(|trial| trial["status"].as_str().expect("a word")).collect();
            let native = backend.support(parsed, dtype) == Support::Native || id == "reference";
            assert_eq!(statuses, BTreeSet::from([if native { "ok" } else { "skipped" }]), "{op} on {id}");
            assert_eq!(trials(&outcome, &id).count(), 1, "{op} on {id}");
        }
    }
}

#[test]
fn an_answer_is_saved_shown_and_applied() {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("deep/profile.json");
    let profile = profile.to_str().expect("text");
    let workload = ["--op", "matmul", "--shape", "32", "--tasks", "16"];
    let tune = ["--backend", "simd", "--executor", "serial", "--op-threads", "1", "--budget", "20s", "--format", "csv"];
    let csv = stdout_of(&gingham(&[&["tune"], &workload[..], &tune[..], &["--profile", profile]].concat()));
    assert!(csv.starts_with("combination,backend,op_threads,"), "{csv}");
    assert!(csv.contains("\nsimd:1+serial,simd,1,serial,1,0,ok,"), "{csv}");

    let shown = stdout_of(&gingham(&["profile", "show", "--profile", profile]));
    assert!(shown.contains("matmul 32x32x32 f64, 16 tasks") && shown.contains("simd:1+serial"), "{shown}");
    assert!(shown.contains("\n  saved 20") && shown.contains(" UTC, seed 0\n"), "{shown}");
    assert!(!shown.contains("stale"), "{shown}");

    let env = stdout_of(&gingham(&["profile", "env", "--profile", profile]));
    assert_eq!(env, "# matmul 32x32x32 f64, 16 tasks: simd:1+serial needs no variable\n");
    // No test depends on its speed: the answer holds, or it has moved.
    let check = gingham(&["profile", "check", "--profile", profile]);
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    let holds = said.starts_with("matmul 32x32x32 f64, 16 tasks: holds: simd:1+serial takes ");
    assert!(holds || said.starts_with("matmul 32x32x32 f64, 16 tasks: moved: "), "{said}");
    assert_eq!(check.status.code(), Some(i32::from(!holds)), "{said}");

    let run = gingham(&[&["run"], &workload[..], &["--profile", profile]].concat());
    assert!(stdout_of(&run).contains("with simd:1+serial"));
    let note = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(note.contains("simd:1+serial, the saved answer"), "{note}");

    let other = gingham(&["run", "--op", "dot", "--shape", "99", "--tasks", "4", "--profile", profile]);
    assert!(stdout_of(&other).starts_with("dot 99 f64, 4 tasks"));
    assert!(String::from_utf8_lossy(&other.stderr).contains("no saved answer"));

    stdout_of(&gingham(&["profile", "clear", "--profile", profile]));
    assert!(!Path::new(profile).exists());
}

#[test]
fn a_narrower_tuning_leaves_a_wider_answer_and_says_what_would_save_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("my answers.json");
    let profile = profile.to_str().expect("text");
    let tune = |flags: &[&str]| {
        let args =
            ["tune", "--op", "fill", "--shape", "1000", "--tasks", "4", "--executor", "serial", "--budget", "20s"];
        let output = gingham(&[&args[..], &["--profile", profile], flags].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let saved = tune(&["--peer", "broken=false"]);
    assert!(saved.contains(&format!("Saved to {profile}: ")), "{saved}");
    let warned = saved.find("gingham: warning: the answer is partial").expect("a peer failed");
    assert!(warned < saved.find("Saved to").expect("it is saved"), "warnings go first: {saved}");
    let kept = tune(&["--backend", "reference", "--op-threads", "1"]);
    let what = "an answer for this that was chosen among more combinations, and one with --backend reference \
                --executor serial";
    let forget = format!("`gingham profile forget --op fill --shape 1000 --tasks 4 --profile '{profile}'`");
    assert!(kept.contains("Not saved: ") && kept.contains(what) && kept.contains(&forget), "{kept}");
    let shown = stdout_of(&gingham(&["profile", "show", "--profile", profile]));
    assert!(shown.contains("\n  narrowed by --executor serial\n") && !shown.contains("--backend"), "{shown}");
}

#[test]
fn a_result_goes_to_a_file_as_a_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("result.md");
    let args = ["tune", "--op", "fill", "--shape", "1000", "--tasks", "4", "--executor", "serial", "--budget", "20s"];
    let output = gingham(
        &[&args[..], &["--no-save", "--format", "markdown", "--output", file.to_str().expect("text")]].concat(),
    );
    assert_eq!(stdout_of(&output), "");
    let text = std::fs::read_to_string(&file).expect("the file is there");
    assert!(text.starts_with("## fill 1000 f64, 4 tasks\n") && text.contains("| arrangement |"), "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "no temporary file is left");
}

/// A short tuning with a journal, in the JSON form.
fn tune_with_journal(journal: &Path, seed: &str) -> Output {
    let args = ["tune", "--op", "exp", "--shape", "1000", "--tasks", "4", "--executor", "serial", "--op-threads", "1"];
    let journal = ["--seed", seed, "--resume", journal.to_str().expect("text")];
    gingham(&[&args[..], &["--budget", "20s", "--format", "json", "--no-save"], &journal[..]].concat())
}

#[test]
fn a_journal_goes_on_where_it_was_cut_and_a_whole_one_gives_its_result_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = folder.path().join("journal");
    let whole = stdout_of(&tune_with_journal(&journal, "5"));
    let bytes = std::fs::read(&journal).expect("a journal");
    assert_eq!(stdout_of(&tune_with_journal(&journal, "5")), whole);
    assert_eq!(std::fs::read(&journal).expect("a journal"), bytes, "nothing was measured again");

    let other = tune_with_journal(&journal, "6");
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert_eq!(other.status.code(), Some(2), "{said}");
    assert!(said.contains("of other settings: seed 5, here 6"), "{said}");

    let lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
    for kept in [1, 2, 4, lines.len() / 2, lines.len() - 1] {
        let before = lines[..kept].concat();
        let torn = &lines[kept][..lines[kept].len() / 2];
        std::fs::write(&journal, [&before, torn].concat()).expect("written");
        let outcome: Value = serde_json::from_str(&stdout_of(&tune_with_journal(&journal, "5"))).expect("JSON");
        let trials = outcome["trials"].as_array().expect("a list");
        let sound = |trial: &Value| trial["status"] == "ok" || trial["status"] == "skipped";
        assert!(trials.iter().all(sound) && outcome["best"].is_string(), "{kept} lines: {outcome:#}");
        assert!(std::fs::read(&journal).expect("a journal").starts_with(&before), "{kept} lines");
    }
}

#[test]
fn a_replay_fails_where_the_decisions_differ() {
    let folder = tempfile::tempdir().expect("a folder");
    let results = folder.path().join("results.json");
    let mut outcome = tune("exp", "1000");
    let mut replay = |ended: Option<&str>| {
        if let Some(ended) = ended {
            // As a later version may write it.
            (outcome["stopped_because"], outcome["stopped"]) = (ended.into(), Value::Null);
        }
        std::fs::write(&results, outcome.to_string()).expect("written");
        gingham(&["replay", results.to_str().expect("text")])
    };
    let same = stdout_of(&replay(None));
    assert!(same.contains("The same decision on the same samples."), "{same}");
    let other = replay(Some("tea"));
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert_eq!((other.status.code(), &said[..]), (Some(1), "gingham: the decisions differ in why it ended\n"));
    let text = String::from_utf8_lossy(&other.stdout).into_owned();
    assert!(text.contains("\n  why it ended: tea as recorded, "), "{text}");
}
