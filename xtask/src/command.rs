//! Other programs: run in sight to their end, or tried in silence.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Prints `line`, words with a space between them, and runs it as a command in `folder`.
pub(crate) fn step(folder: &Path, line: &str) -> Result<()> {
    println!("==> {line}");
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap_or_default());
    let status = command.args(words).current_dir(folder).status().with_context(|| format!("`{line}`"))?;
    ensure!(status.success(), "`{line}` failed: {status}");
    Ok(())
}

/// Runs `command`, which `what` names in errors.
pub(crate) fn finish(command: &mut Command, what: &'static str) -> Result<()> {
    let status = command.status().context(what)?;
    ensure!(status.success(), "{what}: {status}");
    Ok(())
}

/// Whether `command` can be started and succeeds. What it prints is not shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
