//! Test counts, read from the summary lines of the test runners: the runners count, and their counts are added.

use std::fmt;
use std::ops::AddAssign;

/// Tests by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    /// Reads a line of the form `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; ...`, which libtest prints
    /// for each test binary and rustdoc for each crate's doc tests; `None` for any other line. Ignored tests have a
    /// line of their own, by which they are counted.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let (_, numbers) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
        let mut counts = Self::default();
        for part in numbers.split("; ") {
            match part.split_once(' ')? {
                (n, "passed") => counts.passed = n.parse().ok()?,
                (n, "failed") => counts.failed = n.parse().ok()?,
                _ => {}
            }
        }
        Some(counts)
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_lines_of_libtest() {
        let ok = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.02s";
        assert_eq!(Counts::of_line(ok), Some(Counts { passed: 12, failed: 0, skipped: 0 }));
        let failed = "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.5s";
        assert_eq!(Counts::of_line(failed), Some(Counts { passed: 4, failed: 2, skipped: 0 }));
    }

    #[test]
    fn other_lines_count_nothing() {
        for line in ["", "running 3 tests", "test dot::empty ... ok", "test result: ok", "3 passed; 0 failed"] {
            assert_eq!(Counts::of_line(line), None, "{line}");
        }
    }

    #[test]
    fn adds_up_and_closes_with_one_line() {
        let mut total = Counts { passed: 1, failed: 0, skipped: 2 };
        total += Counts { passed: 10, failed: 3, skipped: 0 };
        assert_eq!(total.to_string(), "11 passed, 3 failed, 2 skipped");
    }
}
