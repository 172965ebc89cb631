//! The first line of a main whose program tunes, or has plans of processes.

use std::process::ExitCode;

use gingham_core::Registry;

use super::serve;
use crate::process::program::{initialise, serves};

/// The first line of a program that tunes, or whose plans may have processes. If this process was started as the runner
/// of a trial or as a worker, it serves with the backends and functions of `registry`, and exits.
pub fn init(registry: &Registry) {
    initialise();
    if serves() {
        let served = serve(registry);
        std::process::exit(i32::from(served != ExitCode::SUCCESS));
    }
}
