//! Rows of your own: sizes, layouts and threads from `benches/workloads/own.toml`, or the file that `GINGHAM_BENCH`
//! names.

mod contest;
mod workloads;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

/// The variable that names another file.
const VARIABLE: &str = "GINGHAM_BENCH";

fn main() -> ExitCode {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/workloads/own.toml");
    let path = env::var_os(VARIABLE).map_or_else(|| PathBuf::from(own), PathBuf::from);
    let rows =
        std::fs::read_to_string(&path).map_err(|error| error.to_string()).and_then(|text| workloads::rows(&text));
    match rows {
        Ok(rows) => {
            contest::compare(&rows);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {}", path.display(), error.trim_end());
            ExitCode::from(2)
        }
    }
}
