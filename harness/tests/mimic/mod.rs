//! The main of a test program that also starts itself in another role: libtest's arguments and report, by
//! libtest-mimic.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// A test under its name.
pub(crate) type Check = (&'static str, fn());

/// Runs those that the arguments choose, one after the other: they measure, and look at the processes of this one.
pub(crate) fn run(checks: &[Check]) -> ExitCode {
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    let test = |&(name, check): &Check| {
        Trial::test(name, move || {
            check();
            Ok(())
        })
    };
    libtest_mimic::run(&arguments, checks.iter().map(test).collect()).exit_code()
}

/// Functions with their names.
macro_rules! checks {
    ($($check:ident),* $(,)?) => {
        [$((stringify!($check), $check as fn())),*]
    };
}

pub(crate) use checks;
