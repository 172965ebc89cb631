//! What Linux tells this process by its files and calls; other systems are not asked.

use std::path::Path;

pub(crate) use calls::{allowed_cpus, bind_to, cpu_seconds, tick_seconds};

/// The text of a file of `/sys` or `/proc`; `None` off Linux.
pub(crate) fn read(path: impl AsRef<Path>) -> Option<String> {
    if cfg!(target_os = "linux") { std::fs::read_to_string(path).ok() } else { None }
}

#[cfg(target_os = "linux")]
mod calls {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    use rustix::time::{ClockId, clock_gettime};

    /// The CPUs in the affinity mask of the calling thread, which the threads and processes that it starts inherit.
    pub(crate) fn allowed_cpus() -> Option<Vec<usize>> {
        let set = sched_getaffinity(None).ok()?;
        Some((0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).collect())
    }

    /// Binds the calling thread to one CPU. If that is refused, the thread stays unbound.
    pub(crate) fn bind_to(cpu: usize) {
        let mut one = CpuSet::new();
        one.set(cpu);
        let _ = sched_setaffinity(None, &one);
    }

    /// CPU seconds of this process, ended threads included.
    pub(crate) fn cpu_seconds() -> f64 {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
    }

    /// The unit of CPU times in `/proc`.
    pub(crate) fn tick_seconds() -> f64 {
        1.0 / rustix::param::clock_ticks_per_second() as f64
    }
}

#[cfg(not(target_os = "linux"))]
mod calls {
    pub(crate) fn allowed_cpus() -> Option<Vec<usize>> {
        None
    }

    pub(crate) fn bind_to(_cpu: usize) {}

    pub(crate) fn cpu_seconds() -> f64 {
        0.0
    }

    pub(crate) fn tick_seconds() -> f64 {
        0.0
    }
}
