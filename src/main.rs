//! The command `gingham`.
#![deny(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

fn main() -> ExitCode {
    gingham::main(gingham::registry())
}
