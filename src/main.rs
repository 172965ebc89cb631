//! The command `gingham`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gingham::main(gingham::registry())
}
