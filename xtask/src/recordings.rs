//! `cargo xtask recordings [simulated | NAME...]`: makes the recordings in harness/tests/recordings again.
//!
//! Each is the result of `gingham tune --strategy exhaustive`, cut down to the fields that decisions use: samples keep
//! their round, time, tasks and the CPU time of other programs; numbers keep six digits. Recordings of a simulated
//! machine take their noise from the measured ones. The measured ones take 15 to 40 minutes of a machine that does
//! nothing else. With `simulated` they stay as they are; with names, only the named ones are made again.
//!
//! The quietest of a few runs is kept. Other machines' use of the memory bus and of the CPUs changes by the minute:
//! five runs of `dot` had spreads of 4 to 9 %. At 9 % the fastest of 67 is the luckiest, and regret says nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::command::finish;
use crate::workspace::{Workspace, cargo, root};

const FOLDER: &str = "harness/tests/recordings";

/// The list of what is recorded.
const LIST: &str = include_str!("../../benches/workloads/recordings.toml");

/// Time for each run: it bounds the slowest sample, and no recording should need all of it.
const BUDGET: &str = "300s";

/// Spread at which a run is quiet enough, and how many runs are made to find one.
const QUIET: (f64, usize) = (0.06, 3);

/// Digits that numbers keep: a clock resolves no more of 20 ms.
const DIGITS: usize = 6;

/// Fields of a sample that decisions use.
const SAMPLE: [&str; 7] = ["round", "wall_s", "tasks", "repeat", "steal_s", "others_s", "set_aside"];

pub(crate) fn run(names: &[&str]) -> Result<ExitCode> {
    let folder = root().join(FOLDER);
    let whole = tempfile::tempdir().context("a temporary folder")?;
    let chosen = chosen(names)?;
    if !chosen.is_empty() {
        measure(&chosen, whole.path())?;
        cut_down(whole.path(), &folder)?;
    }
    let simulated = tempfile::tempdir().context("a temporary folder")?;
    let simulate = ["run", "-p", "gingham-harness", "--example", "simulate", "--"];
    finish(cargo().args(simulate).arg(&folder).arg(simulated.path()), "cargo run --example simulate")?;
    cut_down(simulated.path(), &folder)?;
    Ok(ExitCode::SUCCESS)
}

/// The file of workloads.
#[derive(Deserialize)]
struct List {
    backends: Vec<String>,
    recording: Vec<Workload>,
}

/// A workload that is recorded.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Workload {
    name: String,
    op: String,
    shape: String,
    tasks: usize,
    /// Empty: the backends of the list.
    #[serde(default)]
    backends: Vec<String>,
}

/// The workloads of [`LIST`] that `names` selects: all without a name, none with `simulated`.
fn chosen(names: &[&str]) -> Result<Vec<Workload>> {
    let mut list: List = toml::from_str(LIST).context("benches/workloads/recordings.toml")?;
    if names == ["simulated"] {
        return Ok(Vec::new());
    }
    if let Some(unknown) = names.iter().find(|name| list.recording.iter().all(|known| known.name != **name)) {
        let known = list.recording.iter().map(|known| &*known.name).collect::<Vec<_>>().join(", ");
        bail!("no recording is called `{unknown}`; give `simulated`, or any of: {known}");
    }
    list.recording.retain(|known| names.is_empty() || names.contains(&&*known.name));
    for recording in list.recording.iter_mut().filter(|recording| recording.backends.is_empty()) {
        recording.backends.clone_from(&list.backends);
    }
    Ok(list.recording)
}

/// Writes the whole results of the quietest runs to the folder `to`.
fn measure(recordings: &[Workload], to: &Path) -> Result<()> {
    finish(cargo().args(["build", "--release", "-p", "gingham", "--features", "openblas"]), "cargo build")?;
    // Without cargo: its own process would stay alive, and a build could begin.
    let program = Workspace::load()?.target.join("release/gingham");
    for workload in recordings {
        let name = &workload.name;
        let path = to.join(format!("{name}.json"));
        let mut least = f64::INFINITY;
        for run in 1..=QUIET.1 {
            let text = exhaustive(&program, workload).with_context(|| name.clone())?;
            let spread = spread(&serde_json::from_slice(&text)?);
            println!("==> {name}: run {run}, spread {:.1} %", 100.0 * spread);
            if spread < least {
                fs::write(&path, text)?;
                least = spread;
            }
            if least <= QUIET.0 {
                break;
            }
        }
    }
    Ok(())
}

/// The whole result of an exhaustive run, as JSON.
fn exhaustive(program: &Path, workload: &Workload) -> Result<Vec<u8>> {
    let Workload { op, shape, tasks, backends, .. } = workload;
    let mut command = Command::new(program);
    command.args(["tune", "--op", op, "--shape", shape, "--tasks", &tasks.to_string()]);
    command.args(["--backend", &backends.join(",")]);
    command.args(["--strategy", "exhaustive", "--budget", BUDGET, "--format", "json", "--no-save"]);
    let output = command.stderr(Stdio::inherit()).output().context("gingham tune")?;
    ensure!(output.status.success(), "gingham tune: {}", output.status);
    Ok(output.stdout)
}

/// How far the samples of a result lie from the usual value of their trial and round: the median deviation of their
/// logs, scaled to a standard deviation of normal noise.
fn spread(outcome: &Value) -> f64 {
    let samples = |trial: &Value| -> Vec<(u64, f64)> {
        let samples = trial["samples"].as_array().into_iter().flatten();
        let of = |sample: &Value| {
            let time = sample["wall_s"].as_f64()? / sample["tasks"].as_f64()?;
            Some((sample["round"].as_u64()?, time.ln()))
        };
        samples.filter_map(of).collect()
    };
    let trials: Vec<_> = outcome["trials"].as_array().into_iter().flatten().map(samples).collect();
    let mut rounds: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for &(round, log) in trials.iter().flatten() {
        rounds.entry(round).or_default().push(log);
    }
    let usual: BTreeMap<u64, f64> = rounds.into_iter().map(|(round, logs)| (round, median(logs))).collect();
    let deviations = trials.iter().filter(|trial| !trial.is_empty()).flat_map(|trial| {
        let paces: Vec<f64> = trial.iter().map(|(round, log)| log - usual[round]).collect();
        let own = median(paces.clone());
        paces.into_iter().map(move |pace| (pace - own).abs())
    });
    1.4826 * median(deviations.collect())
}

/// The median; of none, 0.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Cuts every result in the folder `from` down, into the folder `to`.
fn cut_down(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let what = || path.display().to_string();
        let outcome: Value = serde_json::from_slice(&fs::read(&path).with_context(what)?).with_context(what)?;
        let text = text(outcome).with_context(what)?;
        println!("{}: {} kB", path.file_stem().unwrap_or_default().display(), text.len() / 1000);
        fs::write(to.join(path.file_name().with_context(what)?), text)?;
    }
    Ok(())
}

/// One line a trial, without fields that are empty or that no decision uses.
fn text(mut outcome: Value) -> Result<String> {
    trim(&mut outcome);
    let outcome = outcome.as_object_mut().context("no object")?;
    let Some(Value::Array(mut trials)) = outcome.remove("trials") else { bail!("no trials") };
    let mut lines = Vec::new();
    for trial in &mut trials {
        let trial = trial.as_object_mut().context("a trial is not an object")?;
        // The CPU times of its threads: as long as its samples, and no decision uses them.
        trial.insert("threads".into(), Value::Array(Vec::new()));
        trial.retain(|_, value| !value.is_null());
        lines.push(serde_json::to_string(trial)?);
    }
    let head = serde_json::to_string(outcome)?;
    let head = head.strip_suffix('}').context("no object")?;
    Ok(format!("{head},\"trials\":[\n{}\n]}}\n", lines.join(",\n")))
}

/// Rounds numbers that are not whole, and keeps in samples the fields that decisions use, wherever the samples are: in
/// trials, in the A/A control, in the confirmation.
fn trim(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for sample in fields.get_mut("samples").and_then(Value::as_array_mut).into_iter().flatten() {
                let Some(sample) = sample.as_object_mut() else { continue };
                sample.retain(|field, value| SAMPLE.contains(&field.as_str()) && !is_nothing(field, value));
            }
            fields.values_mut().for_each(trim);
        }
        Value::Array(items) => items.iter_mut().for_each(trim),
        Value::Number(number) if number.is_f64() => round(value),
        _ => {}
    }
}

/// Whether a field of a sample may be left out, since its absence means the same.
fn is_nothing(field: &str, value: &Value) -> bool {
    field != "round" && value.as_f64() == Some(0.0)
}

/// Keeps [`DIGITS`] digits.
fn round(value: &mut Value) {
    if let Some(float) = value.as_f64() {
        *value = Value::from(format!("{float:.*e}", DIGITS - 1).parse().unwrap_or(float));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn decisions_rest_on_what_is_kept() {
        let sample = json!({
            "round": 0, "wall_s": 0.123_456_789, "user_s": 0.1, "tasks": 8, "steal_s": 0.0, "others_s": 0.01,
            "minor_faults": 7, "set_aside": true,
        });
        let kept = json!({"round": 0, "wall_s": 0.123_457, "tasks": 8, "others_s": 0.01, "set_aside": true});
        let trial = |sample: &Value| json!({"id": 0, "samples": [sample], "threads": [], "reason": null});
        let mut whole = json!({"workload": {"a": {}}, "twin": null, "trials": [trial(&sample), trial(&sample)]});
        whole["confirmation"] = json!({"trials": [trial(&sample)]});
        let cut: Value = serde_json::from_str(&text(whole).unwrap()).unwrap();
        assert_eq!(cut["trials"], json!(vec![json!({"id": 0, "samples": [kept], "threads": []}); 2]));
        assert_eq!(cut["confirmation"]["trials"][0]["samples"], json!([kept]));
        assert_eq!(cut["workload"], json!({"a": {}}));
    }

    #[test]
    fn spread_is_what_neither_trial_nor_round_explains() {
        let paces = |noise: f64| {
            let sample = |trial: u32, round: u32| {
                let nothing = f64::from(trial * 7919 + round * 104_729).sin();
                let time = (1.0 + 0.01 * f64::from(trial)) * f64::from(round + 1) * (noise * nothing).exp();
                json!({"round": round, "wall_s": 4.0 * time, "tasks": 4})
            };
            let trial = |trial| json!({"samples": (0..12).map(|round| sample(trial, round)).collect::<Vec<_>>()});
            json!({"trials": (0..40).map(trial).chain([json!({"samples": []})]).collect::<Vec<_>>()})
        };
        assert!(spread(&paces(0.0)) < 1e-12);
        // The deviation in the middle of a sine is 0.71 of the largest.
        let noisy = spread(&paces(0.05));
        assert!((0.045..=0.06).contains(&noisy), "{noisy}");
    }

    #[test]
    fn recordings_are_chosen_by_name() {
        assert_eq!(chosen(&["simulated"]).unwrap(), []);
        let two = chosen(&["exp", "dot"]).unwrap();
        assert_eq!(two.iter().map(|workload| &*workload.name).collect::<Vec<_>>(), ["dot", "exp"]);
        let all = chosen(&[]).unwrap();
        let few = all.iter().filter(|workload| workload.backends.len() < 6).map(|workload| &*workload.name);
        assert_eq!(few.collect::<Vec<_>>(), ["matmul-1000-many"]);
        for workload in &all {
            let file = root().join(FOLDER).join(&workload.name).with_extension("json");
            assert!(file.exists(), "{}: it is recorded", workload.name);
        }
        assert!(chosen(&["dot", "dots"]).unwrap_err().to_string().contains("`dots`"));
    }

    #[test]
    fn what_is_no_result_is_refused() {
        assert!(text(json!([])).is_err());
        assert!(text(json!({"trials": 5})).is_err());
    }
}
