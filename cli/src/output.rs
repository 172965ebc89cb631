//! Standard output, which takes results. It may be closed or full.

use std::io::{self, Write};

use super::failure::Failure;
use super::stderr::escaped;

/// Prints a result to standard output.
///
/// # Errors
/// [`Failure::of_stdout`]
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(escaped(text).as_bytes()).and_then(|()| stdout.flush()).map_err(|e| Failure::of_stdout(&e))
}
