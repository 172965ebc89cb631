//! `cargo xtask accuracy`: the program `xtask/accuracy`, optimised, with the words that follow.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace::cargo;

pub(crate) fn run(args: &[&str]) -> Result<ExitCode> {
    let mut command = cargo();
    command.args(["run", "--release", "-q", "-p", "accuracy", "--"]).args(args);
    let status = command.status().context("cargo run -p accuracy")?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
