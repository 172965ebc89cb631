//! A skip reaches standard output from a test that passes, and names the test.

use std::env;
use std::process::Command;

use gingham_core::skip;

/// Set in the second process.
const CHILD: &str = "GINGHAM_SKIPS_CHILD";

#[test]
fn skipped() {
    if env::var_os(CHILD).is_some() {
        println!("captured");
        skip!("reason {}", 7);
    }
}

#[test]
fn the_line_passes_the_capture_of_the_test_harness() {
    for threads in ["1", "2"] {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "skipped", "--test-threads", threads])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("SKIPPED: skipped: reason 7\n"), "{text}");
        assert!(!text.contains("captured"), "{text}");
        assert_eq!(text.lines().find_map(skip::reason), Some("reason 7"));
    }
}
