//! What a run of a trial cost, as its parent sees it.
//!
//! The runner says how long the run took. Everything else is read here, from outside and over the whole process group.
//! So a runner in another language need not know how to read it, workers in processes of their own count too, and no
//! reading lies between a request and its answer.

use gingham_machine::counters::Usage;
use gingham_machine::{Clocks, Neighbours};

use crate::sample::Cost;

/// The clocks of a trial and of the CPUs at one moment.
pub(super) struct Reading {
    used: Usage,
    cpus: Clocks,
}

impl Reading {
    /// Reads the clocks before a run of the process group `group`. The CPUs are read last here, and first after the
    /// run, so that reading the group does not count as another program's work.
    pub(super) fn before(group: u32, neighbours: &Neighbours) -> Self {
        let used = Usage::of_group(group);
        Self { used, cpus: neighbours.clocks() }
    }

    /// Reads the clocks after the run, which took `wall_s`.
    pub(super) fn after(self, group: u32, neighbours: &Neighbours, wall_s: f64) -> Cost {
        let cpus = neighbours.clocks();
        let used = Usage::of_group(group).since(&self.used);
        Cost { wall_s, used, taken: neighbours.took([self.cpus, cpus], wall_s, used.user_s + used.sys_s) }
    }
}
