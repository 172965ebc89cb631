//! `cargo xtask test [--apart]`: runs every check, and stops at the first step that fails.
//!
//! Each step is one cargo command, printed so that it can be repeated alone. Cargo unifies features over the crates of
//! one command, and compiles a library anew for each set of features. So all crates are tested together, as users build
//! them, and crates that call no library are checked by commands of their own: each builds with the features that it
//! requests itself. With `--apart` the tests of each crate are also run by a command of its own, which takes as long
//! again.
//!
//! Steps that only check build into a folder of their own, so that no other step waits for them, and run beside the
//! tests once these are compiled: compiling keeps two cores busy, most tests only one. That folder begins as a copy of
//! what the tests have compiled, so that macros and build scripts are not compiled again: clippy takes 230 s instead of
//! 310 s.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use gingham_machine::environment::kernel_variables;

use crate::command::succeeds;
use crate::summary::Counts;
use crate::workspace::{Workspace, cargo, root};
use crate::{skips, system};

/// Miri runs the unsafe code of the kernels; it knows only the instructions of the portable level.
const MIRI: &str =
    "miri test -p gingham-simd --test hostile -- one_view_twice strides_of_no_meaning shapes_that_nobody";

/// The folder, below the repository's root, in which steps that only check build.
const CHECKS: &str = "target/checks";

/// One cargo command.
struct Step {
    args: String,
    env: Option<(&'static str, &'static str)>,
    /// Why it cannot run here.
    lacks: Option<&'static str>,
    /// Whether it runs beside the steps that come after the first of its kind.
    beside: bool,
}

/// A step that has run.
struct Done {
    passed: bool,
    counts: Counts,
    /// The tests that were skipped, with their reasons.
    skips: BTreeSet<String>,
    took: Duration,
}

/// The crates without a library that takes long to compile.
const ALONE: [&str; 5] = ["gingham-core", "gingham-machine", "gingham-runtime", "gingham-simd", "gingham-template"];

pub(crate) fn run(apart: bool) -> Result<ExitCode> {
    system::prepare()?;
    let start = Instant::now();
    let workspace = Workspace::load()?;
    let steps = steps(&workspace.members, has_miri(), apart);
    let done = run_all(&steps, &workspace.target)?;
    println!("{}", report(&steps, &done, start.elapsed()));
    let passed = done.iter().flatten().all(|done| done.passed);
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the steps, whose tests build below `target`, until one fails; `None` stands for a step that has not run.
fn run_all(steps: &[Step], target: &Path) -> Result<Vec<Option<Done>>> {
    let mut all: Vec<Option<Done>> = steps.iter().map(|_| None).collect();
    let failed = AtomicBool::new(false);
    let run = |step: &Step, out: &mut dyn Write| -> Result<Option<Done>> {
        if failed.load(Relaxed) {
            return Ok(None);
        }
        let done = step.run(out);
        failed.fetch_or(!done.as_ref().is_ok_and(|done| done.passed), Relaxed);
        done.map(Some)
    };
    let before = steps.iter().position(|step| step.beside).unwrap_or_default();
    let (first, others) = all.split_at_mut(before);
    for (step, done) in steps.iter().zip(first) {
        *done = run(step, &mut std::io::stdout())?;
    }
    begin_checks(target)?;
    let (beside, alone): (Vec<_>, Vec<_>) = steps[before..].iter().zip(others).partition(|(step, _)| step.beside);
    thread::scope(|scope| {
        let beside = scope.spawn(|| -> Result<()> {
            for (step, done) in beside {
                // Printed at once, so that the lines of two steps do not mix.
                let mut text = Vec::new();
                let outcome = run(step, &mut text);
                std::io::stdout().write_all(&text)?;
                *done = outcome?;
            }
            Ok(())
        });
        for (step, done) in alone {
            *done = run(step, &mut std::io::stdout())?;
        }
        beside.join().expect("steps do not panic")
    })?;
    Ok(all)
}

/// The first time, copies what is compiled to the folder of the checks.
fn begin_checks(target: &Path) -> Result<()> {
    let (compiled, checks) = (target.join("debug"), root().join(CHECKS));
    if checks.exists() || !compiled.exists() {
        return Ok(());
    }
    fs::create_dir_all(&checks).with_context(|| checks.display().to_string())?;
    // `cp` keeps the times of the files, by which cargo decides what is fresh; `fs::copy` does not.
    let copied = Command::new("cp").args(["--archive", "--reflink=auto"]).args([&compiled, &checks]).status();
    ensure!(copied.context("cp")?.success(), "copying {} to {}", compiled.display(), checks.display());
    Ok(())
}

/// All steps, in an order that compiles each dependency as few times as cargo's unification of features allows.
fn steps(members: &[String], has_miri: bool, apart: bool) -> Vec<Step> {
    let step = |args: &str| Step { args: args.into(), env: None, lacks: None, beside: false };
    // One crate at a time, which leaves a core to the tests.
    let beside = |command: &str, rest: &str| Step {
        beside: true,
        ..step(&format!("{command} --jobs 1 --target-dir {CHECKS} {rest}"))
    };
    let all = "test --no-fail-fast --workspace --all-targets --features openblas";
    let mut steps = vec![step("fmt --all --check"), step("xtask structure")];
    if !apart {
        steps.push(step(&format!("{all} --no-run")));
    }
    steps.extend([
        beside("clippy", "--workspace --all-targets --features openblas,peers -- -D warnings"),
        Step {
            // The same features as clippy, so that its checks of the libraries are used again.
            env: Some(("RUSTDOCFLAGS", "-D warnings")),
            ..beside("doc", "--workspace --no-deps --features openblas,peers")
        },
        beside("check", "-p gingham --no-default-features"),
    ]);
    // Benches run once each, unoptimised: criterion's test mode, where cargo does not pass `--bench`.
    if apart {
        steps.extend(members.iter().map(|name| step(&format!("test --no-fail-fast -p {name}"))));
        steps.push(step("test --no-fail-fast -p gingham --features openblas --all-targets"));
    } else {
        let alone = members.iter().filter(|name| ALONE.contains(&name.as_str()));
        steps.extend(alone.map(|name| beside("check", &format!("-p {name} --all-targets"))));
        steps.extend([
            step(all),
            step("test --no-fail-fast --workspace --doc --features openblas"),
            // It shows the message about a backend that is not compiled in.
            step("test --no-fail-fast --workspace --exclude gingham-openblas --test cli"),
        ]);
    }
    steps.extend([
        Step {
            lacks: (!has_miri).then_some("`cargo miri` is not installed (it comes with nightly toolchains alone)"),
            ..step(MIRI)
        },
        step("xtask resume-matrix --short"),
        // It builds into the folder of the tests, which one of the tests locks; that test has ended by the time the
        // checks end.
        Step { beside: true, ..step("xtask try-new-backend") },
    ]);
    steps
}

/// Whether Miri can be run here.
fn has_miri() -> bool {
    succeeds(cargo().args(["miri", "--version"]))
}

impl Step {
    /// Runs the command, passing its output on to `out` as it comes and counting the tests that it reports.
    fn run(&self, out: &mut dyn Write) -> Result<Done> {
        writeln!(out, "==> {}", self.shell_line())?;
        if let Some(lacks) = self.lacks {
            writeln!(out, "<== skipped: {lacks}")?;
            let counts = Counts { skipped: 1, ..Counts::default() };
            return Ok(Done { passed: true, counts, skips: BTreeSet::new(), took: Duration::ZERO });
        }
        let start = Instant::now();
        let mut command = cargo();
        command.args(self.args.split(' ')).envs(self.env).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cargo {}", self.args))?;
        let mut output = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut counts = Counts::default();
        let (mut skips, mut line) = (BTreeSet::new(), Vec::new());
        while output.read_until(b'\n', &mut line)? > 0 {
            out.write_all(&line)?;
            let text = String::from_utf8_lossy(&line);
            counts += Counts::of_line(&text).unwrap_or_default();
            skips.extend(skips::of_line(&text).map(str::to_owned));
            line.clear();
        }
        counts.skipped = skips.len() as u64;
        let passed = child.wait()?.success() && skips.iter().all(|skip| skips::is_excused(skip));
        if !passed && counts.failed == 0 {
            counts.failed = 1; // The step itself: a format, a lint, a build, a crash of the runner, a skip.
        }
        let took = start.elapsed();
        writeln!(out, "<== {} in {:.1} s", if passed { "ok" } else { "failed" }, took.as_secs_f64())?;
        Ok(Done { passed, counts, skips, took })
    }

    /// The command as a user types it.
    fn shell_line(&self) -> String {
        let mut line = String::new();
        let unset = kernel_variables();
        if !unset.is_empty() {
            line += "env";
            unset.iter().for_each(|(name, _)| line += &format!(" -u {name}"));
            line += " ";
        }
        if let Some((name, value)) = self.env {
            line += &format!("{name}='{value}' ");
        }
        line + "cargo " + &self.args
    }
}

/// The closing lines: the time of each step, what failed and how to repeat it, what did not run, and the total.
fn report(steps: &[Step], done: &[Option<Done>], took: Duration) -> String {
    let mut text = String::from("\n");
    let mut total = Counts::default();
    for (step, done) in steps.iter().zip(done) {
        let Some(done) = done else {
            text += &format!("{:>7}    not run  cargo {}\n", "-", step.args);
            continue;
        };
        total += done.counts;
        let verdict = match (done.passed, step.lacks) {
            (true, None) => "ok",
            (true, Some(_)) => "skipped",
            (false, _) => "FAILED",
        };
        text += &format!("{:>7.1} s  {verdict:<7}  cargo {}\n", done.took.as_secs_f64(), step.args);
    }
    let ran = || steps.iter().zip(done).filter_map(|(step, done)| Some((step, done.as_ref()?)));
    for (step, done) in ran() {
        let skips = done.skips.iter().map(String::as_str).chain(step.lacks);
        skips.for_each(|skip| text += &format!("skipped in cargo {}: {skip}\n", step.args));
    }
    for (step, done) in ran() {
        let unexcused = done.skips.iter().filter(|skip| !skips::is_excused(skip));
        unexcused
            .for_each(|skip| text += &format!("FAILED in cargo {}: skipped, and could run here: {skip}\n", step.args));
    }
    for (step, _) in ran().filter(|(_, done)| !done.passed) {
        text += &format!("failed; to repeat this step alone:\n  {}\n", step.shell_line());
    }
    text + &format!("{:.1} s in all\n{total}", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(passed: bool, counts: (u64, u64, u64)) -> Done {
        let (p, f, s) = counts;
        let counts = Counts { passed: p, failed: f, skipped: s };
        Done { passed, counts, skips: BTreeSet::new(), took: Duration::from_millis(1500) }
    }

    #[test]
    fn every_member_is_tested_once() {
        let members = ["gingham-core", "gingham", "gingham-faer", "gingham-openblas"].map(String::from);
        let tests = |apart: bool| {
            let steps = steps(&members, true, apart).into_iter().map(|step| step.args);
            let tests = steps.filter(|args| args.starts_with("test ") && !args.contains("--doc"));
            tests.collect::<Vec<_>>()
        };
        let all = "test --no-fail-fast --workspace --all-targets --features openblas";
        let without = "test --no-fail-fast --workspace --exclude gingham-openblas --test cli";
        assert_eq!(tests(false), [&format!("{all} --no-run"), all, without]);
        for (command, name) in tests(true).iter().zip(&members) {
            assert_eq!(*command, format!("test --no-fail-fast -p {name}"));
        }
    }

    #[test]
    fn what_calls_no_library_is_checked_with_its_own_features() {
        let members = ["gingham-core", "gingham"].map(String::from);
        let steps = steps(&members, true, false);
        let alone = steps.iter().filter(|step| step.args.ends_with("-p gingham-core --all-targets"));
        assert_eq!(alone.filter(|step| step.args.starts_with("check ") && step.beside).count(), 1);
    }

    #[test]
    fn a_failure_is_named_and_the_rest_is_said_not_to_have_run() {
        let steps = steps(&[], true, true);
        let mut all: Vec<Option<Done>> = steps.iter().map(|_| None).collect();
        (all[0], all[1]) = (Some(done(true, (3, 0, 1))), Some(done(false, (4, 2, 0))));
        let text = report(&steps, &all, Duration::from_secs(3));
        assert!(text.contains("1.5 s  FAILED   cargo xtask structure"), "{text}"); // the first after the format
        assert!(text.contains("to repeat this step alone:\n"), "{text}");
        assert_eq!(text.matches("not run").count(), steps.len() - 2, "{text}");
        assert_eq!(text.lines().last(), Some("7 passed, 2 failed, 1 skipped"));
    }

    #[test]
    fn what_could_not_run_is_said_with_its_reason() {
        let steps = steps(&[], false, true);
        let miri = steps.iter().position(|step| step.args == MIRI).unwrap();
        let mut all: Vec<Option<Done>> = steps.iter().map(|_| Some(done(true, (1, 0, 0)))).collect();
        all[miri] = Some(steps[miri].run(&mut Vec::new()).unwrap());
        let skips = &mut all[0].as_mut().unwrap().skips;
        skips.extend(["a: no mount namespace here", "b: not on a Friday"].map(String::from));
        let text = report(&steps, &all, Duration::from_secs(3));
        assert!(text.contains(&format!("0.0 s  skipped  cargo {MIRI}\n")), "{text}");
        assert!(text.contains("skipped in cargo fmt --all --check: a: no mount namespace here\n"), "{text}");
        assert!(!text.contains("could run here: a: "), "{text}");
        assert!(text.contains("FAILED in cargo fmt --all --check: skipped, and could run here: b: not on"), "{text}");
        assert!(text.contains("shapes_that_nobody: `cargo miri` is not installed"), "{text}");
        assert!(text.ends_with(&format!("{} passed, 0 failed, 1 skipped", steps.len() - 1)), "{text}");
    }

    #[test]
    fn a_step_can_be_pasted_into_a_shell() {
        let steps = steps(&[], true, true);
        let docs = steps.iter().find(|s| s.args.starts_with("doc")).unwrap().shell_line();
        let command = "RUSTDOCFLAGS='-D warnings' cargo doc --jobs 1 --target-dir target/checks --workspace --no-deps \
                       --features openblas,peers";
        assert!(docs.ends_with(command), "{docs}");
    }
}
