//! `cargo xtask COMMAND`: the checks and chores of the repository, one command a file, so that a contributor and the
//! continuous integration type the same words.

mod accuracy;
mod command;
mod kill_matrix;
mod name;
mod new_backend;
mod peers;
mod recordings;
mod resume_matrix;
mod skips;
mod structure;
mod summary;
mod system;
mod test;
mod try_new_backend;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test               run every check, installing what is missing; with --apart, the tests of every crate by a command
                     of its own, so that none gains features from another
  structure          check that no modules need each other in a circle, and that no line is too wide
  new-backend NAME   make backends/NAME from backends/template and register it
  try-new-backend    do that in a copy of the repository, and test the new crate there
  accuracy           measure the functions of the backend simd against exact values; after it, any of: --short,
                     functions, element types, levels
  peers              make the virtual environment of the runners in benches/peers; with the word `libraries` after it,
                     with the libraries too that benches/standing loads (MKL is half a gigabyte)
  recordings         record the exhaustive runs in harness/tests/recordings anew, of each the quietest of three; with
                     names after it these alone, with the word `simulated` only those of a machine that is not there
  kill-matrix        have worker processes die in every way at every moment, twenty times, and run a hundred thousand
                     batches on one pool
  resume-matrix      kill a tuning at twenty moments late in its run, go on with each, and say which is wrong; with
                     --short at four, of the program that the tests have built";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["test"] => test::run(false),
        ["test", "--apart"] => test::run(true),
        ["new-backend", name] => new_backend::run(name),
        ["try-new-backend"] => try_new_backend::run(),
        ["accuracy", ..] => accuracy::run(&args[1..]),
        ["structure"] => structure::run(),
        ["peers"] => peers::run(false),
        ["peers", "libraries"] => peers::run(true),
        ["recordings", ..] => recordings::run(&args[1..]),
        ["kill-matrix"] => kill_matrix::run(),
        ["resume-matrix"] => resume_matrix::run(false),
        ["resume-matrix", "--short"] => resume_matrix::run(true),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("xtask: {error:#}");
        ExitCode::FAILURE
    })
}
