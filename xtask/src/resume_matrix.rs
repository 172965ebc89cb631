//! `cargo xtask resume-matrix [--short]`: kills tunings at different moments late in their run, and resumes each from
//! its journal.
//!
//! A resumed tuning must be whole: it ends well, no combination has failed, its journal begins with the killed one's
//! lines, its winner is not far slower than the other combinations, and its journal gives the same result again. On the
//! mock clock `harness/tests/resume.rs` shows more, at every event; this shows it with real processes and files.
//!
//! The short form takes the program that the tests have built, so that it compiles nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use gingham_machine::environment::kernel_variables;
use serde_json::Value;

use crate::command::finish;
use crate::workspace::{Workspace, cargo};

/// Time between two kills.
const STEP: Duration = Duration::from_millis(50);

/// The number of kills, and that of the short form.
const KILLS: u32 = 20;
const KILLS_IN_SHORT: u32 = 4;

/// The workload: so little work that threads cost more than they gain, so that a wrong answer shows at once.
const TUNING: &str = "tune --op exp --shape 1000 --tasks 4 --budget 3s --backend simd --executor serial,threads \
                      --no-save --format json";

/// The winner's best time may be this many times the quickest combination's, which leaves room for noise; a candidate
/// that won because all others had been lost took twelve times as long.
const FAR_SLOWER: f64 = 3.0;

pub(crate) fn run(short: bool) -> Result<ExitCode> {
    let target = Workspace::load()?.target;
    let program = if short { target.join("debug/gingham") } else { target.join("release/gingham") };
    if !short {
        finish(cargo().args(["build", "--release", "-p", "gingham"]), "cargo build --release -p gingham")?;
    }
    ensure!(program.is_file(), "there is no {}: `cargo build` makes it", program.display());
    let folder = tempfile::tempdir().context("a temporary folder")?;

    let whole = Tuning::new(&program, folder.path(), 0);
    let started = Instant::now();
    let output = whole.start()?.wait_with_output()?;
    let took = started.elapsed();
    ensure!(output.status.success(), "an undisturbed tuning: {}", said(&output));
    println!("killed at   lines  took    crowned");

    let kills = if short { KILLS_IN_SHORT } else { KILLS };
    let step = STEP * (KILLS / kills);
    let mut failed = 0;
    for kill in 0..kills {
        let killed_at = took.saturating_sub(step * (kills - kill));
        failed += usize::from(!resume(&Tuning::new(&program, folder.path(), kill + 1), killed_at)?);
    }
    println!("{failed} of {kills} resumed tunings are wrong");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A tuning with its journal.
struct Tuning<'a> {
    program: &'a Path,
    journal: PathBuf,
    seed: u32,
}

impl<'a> Tuning<'a> {
    fn new(program: &'a Path, folder: &Path, seed: u32) -> Self {
        Self { program, journal: folder.join(format!("journal-{seed}")), seed }
    }

    fn start(&self) -> Result<std::process::Child> {
        let mut command = Command::new(self.program);
        command.args(TUNING.split_whitespace()).args(["--seed", &self.seed.to_string()]);
        kernel_variables().iter().for_each(|(name, _)| _ = command.env_remove(name));
        command.arg("--resume").arg(&self.journal).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().context("gingham tune")
    }

    /// The whole lines of its journal.
    fn lines(&self) -> Vec<u8> {
        let mut bytes = fs::read(&self.journal).unwrap_or_default();
        bytes.truncate(bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1));
        bytes
    }
}

/// Kills a tuning after `killed_at`, resumes it, prints what came of it, and returns whether that is whole.
fn resume(tuning: &Tuning<'_>, killed_at: Duration) -> Result<bool> {
    let mut child = tuning.start()?;
    sleep(killed_at);
    child.kill()?;
    child.wait()?;
    let before = tuning.lines();

    let started = Instant::now();
    let output = tuning.start()?.wait_with_output()?;
    let took = started.elapsed();
    let (crowned, mut faults) = match serde_json::from_slice::<Value>(&output.stdout) {
        Ok(outcome) if output.status.success() => judge(&outcome),
        _ => ("none".into(), vec![said(&output)]),
    };
    if !tuning.lines().starts_with(&before) {
        faults.push("the journal does not begin with the killed one's lines".into());
    }
    let again = tuning.start()?.wait_with_output()?;
    if again.stdout != output.stdout || again.status != output.status {
        faults.push(format!("the whole journal gives another result: {}", said(&again)));
    }
    let lines = before.iter().filter(|&&byte| byte == b'\n').count();
    println!("{:>7.2} s  {lines:>6}  {:.2} s  {crowned}", killed_at.as_secs_f64(), took.as_secs_f64());
    faults.iter().for_each(|fault| println!("           WRONG: {fault}"));
    Ok(faults.is_empty())
}

/// The winner, with its slowness against the quickest; and everything that is wrong with the outcome.
fn judge(outcome: &Value) -> (String, Vec<String>) {
    let trials = outcome["trials"].as_array().map_or(&[][..], Vec::as_slice);
    let name = |trial: &Value| trial["combination"].as_str().unwrap_or("?").to_owned();
    let lost = trials.iter().filter(|trial| !matches!(trial["status"].as_str(), Some("ok" | "skipped")));
    let mut faults: Vec<String> = lost.map(|trial| format!("{} {}", name(trial), trial["reason"])).collect();
    let bests: Vec<(String, f64)> = trials.iter().filter_map(|trial| Some((name(trial), at_best(trial)?))).collect();
    let quickest = bests.iter().map(|(_, seconds)| *seconds).fold(f64::INFINITY, f64::min);
    let crowned = outcome["best"].as_str().unwrap_or("none");
    let Some((_, own)) = bests.iter().find(|(name, _)| name == crowned) else {
        faults.push("what is crowned has no samples".into());
        return (crowned.into(), faults);
    };
    let slower = own / quickest;
    if slower > FAR_SLOWER {
        faults.push("what is crowned is far slower than its peers".into());
    }
    (format!("{crowned}, {slower:.2} x the quickest at its best"), faults)
}

/// The fewest seconds that a task took.
fn at_best(trial: &Value) -> Option<f64> {
    let samples = trial["samples"].as_array()?.iter();
    let seconds = samples.filter_map(|sample| Some(sample["wall_s"].as_f64()? / sample["tasks"].as_f64()?));
    seconds.min_by(f64::total_cmp)
}

/// How a program ended, in one line.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    format!("{}, {}", output.status, text.trim().replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn trial(name: &str, status: &str, wall_s: f64) -> Value {
        let samples = json!([{"wall_s": wall_s, "tasks": 4}, {"wall_s": 9.0, "tasks": 4}]);
        json!({"combination": name, "status": status, "reason": "why", "samples": samples})
    }

    #[test]
    fn what_is_wrong_with_a_resumed_tuning_is_seen() {
        let outcome = |best: &str, status: &str| {
            let trials = [trial("a", "ok", 1.0), trial("b", status, 1.4), trial("c", "skipped", 12.0)];
            judge(&json!({"best": best, "trials": trials}))
        };
        assert_eq!(outcome("b", "ok"), ("b, 1.40 x the quickest at its best".into(), vec![]));
        assert_eq!(outcome("a", "failed").1, ["b \"why\""]);
        assert_eq!(outcome("c", "ok").1, ["what is crowned is far slower than its peers"]);
        assert_eq!(outcome("d", "ok").1, ["what is crowned has no samples"]);
        assert_eq!(judge(&json!({})).0, "none");
    }
}
