//! `cargo xtask kill-matrix`: the deaths of worker processes, twenty times each, and a hundred thousand batches on one
//! pool. The tests run each death once and three thousand batches.

use std::process::ExitCode;

use anyhow::Result;

use crate::command::finish;
use crate::workspace::cargo;

/// The numbers that `runtime/tests/processes.rs` reads.
const ROUNDS: [(&str, &str); 2] = [("GINGHAM_TEST_ROUNDS", "20"), ("GINGHAM_TEST_BATCHES", "100000")];

pub(crate) fn run() -> Result<ExitCode> {
    let test = "test --release -p gingham-runtime --test processes";
    finish(cargo().args(test.split(' ')).envs(ROUNDS), test)?;
    Ok(ExitCode::SUCCESS)
}
