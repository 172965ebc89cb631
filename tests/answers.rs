//! Saved answers that are handed on: `profile import`, `export`, `forget`, and the system's answers.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const ANSWERS: &str = "tests/cli/answers.json";

/// Runs `gingham profile` with a home of its own.
fn profile(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gingham"));
    command.arg("profile").args(args).env("XDG_CONFIG_HOME", home.join("own"));
    command.env("XDG_CONFIG_DIRS", home.join("all")).output().expect("the program starts")
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[test]
fn answers_are_taken_in_handed_on_and_forgotten() {
    let home = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| profile(home.path(), args);
    let own = home.path().join("own/gingham/profile.json");
    assert_eq!(said(&run(&["import", ANSWERS])), format!("Took 1 answer into {}.\n", own.display()));

    let older = home.path().join("older.json");
    let text = fs::read_to_string(ANSWERS).expect("answers");
    let earlier = text.replace("\"saved_unix\": 1709251199", "\"saved_unix\": 1709251198");
    assert_ne!(earlier, text);
    fs::write(&older, earlier).expect("written");
    let taken = said(&run(&["import", older.to_str().unwrap()]));
    assert!(taken.starts_with("Took 0 answers") && taken.contains("1 left out"), "{taken}");

    let exported = said(&run(&["export"]));
    assert_eq!(exported, fs::read_to_string(&own).expect("a profile"));
    let one = said(&run(&["export", "--op", "matmul", "--shape", "64", "--tasks", "32"]));
    assert_eq!(one, exported);
    assert_eq!(run(&["export", "--op", "dot", "--shape", "64", "--tasks", "32"]).status.code(), Some(1));

    let other = home.path().join("other.json");
    let mut import = Command::new(env!("CARGO_BIN_EXE_gingham"));
    import.args(["profile", "import", "-", "--profile"]).arg(&other).stdin(fs::File::open(&own).expect("a profile"));
    assert!(import.stdout(Stdio::null()).status().expect("it starts").success());
    assert_eq!(fs::read_to_string(&other).expect("a profile"), exported);

    let forgot = said(&run(&["forget", "--op", "matmul", "--shape", "64", "--tasks", "32"]));
    assert!(forgot.starts_with("Forgot 1 answer for matmul 64x64x64 f64, 32 tasks"), "{forgot}");
    assert!(said(&run(&["show"])).starts_with("No answers in "));
}

#[test]
fn answers_of_the_system_hold_where_the_user_has_none() {
    let home = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| profile(home.path(), args);
    let all = home.path().join("all/gingham/profile.json");
    fs::create_dir_all(all.parent().unwrap()).expect("a folder");
    fs::copy(ANSWERS, &all).expect("copied");
    let shown = said(&run(&["show"]));
    assert!(shown.starts_with(&format!("In {}, for all users:\nmatmul 64x64x64 f64", all.display())), "{shown}");
    let env = ["env", "--op", "matmul", "--shape", "64", "--tasks", "32"];
    assert!(said(&run(&env)).starts_with("# matmul 64x64x64 f64, 32 tasks: "));

    said(&run(&["import", ANSWERS]));
    let shown = said(&run(&["show"]));
    assert!(shown.starts_with("matmul 64x64x64 f64") && !shown.contains("for all users"), "{shown}");
    said(&run(&["clear"]));
    assert!(all.exists(), "what is for all users stays");

    // A named file is the only one that is read.
    let none = home.path().join("none.json");
    assert!(said(&run(&["show", "--profile", none.to_str().unwrap()])).starts_with("No answers in "));
    fs::write(&all, "{").expect("written");
    let damaged = run(&["show"]);
    assert_eq!(damaged.status.code(), Some(2), "{damaged:?}");
}
