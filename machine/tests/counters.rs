//! The counters of this process, in a process of their own: threads of other tests that end would take their context
//! switches along.
#![cfg(target_os = "linux")]

use gingham_machine::counters::{Usage, thread_cpu_seconds};

#[test]
fn work_shows_in_the_usage() {
    let before = Usage::of_self();
    let mut touched = vec![0u8; 64 << 20];
    touched.iter_mut().step_by(4096).for_each(|byte| *byte = std::hint::black_box(1));
    std::thread::sleep(std::time::Duration::from_millis(5));
    let after = Usage::of_self();
    let used = after.since(&before);

    assert!(used.user_s + used.sys_s > 1e-4, "{used:?}");
    assert!(used.minor_faults >= 32, "64 MiB are at least 32 huge pages: {used:?}");
    assert!(used.voluntary_switches >= 1, "{used:?}");
    assert!(after.peak_rss_bytes >= 64 << 20, "{after:?}");
    assert!(thread_cpu_seconds().into_iter().any(|seconds| seconds > 1e-4), "{:?}", thread_cpu_seconds());
    drop(touched);
}
