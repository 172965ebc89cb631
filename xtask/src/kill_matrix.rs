//! `cargo xtask kill-matrix`: the deaths of worker processes, twenty times each, a hundred thousand batches on one
//! pool, and two hundred pools that start while OpenBLAS has threads. Tests do each of these once, or a few times.

use std::process::ExitCode;

use anyhow::Result;

use crate::command::finish;
use crate::workspace::cargo;

/// How often the tests do what they do once or a few times otherwise.
const NUMBERS: [(&str, &str); 3] =
    [("GINGHAM_TEST_ROUNDS", "20"), ("GINGHAM_TEST_BATCHES", "100000"), ("GINGHAM_TEST_STARTS", "200")];

/// The tests that read them.
const TESTS: [&str; 2] = [
    "test --release -p gingham-runtime --test processes",
    "test --release -p gingham --test processes --features openblas",
];

pub(crate) fn run() -> Result<ExitCode> {
    for test in TESTS {
        finish(cargo().args(test.split(' ')).envs(NUMBERS), test)?;
    }
    Ok(ExitCode::SUCCESS)
}
