//! A backend in a crate outside the workspace: what it costs its author is `tests/external/mine.rs`.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn is_listed_and_tuned() {
    let folder = tempfile::tempdir().unwrap();
    let program = build(folder.path());

    let listed = output(Command::new(&program).arg("list"));
    assert!(listed.lines().any(|line| line.split_whitespace().any(|word| word == "mine")), "{listed}");

    let tune = ["tune", "--op", "matmul", "--shape", "64", "--tasks", "8", "--backend", "mine", "--budget", "20s"];
    let tuned = output(Command::new(&program).args(tune).args(["--format", "json", "--no-save"]));
    let tuned: Value = serde_json::from_str(&tuned).unwrap();
    let trials: Vec<&Value> =
        tuned["trials"].as_array().unwrap().iter().filter(|trial| trial["backend"] == "mine").collect();
    assert!(!trials.is_empty(), "{tuned:#}");
    for trial in trials {
        assert_eq!(trial["status"], "ok", "{trial:#}");
    }
}

/// Writes the crate to `folder` and builds it. It builds into this repository's target folder, under the same profile
/// and the same lock file, so that the libraries that both use are built once.
fn build(folder: &Path) -> PathBuf {
    fs::create_dir(folder.join("src")).unwrap();
    fs::write(folder.join("src/main.rs"), include_str!("external/mine.rs")).unwrap();
    // Our crates are built again in another workspace; unoptimised that takes 20 s instead of a minute.
    let quick = ["core", "harness", "machine"].map(|name| format!("gingham-{name}.opt-level = 0\n")).concat();
    let manifest = include_str!("external/manifest.toml").replace("ROOT", ROOT) + &profiles() + &quick;
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::copy(Path::new(ROOT).join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();

    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let build = ["build", "--offline", "--quiet", "--target-dir"];
    output(Command::new(env!("CARGO")).args(build).arg(target).current_dir(folder));
    target.join("debug/mine")
}

/// The `[profile.*]` sections of the root manifest, that of the packages of `dev` last.
fn profiles() -> String {
    let mut inside = false;
    let mut text = String::new();
    for line in include_str!("../Cargo.toml").lines() {
        inside = if line.starts_with('[') { line.starts_with("[profile.") } else { inside };
        if inside {
            text += line;
            text += "\n";
        }
    }
    text
}

/// What `command` prints; it must succeed.
fn output(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{command:?}: {status}\n{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}
