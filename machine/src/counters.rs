//! What a sample records about its process.
//!
//! Wall time alone does not say whether a slow run computed, waited, touched new memory or was preempted. CPU time,
//! page faults and context switches do. All of it is read from `/proc` and a clock, in some tens of microseconds a
//! process, outside of what is timed. Off Linux every figure is zero, empty or `None`.

use std::path::{Path, PathBuf};

use crate::system::{cpu_seconds, read, tick_seconds};

/// What a process, or a group of them, has used since it started; [`Usage::since`] gives what it used in between.
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
    /// Largest resident size so far, in bytes; shared memory counts in full, in each process of a group anew.
    pub peak_rss_bytes: u64,
}

impl Usage {
    /// The usage of this process up to now, over all of its threads.
    pub fn of_self() -> Usage {
        let path = Path::new("/proc/self");
        Stat::read(path).map(|stat| Usage::of_process(path, &stat, cpu_seconds())).unwrap_or_default()
    }

    /// The usage up to now of all processes of the process group `group`. Processes that cannot be read, or end while
    /// they are read, are left out; a group without processes has used nothing.
    ///
    /// CPU time is the sum over the living threads, to the nanosecond, or what the kernel booked for the process, to
    /// its tick, whichever is more: only the latter includes threads that have ended. The CPU time and the faults of a
    /// process that has ended count with the parent that waited for it.
    pub fn of_group(group: u32) -> Usage {
        let of_member = |pid| {
            let path = directory(pid);
            let stat = Stat::read(&path)?;
            let booked = (stat.user_ticks + stat.kernel_ticks) as f64 * tick_seconds();
            let living = Usage::of_process(&path, &stat, booked.max(thread_seconds(&path).sum()));
            let ended = Usage {
                user_s: stat.children_user_ticks as f64 * tick_seconds(),
                sys_s: stat.children_kernel_ticks as f64 * tick_seconds(),
                minor_faults: stat.children_minor_faults,
                ..Usage::default()
            };
            Some(living.and(ended))
        };
        members(group).into_iter().filter_map(of_member).fold(Usage::default(), Usage::and)
    }

    /// The usage of the process that `path` and `stat` describe, and whose CPU seconds the caller knows.
    fn of_process(path: &Path, stat: &Stat, cpu_s: f64) -> Usage {
        let sys_s = (stat.kernel_ticks as f64 * tick_seconds()).min(cpu_s);
        let mut usage = Usage { user_s: cpu_s - sys_s, sys_s, minor_faults: stat.minor_faults, ..Usage::default() };
        for status in tasks(path).filter_map(|task| read(task.join("status"))) {
            usage.voluntary_switches += number(&status, "voluntary_ctxt_switches:").unwrap_or(0);
            usage.involuntary_switches += number(&status, "nonvoluntary_ctxt_switches:").unwrap_or(0);
            // The value of the whole process, which each of its threads repeats.
            usage.peak_rss_bytes = number(&status, "VmHWM:").unwrap_or(0).saturating_mul(1024);
        }
        usage
    }

    fn and(self, other: Usage) -> Usage {
        Usage {
            user_s: self.user_s + other.user_s,
            sys_s: self.sys_s + other.sys_s,
            minor_faults: self.minor_faults + other.minor_faults,
            voluntary_switches: self.voluntary_switches + other.voluntary_switches,
            involuntary_switches: self.involuntary_switches + other.involuntary_switches,
            peak_rss_bytes: self.peak_rss_bytes + other.peak_rss_bytes,
        }
    }

    /// What was used after `earlier` was read; but `peak_rss_bytes` stays the peak since the start.
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

/// CPU seconds of each living thread of this process, in any order.
pub fn thread_cpu_seconds() -> Vec<f64> {
    thread_seconds("/proc/self".as_ref()).collect()
}

/// What lies in a directory; empty if that cannot be read.
fn entries(path: impl AsRef<Path>) -> impl Iterator<Item = PathBuf> {
    let directory = if cfg!(target_os = "linux") { std::fs::read_dir(path).ok() } else { None };
    directory.into_iter().flatten().flatten().map(|entry| entry.path())
}

/// Directories of the threads of the process that `path` describes.
fn tasks(path: &Path) -> impl Iterator<Item = PathBuf> {
    entries(path.join("task"))
}

/// CPU seconds of each living thread of the process that `path` describes.
fn thread_seconds(path: &Path) -> impl Iterator<Item = f64> {
    tasks(path).filter_map(|task| cpu_nanoseconds(&read(task.join("schedstat"))?)).map(|ns| ns as f64 * 1e-9)
}

/// The processes of a group: its leader, and the descendants that stayed in it. If the kernel keeps no lists of
/// children, or the leader is gone, all processes of the machine are searched.
fn members(group: u32) -> Vec<u32> {
    let within = |pid: &u32| Stat::read(&directory(*pid)).is_some_and(|stat| stat.group == group);
    let Some(mut waiting) = children(group) else {
        let pids = entries("/proc").filter_map(|path| path.file_name()?.to_str()?.parse().ok());
        return pids.filter(within).collect();
    };
    let mut found = vec![group];
    while let Some(pid) = waiting.pop() {
        if within(&pid) {
            found.push(pid);
            waiting.extend(children(pid).unwrap_or_default());
        }
    }
    found
}

/// The children of a process, which the kernel lists by the thread that started them. `None` if it keeps no lists.
fn children(pid: u32) -> Option<Vec<u32>> {
    let lists = entries(directory(pid).join("task")).filter_map(|task| read(task.join("children")));
    let all = lists.reduce(|all, list| all + &list)?; // each number is followed by a space
    Some(all.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect())
}

/// Where the kernel describes a process.
fn directory(pid: u32) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}"))
}

/// What `/proc/PID/stat` says, as far as it is used. The children are those that have ended and were waited for.
#[derive(Debug, PartialEq)]
struct Stat {
    group: u32,
    minor_faults: u64,
    children_minor_faults: u64,
    user_ticks: u64,
    kernel_ticks: u64,
    children_user_ticks: u64,
    children_kernel_ticks: u64,
}

impl Stat {
    /// Reads the file of the process that `path` describes.
    pub(crate) fn read(path: &Path) -> Option<Stat> {
        Stat::parse(&read(path.join("stat"))?)
    }

    /// Fields 5, 10, 11 and 14 to 17 (proc(5)). The name before them, field 2, may itself hold spaces and parentheses.
    fn parse(stat: &str) -> Option<Stat> {
        let (_, after_name) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = after_name.split_ascii_whitespace().take(15).collect();
        let number = |field: usize| fields.get(field - 3)?.parse().ok(); // the first one here is field 3
        Some(Stat {
            group: fields.get(5 - 3)?.parse().ok()?,
            minor_faults: number(10)?,
            children_minor_faults: number(11)?,
            user_ticks: number(14)?,
            kernel_ticks: number(15)?,
            children_user_ticks: number(16)?,
            children_kernel_ticks: number(17)?,
        })
    }
}

/// Nanoseconds on a CPU: the first field of `schedstat`.
fn cpu_nanoseconds(schedstat: &str) -> Option<u64> {
    schedstat.split_ascii_whitespace().next()?.parse().ok()
}

/// The number after `name` at the start of a line, as in `VmHWM: 1696 kB`.
fn number(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.split_ascii_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STAT: &str = "42 (a) b (c) R 1 7 1 0 -1 4194304 115 2 3 4 50 60 70 80 20 0 1 0 94801 3133440 380\n";

    #[test]
    fn texts_of_proc() {
        let stat = Stat {
            group: 7,
            minor_faults: 115,
            children_minor_faults: 2,
            user_ticks: 50,
            kernel_ticks: 60,
            children_user_ticks: 70,
            children_kernel_ticks: 80,
        };
        assert_eq!(Stat::parse(STAT), Some(stat));
        assert_eq!(cpu_nanoseconds("123456789 44527 1\n"), Some(123_456_789));
        let status =
            "Name:\tVmHWM: 7\nVmHWM:\t    1696 kB\nvoluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t1\n";
        assert_eq!(number(status, "VmHWM:"), Some(1696));
        assert_eq!(number(status, "voluntary_ctxt_switches:"), Some(5));
        assert_eq!(number(status, "nonvoluntary_ctxt_switches:"), Some(1));
    }

    #[test]
    fn hostile_texts_give_nothing() {
        for text in ["", "42 (a", ")", "42 (a) R 1", "VmHWM:", "VmHWM: kB"] {
            assert_eq!(Stat::parse(text), None, "{text:?}");
            assert_eq!(number(text, "VmHWM:"), None, "{text:?}");
        }
        assert_eq!(cpu_nanoseconds("99999999999999999999 0 0"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(VmHWM:|[0-9 ()\n-]|\\PC){0,60}") {
            let _ = (Stat::parse(&text), cpu_nanoseconds(&text), number(&text, "VmHWM:"));
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

    /// A shell in a group of its own, which works and then waits in a child of a child.
    #[cfg(target_os = "linux")]
    fn group(work: &str) -> (std::process::Child, Usage) {
        use std::io::Read;
        use std::os::unix::process::CommandExt;
        use std::process::{Command, Stdio};
        let script =
            format!("((i=0; while [ $i -lt {work} ]; do i=$((i+1)); done; echo; exec sleep 100) & wait) & wait");
        let mut command = Command::new("sh");
        command.args(["-c", &script]).process_group(0).stdout(Stdio::piped());
        let mut leader = command.spawn().unwrap();
        leader.stdout.take().unwrap().read_exact(&mut [0]).unwrap(); // it has worked
        let used = Usage::of_group(leader.id());
        (leader, used)
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_group_is_all_of_its_processes_and_no_other() {
        let (idle, little) = group("0");
        let (busy, much) = group("200000");
        for mut leader in [idle, busy] {
            let members = members(leader.id());
            assert_eq!(members.len(), 3, "{members:?}");
            let group = rustix::process::Pid::from_child(&leader);
            rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
            leader.wait().unwrap();
        }
        assert!(much.user_s + much.sys_s > little.user_s + little.sys_s, "{much:?} {little:?}");
        assert!(much.user_s + much.sys_s > 0.005, "some 100 ms of work: {much:?}");
        assert!(little.voluntary_switches >= 2 && little.minor_faults > 30, "three processes: {little:?}");
        assert!(little.peak_rss_bytes > 1 << 20, "{little:?}");
        assert_eq!(Usage::of_group(u32::MAX), Usage::default(), "no such group");
    }
}
