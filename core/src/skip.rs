//! How a test reports that it, or a part of it, cannot run here: [`skip!`](crate::skip!).
//!
//! A test that returns early counts as passed, and libtest hides what a passing test prints. So the message goes to the
//! process's own standard output, past that capture, in one line that `cargo xtask test` gathers: `SKIPPED: TEST:
//! REASON`.

use std::fmt;
use std::io::Write;
use std::thread;

/// Begins the line.
const MARK: &str = "SKIPPED: ";

/// Prints `SKIPPED: TEST: REASON` on standard output: TEST is the running test, and REASON is formatted from the
/// arguments as by [`format!`]. It does not return from the test.
///
/// ```
/// # use gingham_core::skip;
/// skip!("this machine has no {}", "AVX-512");
/// ```
#[macro_export]
macro_rules! skip {
    ($($reason:tt)+) => {{
        fn here() {}
        $crate::skip::say(std::any::type_name_of_val(&here), format_args!($($reason)+));
    }};
}

/// What [`skip!`](crate::skip!) does; `here` is the path of a function inside the one that calls it.
#[doc(hidden)]
pub fn say(here: &str, reason: fmt::Arguments<'_>) {
    let current = thread::current();
    // libtest names the thread of a test after it, but with one thread only, where tests run on the main one.
    let test = match current.name() {
        Some(test) if test != "main" => test,
        _ => {
            let function = here.strip_suffix("::here").unwrap_or(here);
            function.split_once("::").map_or(function, |(_, path)| path)
        }
    };
    // In one piece, so that lines of two tests do not mix. An error is ignored: without a reader, the message is lost
    // and nothing else.
    let line = format!("{MARK}{test}: {reason}\n");
    let _ = std::io::stdout().write_all(line.as_bytes());
}

/// The reason in a line that a test of another process has printed.
#[must_use]
pub fn reason(line: &str) -> Option<&str> {
    let (_, said) = line.split_once(MARK)?;
    said.split_once(": ").map(|(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_read_wherever_the_line_begins() {
        assert_eq!(reason("test a ... SKIPPED: f64::b: no memory: 12 B"), Some("no memory: 12 B"));
        assert_eq!(reason("test a ... ok"), None);
    }
}
