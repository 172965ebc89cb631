//! Threads, processes and descriptors that the system refuses: fewer candidates, a reason each, and never a panic; and
//! a tuning that is stopped for a while.
#![cfg(target_os = "linux")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use gingham::core::skip;
use serde_json::Value;

/// A user id that nobody has, so that no other process counts.
const USER: &str = "54321";

const TUNE: [&str; 14] = [
    "tune",
    "--op",
    "matmul",
    "--shape",
    "16",
    "--tasks",
    "16",
    "--backend",
    "simd,faer",
    "--budget",
    "6s",
    "--no-save",
    "--format",
    "csv",
];

/// The program as `USER` under a limit of `prlimit`. A library that is linked must not start threads before `main`.
fn limited(program: &Path, limit: &str, args: &[&str]) -> Output {
    let mut command = Command::new("prlimit");
    command
        .args([limit, "setpriv"])
        .arg(format!("--reuid={USER}"))
        .arg(format!("--regid={USER}"))
        .arg("--clear-groups");
    command.arg(program).args(args).env("OPENBLAS_NUM_THREADS", "1").output().expect("it is part of util-linux")
}

/// The program ended as it does after it has said why, in lines of its own.
fn assert_said(output: &Output, limit: &str, args: &[&str]) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{limit}, {args:?}: {said}");
    let code = output.status.code();
    assert!(matches!(code, Some(0..=2)), "{limit}, {args:?}: {}: {said}", output.status);
    assert!(code == Some(0) || said.contains("gingham: "), "{limit}, {args:?}: {said}");
    said
}

#[test]
fn where_threads_or_descriptors_run_out_it_is_said() {
    if !rustix::process::geteuid().is_root() {
        skip!("only root can become another user");
        return;
    }
    // Where another user finds it.
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("ours");
    let program = folder.path().join("gingham");
    std::fs::copy(env!("CARGO_BIN_EXE_gingham"), &program).expect("a copy");

    for threads in [1, 2, 3, 5] {
        let limit = format!("--nproc={threads}");
        let listed = limited(&program, &limit, &["list"]);
        assert!(listed.status.success(), "{listed:?}");
        assert_said(&listed, &limit, &["list"]);
        assert_said(&limited(&program, &limit, &TUNE), &limit, &TUNE);
    }
    if gingham::machine::Machine::probe().usable_cpus > 1 {
        let said = assert_said(&limited(&program, "--nproc=2", &["list"]), "--nproc=2", &["list"]);
        assert!(said.contains("threads could be started") && said.contains("`ulimit -u`"), "{said}");
    }
    for descriptors in [4, 6, 9, 16] {
        let limit = format!("--nofile={descriptors}");
        assert_said(&limited(&program, &limit, &["list"]), &limit, &["list"]);
        assert_said(&limited(&program, &limit, &TUNE), &limit, &TUNE);
    }
}

#[test]
fn time_in_which_a_tuning_is_stopped_does_not_count() {
    let start = Instant::now();
    let tuning = Command::new(env!("CARGO_BIN_EXE_gingham"))
        .args(["tune", "--op", "fill", "--shape", "10000", "--tasks", "8", "--backend", "simd", "--budget", "6s"])
        .args(["--no-save", "--format", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let send = |signal: &str| Command::new("kill").args([signal, &tuning.id().to_string()]).status().expect("kill");
    std::thread::sleep(Duration::from_secs(3));
    assert!(send("-STOP").success());
    std::thread::sleep(Duration::from_secs(8));
    assert!(send("-CONT").success());
    let output = tuning.wait_with_output().expect("it ends");
    let took = start.elapsed().as_secs_f64();
    assert!(output.status.success(), "{}", output.status);
    let outcome: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let elapsed = outcome["elapsed_s"].as_f64().expect("a number");
    // Of the eight seconds, only the first counts.
    assert!(took - elapsed > 6.0, "{elapsed} s of {took} s");
}
