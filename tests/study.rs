//! `gingham study`, with small sizes, and with a program that stands for Python.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A folder on the disk of this repository: a memory file system has no cold files.
fn folder() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

/// `gingham study` with its temporary files in `scratch`.
fn study(scratch: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gingham"));
    command.arg("study").args(args).env("TMPDIR", scratch);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn stdout_of(output: &Output) -> String {
    assert!(output.status.success(), "{}: {}", output.status, text(&output.stderr));
    text(&output.stdout)
}

/// A folder of peers whose Python is this shell script.
fn peers(script: &str) -> (TempDir, PathBuf) {
    let folder = folder();
    let python = folder.path().join(".venv/bin/python");
    fs::create_dir_all(python.parent().unwrap()).unwrap();
    fs::write(&python, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    let path = folder.path().to_owned();
    (folder, path)
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn every_study_has_figures_in_every_row() {
    let (scratch, out) = (folder(), folder());
    let file = out.path().join("studies.md");
    let args = ["all", "--quick", "--peers", "none", "--markdown", file.to_str().unwrap()];
    let tables = stdout_of(&study(scratch.path(), &args).output().expect("the program starts"));
    let without: Vec<&str> = tables.lines().filter(|line| line.contains("no figures")).collect();
    let is_allowed = |line: &&str| line.contains("`openblas` is not compiled in") || line.contains("stay in memory");
    assert!(without.iter().all(is_allowed), "{without:?}");
    let list = stdout_of(&study(scratch.path(), &["list"]).output().unwrap());
    let markdown = fs::read_to_string(&file).unwrap();
    assert_eq!(list.lines().count(), 5);
    for name in list.lines().map(|line| line.split_whitespace().next().unwrap()) {
        assert!(tables.contains(&format!("`gingham study {name} --quick`")), "{name}");
        assert!(markdown.contains(&format!("(`{name}`)\n")), "{name}");
        assert!(include_str!("../docs/studies.md").contains(&format!("`{name}`")), "docs/studies.md: {name}");
    }
    for row in ["processes/shm, per MiB", "empty task, threads, asleep", "CSV, save, 2 threads", "floor"] {
        assert!(markdown.contains(&format!("| {row} | ")), "{row}: {markdown}");
    }
    assert!(is_empty(scratch.path()), "files are left");
}

#[test]
fn rows_of_python_stand_in_the_same_table() {
    let line =
        r#"{"row": "pipe, per task", "unit": "us", "median": 136.9, "low": 121, "high": 183, "n": 9, "note": "by $*"}"#;
    let (_folder, path) = peers(&format!("cat <<EOF\n{line}\nEOF"));
    let scratch = folder();
    let args = ["share-arrays", "--quick", "--peers", path.to_str().unwrap()];
    let table = stdout_of(&study(scratch.path(), &args).output().unwrap());
    let row = table.lines().find(|line| line.trim_start().starts_with("pipe, per task ")).expect(&table);
    assert_eq!(row.split_whitespace().skip(3).take(5).collect::<Vec<_>>(), ["peer", "137", "121", "..", "183"]);
    let program = path.join("studies/share_arrays.py");
    let sizes = format!("{} --mib 1 2 --rounds 2 --tasks 3", program.display());
    assert!(table.contains(&format!("pipe, per task: by {sizes} --directory ")), "{table}");
    assert!(table.contains(&format!("{sizes}`\n")), "{table}");
}

#[test]
fn what_python_has_measured_before_it_fails_is_kept() {
    let line = r#"{"row": "pipe, per task", "missing": "no pipe"}"#;
    let (_folder, path) = peers(&format!("echo '{line}'; exit 3"));
    let args = ["share-arrays", "--quick", "--peers", path.to_str().unwrap()];
    let table = stdout_of(&study(folder().path(), &args).output().unwrap());
    assert!(table.contains("pipe, per task: no figures: no pipe\n"), "{table}");
    assert!(table.contains("the rest of share_arrays: no figures: exit status: 3: \n"), "{table}");
}

#[test]
fn what_python_fails_with_is_said_and_ours_stand() {
    let (_folder, path) = peers("echo 'ModuleNotFoundError: no numpy' >&2; exit 1");
    let args = ["share-arrays", "--quick", "--peers", path.to_str().unwrap()];
    let table = stdout_of(&study(folder().path(), &args).output().unwrap());
    assert!(table.contains("exit status: 1: ModuleNotFoundError: no numpy\n"), "{table}");
    assert!(table.contains("processes/shm, per task "), "{table}");
}

/// Python has begun, and would take a minute.
#[test]
fn ctrl_c_ends_it_with_what_is_known() {
    let (begun, scratch) = (folder(), folder());
    let mark = begun.path().join("begun");
    let script = format!("touch {}; trap 'kill $!; exit 143' TERM; sleep 60 & wait", mark.display());
    let (_folder, path) = peers(&script);
    let mut command = study(scratch.path(), &["all", "--quick", "--peers", path.to_str().unwrap()]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let begin = Instant::now();
    while !mark.exists() {
        assert!(begin.elapsed() < Duration::from_secs(60), "the peers' program has not begun");
        thread::sleep(Duration::from_millis(20));
    }
    let told = Instant::now();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(told.elapsed() < Duration::from_secs(30), "{:?}", told.elapsed());
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    let (table, said) = (text(&output.stdout), text(&output.stderr));
    assert!(
        table.contains("processes/shm, per task ") && table.contains("ended before it had measured all"),
        "{table}"
    );
    assert!(!table.contains("Starting workers"), "the next study has begun: {table}");
    assert!(said.contains("interrupted"), "{said}");
    assert!(is_empty(scratch.path()), "files are left");
}
