//! Tests that report that they cannot run here, and whether that is true.
//!
//! A test that returns early counts as passed. It writes `SKIPPED: TEST: REASON`, and `cargo xtask test` fails unless
//! the reason is one of the list below and true of this machine. So a test cannot be skipped on every machine
//! unnoticed: a new reason is a new line here, with its condition.

use std::path::Path;
use std::process::Command;

use gingham_machine::Machine;

use crate::command::succeeds;
use crate::system::is_root;

/// The beginning of the line by which a test reports a skip.
const MARK: &str = "SKIPPED: ";

/// Whether a reason is true of this machine.
type Condition = fn() -> bool;

/// Words of each known reason, and when it is true.
const REASONS: [(&str, Condition); 22] = [
    ("lacks the SIMD level avx2", || !has("avx2+fma")),
    ("lacks the SIMD level avx512", || !has("avx512")),
    ("there is no /proc/self/task", || !Path::new("/proc/self/schedstat").exists()),
    ("goes through /proc/self/mem", || !Path::new("/proc/self/mem").exists()),
    ("there is no /dev/shm", || !Path::new("/dev/shm").exists()),
    ("there is no python3", || !starts("python3")),
    ("there is no bash", || !starts("bash")),
    ("there is no zsh", || !starts("zsh")),
    ("there is no fish", || !starts("fish")),
    ("root may", is_root),
    ("this user may", is_root),
    ("only root", || !is_root()),
    // Only a try shows what a container, a file system, a library or chance allows, and the test has tried it.
    ("/dev/shm takes no file", tried),
    ("no node for a device", tried),
    ("no control group", tried),
    ("no limit of processes", tried),
    ("no mount namespace", tried),
    ("no filter", tried),
    ("bytes of addresses", tried),
    ("done before the second Ctrl-C", tried),
    ("the library keeps to one thread", tried),
    ("the backend does nothing itself", tried),
];

fn tried() -> bool {
    true
}

/// The skip in a line of a test's output: by the test itself, or by libtest because of `#[ignore]`.
pub(crate) fn of_line(line: &str) -> Option<&str> {
    let line = line.trim();
    if let Some((_, skip)) = line.split_once(MARK) {
        return Some(skip);
    }
    let (test, verdict) = line.strip_prefix("test ")?.split_once(" ... ")?;
    (verdict == "ignored" || verdict.starts_with("ignored,")).then_some(test.trim_end())
}

/// Whether the reason that a skip gives is known and true here.
pub(crate) fn is_excused(skip: &str) -> bool {
    // The name of a test is one word.
    let reason = skip.split_once(": ").filter(|(test, _)| !test.contains(' ')).map_or(skip, |(_, reason)| reason);
    REASONS.iter().any(|(words, holds)| reason.contains(words) && holds())
}

fn starts(program: &str) -> bool {
    succeeds(Command::new(program).arg("--version"))
}

/// Whether this CPU has a vector level, as `gingham list` names it.
fn has(level: &str) -> bool {
    Machine::probe().simd.iter().any(|known| known == level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_are_read_wherever_they_stand() {
        assert_eq!(of_line("SKIPPED: a::b: no mount namespace here\n"), Some("a::b: no mount namespace here"));
        // libtest has begun the line.
        assert_eq!(of_line("test a::b ... SKIPPED: a::b: only root\n"), Some("a::b: only root"));
        assert_eq!(of_line("test a::b   ... ignored\n"), Some("a::b"), "in a column, as libtest-mimic has it");
        assert_eq!(of_line("test a::b ... ignored, takes hours\n"), Some("a::b"));
        for line in ["", "test a::b ... ok", "test result: ok. 3 passed; 1 ignored", "skipped: a::b: only root"] {
            assert_eq!(of_line(line), None, "{line}");
        }
    }

    #[test]
    fn a_reason_that_nobody_listed_is_no_excuse() {
        assert!(is_excused("f64::b: no mount namespace here"));
        assert!(!is_excused("f64::b: not on a Friday"));
        assert!(!is_excused("f64::b"), "ignored");
        assert!(!is_excused("no_mount_namespace: not on a Friday"), "the name of a test is no reason");
    }

    #[test]
    fn a_reason_must_be_true_here() {
        assert_ne!(is_excused("a: only root can do this"), is_excused("a: root may do this anyway"));
        let lacks = |level: &str| is_excused(&format!("a: this CPU lacks the SIMD level {level}; it has portable"));
        assert_eq!((lacks("avx2"), lacks("avx512")), (!has("avx2+fma"), !has("avx512")));
        assert!(!lacks("portable"));
        assert!(!starts("no-such-program") && starts("cargo"));
    }
}
