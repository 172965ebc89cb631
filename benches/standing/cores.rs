//! The CPUs that the sides may use: as many as the row has threads, the same ones each time.

use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The CPUs that this process may use.
pub(crate) struct Cores(Vec<usize>);

impl Cores {
    /// The CPUs that it may use now.
    pub(crate) fn of_this_process() -> io::Result<Self> {
        let allowed = sched_getaffinity(None)?;
        // The first CPU serves more interrupts than the others.
        Ok(Self((0..CpuSet::MAX_CPU).rev().filter(|&cpu| allowed.is_set(cpu)).collect()))
    }

    /// The number of CPUs.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Binds the calling thread, and the threads and processes that it starts, to `count` of them.
    pub(crate) fn allow(&self, count: usize) -> io::Result<()> {
        let mut set = CpuSet::new();
        self.0.iter().take(count).for_each(|&cpu| set.set(cpu));
        Ok(sched_setaffinity(None, &set)?)
    }
}
