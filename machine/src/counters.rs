//! What a sample records of its process, and what tells whether the machine left it in peace.
//!
//! Wall time alone does not say whether a slow run computed, waited, touched new memory or was pushed aside. CPU time,
//! page faults, context switches and steal do. All of it is read from `/proc` and a clock, in some tens of
//! microseconds, outside of what is timed. Off Linux every figure is zero, empty or `None`.

use std::path::Path;

/// What this process has used since it started; [`Usage::since`] gives what it used in between.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// CPU seconds in user mode: all CPU time, to the nanosecond, less `sys_s`.
    pub user_s: f64,
    /// CPU seconds in the kernel, to the kernel's tick (10 ms as a rule).
    pub sys_s: f64,
    /// Page faults served without reading a file: first touches, mostly.
    pub minor_faults: u64,
    /// Times that a thread gave up its CPU to wait; threads that have ended are no longer counted.
    pub voluntary_switches: u64,
    /// Times that a thread was pushed off its CPU; threads that have ended are no longer counted.
    pub involuntary_switches: u64,
    /// Largest resident size so far, in bytes; shared memory counts in full.
    pub peak_rss_bytes: u64,
}

impl Usage {
    /// The usage of this process up to now, over all of its threads.
    pub fn of_self() -> Usage {
        let (minor_faults, kernel_ticks) =
            read("/proc/self/stat").and_then(|text| faults_and_kernel_ticks(&text)).unwrap_or((0, 0));
        let cpu_s = cpu_seconds();
        let sys_s = (kernel_ticks as f64 * tick_seconds()).min(cpu_s);
        let (voluntary_switches, involuntary_switches) = tasks()
            .filter_map(|task| read(task.join("status")))
            .map(|text| (number(&text, "voluntary_ctxt_switches:"), number(&text, "nonvoluntary_ctxt_switches:")))
            .fold((0, 0), |(v, i), (voluntary, involuntary)| {
                (v + voluntary.unwrap_or(0), i + involuntary.unwrap_or(0))
            });
        let peak_kib = read("/proc/self/status").and_then(|text| number(&text, "VmHWM:")).unwrap_or(0);
        Usage {
            user_s: cpu_s - sys_s,
            sys_s,
            minor_faults,
            voluntary_switches,
            involuntary_switches,
            peak_rss_bytes: peak_kib.saturating_mul(1024),
        }
    }

    /// What was used after `earlier` was read. The peak stays the peak so far: it has no difference.
    ///
    /// A tick of kernel time may end inside an interval shorter than itself; the kernel's part is therefore at most the
    /// interval's CPU time, and nothing here is negative.
    pub fn since(&self, earlier: &Usage) -> Usage {
        let cpu_s = ((self.user_s + self.sys_s) - (earlier.user_s + earlier.sys_s)).max(0.0);
        let sys_s = (self.sys_s - earlier.sys_s).clamp(0.0, cpu_s);
        Usage {
            user_s: cpu_s - sys_s,
            sys_s,
            minor_faults: self.minor_faults.saturating_sub(earlier.minor_faults),
            voluntary_switches: self.voluntary_switches.saturating_sub(earlier.voluntary_switches),
            involuntary_switches: self.involuntary_switches.saturating_sub(earlier.involuntary_switches),
            peak_rss_bytes: self.peak_rss_bytes,
        }
    }
}

/// CPU seconds of each living thread of this process, in no order.
pub fn thread_cpu_seconds() -> Vec<f64> {
    tasks().filter_map(|task| cpu_nanoseconds(&read(task.join("schedstat"))?)).map(|ns| ns as f64 * 1e-9).collect()
}

/// CPU seconds, summed over the machine's CPUs since it started, in which a virtual machine's host ran something else.
/// Counted in ticks of 10 ms as a rule.
pub fn steal_seconds() -> f64 {
    read("/proc/stat").and_then(|text| steal_ticks(&text)).unwrap_or(0) as f64 * tick_seconds()
}

/// Proportional set size of a process in bytes: its resident memory, each shared page divided by the processes that
/// share it, so that the sizes of a process tree may be added. `None` where it cannot be read.
pub fn pss_bytes(pid: u32) -> Option<u64> {
    number(&read(format!("/proc/{pid}/smaps_rollup"))?, "Pss:")?.checked_mul(1024)
}

fn read(path: impl AsRef<Path>) -> Option<String> {
    if cfg!(target_os = "linux") { std::fs::read_to_string(path).ok() } else { None }
}

/// Directories of this process' threads.
fn tasks() -> impl Iterator<Item = std::path::PathBuf> {
    let directory = if cfg!(target_os = "linux") { std::fs::read_dir("/proc/self/task").ok() } else { None };
    directory.into_iter().flatten().flatten().map(|entry| entry.path())
}

/// CPU seconds of this process, ended threads included.
#[cfg(target_os = "linux")]
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

#[cfg(not(target_os = "linux"))]
fn cpu_seconds() -> f64 {
    0.0
}

/// The unit of CPU times in `/proc`.
#[cfg(target_os = "linux")]
fn tick_seconds() -> f64 {
    1.0 / rustix::param::clock_ticks_per_second() as f64
}

#[cfg(not(target_os = "linux"))]
fn tick_seconds() -> f64 {
    0.0
}

/// Minor faults and ticks in the kernel, fields 10 and 15 of `/proc/PID/stat` (proc(5)). The name before them, field 2,
/// may itself hold spaces and parentheses.
fn faults_and_kernel_ticks(stat: &str) -> Option<(u64, u64)> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(7); // from field 10, as field 3 is the first here
    Some((fields.next()?.parse().ok()?, fields.nth(4)?.parse().ok()?))
}

/// Nanoseconds on a CPU: the first field of `schedstat`.
fn cpu_nanoseconds(schedstat: &str) -> Option<u64> {
    schedstat.split_ascii_whitespace().next()?.parse().ok()
}

/// Stolen ticks: the eighth number of the line `cpu` in `/proc/stat`.
fn steal_ticks(stat: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix("cpu ")?.split_ascii_whitespace().nth(7)?.parse().ok())
}

/// The number after `name` at the start of a line, as in `VmHWM: 1696 kB`.
fn number(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.split_ascii_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STAT: &str = "42 (a) b (c) R 1 1 1 0 -1 4194304 115 2 3 4 50 60 70 80 20 0 1 0 94801 3133440 380\n";

    #[test]
    fn texts_of_proc() {
        assert_eq!(faults_and_kernel_ticks(STAT), Some((115, 60)));
        assert_eq!(cpu_nanoseconds("123456789 44527 1\n"), Some(123_456_789));
        assert_eq!(steal_ticks("cpu  2992 0 1482 179844 244 0 22 12 0 0\ncpu0 1 1 1 1 1 1 1 5 0 0\n"), Some(12));
        let status =
            "Name:\tVmHWM: 7\nVmHWM:\t    1696 kB\nvoluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t1\n";
        assert_eq!(number(status, "VmHWM:"), Some(1696));
        assert_eq!(number(status, "voluntary_ctxt_switches:"), Some(5));
        assert_eq!(number(status, "nonvoluntary_ctxt_switches:"), Some(1));
    }

    #[test]
    fn hostile_texts_give_nothing() {
        for text in
            ["", "42 (a", ")", "42 (a) R 1", "cpu ", "cpu 1 2 3", "cpu  1 2 3 4 5 6 7 -8", "VmHWM:", "VmHWM: kB"]
        {
            assert_eq!(faults_and_kernel_ticks(text), None, "{text:?}");
            assert_eq!(steal_ticks(text), None, "{text:?}");
            assert_eq!(number(text, "VmHWM:"), None, "{text:?}");
        }
        assert_eq!(cpu_nanoseconds("99999999999999999999 0 0"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(cpu |VmHWM:|[0-9 ()\n-]|\\PC){0,60}") {
            let _ = (faults_and_kernel_ticks(&text), cpu_nanoseconds(&text));
            let _ = (steal_ticks(&text), number(&text, "VmHWM:"));
        }
    }

    #[test]
    fn a_difference_is_never_negative_and_keeps_the_cpu_time() {
        let earlier = Usage { user_s: 1.0, sys_s: 0.5, minor_faults: 9, voluntary_switches: 4, ..Usage::default() };
        // A tick of kernel time (10 ms) is booked within 3 ms of CPU time.
        let later = Usage { user_s: 0.993, sys_s: 0.51, minor_faults: 11, voluntary_switches: 2, ..Usage::default() };
        let between = later.since(&earlier);
        assert!((between.user_s + between.sys_s - 0.003).abs() < 1e-12, "{between:?}");
        assert!(between.user_s >= 0.0 && between.sys_s >= 0.0, "{between:?}");
        assert_eq!((between.minor_faults, between.voluntary_switches), (2, 0));
    }
}
