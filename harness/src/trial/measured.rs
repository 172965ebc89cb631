//! What a run of a trial cost, as its parent sees it.
//!
//! The runner says how long the run took. All else is read here, from outside and over the whole process group: so a
//! runner in another language need not know how, workers in processes of their own count alike, and no reading lies
//! between a request and its answer.

use gingham_machine::counters::Usage;
use gingham_machine::{Clocks, Neighbours, Taken};

use crate::outcome::Sample;

/// What a run of a trial cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Seconds on the runner's clock, over all repetitions.
    pub wall_s: f64,
    /// What the processes of the trial used meanwhile.
    pub used: Usage,
    /// What others took of the CPUs meanwhile.
    pub taken: Taken,
}

impl Measured {
    /// As a sample of `tasks` tasks, run `repeat` times over, of a round that is yet to be named.
    #[must_use]
    pub fn sample(&self, tasks: usize, repeat: usize) -> Sample {
        Sample {
            wall_s: self.wall_s,
            user_s: self.used.user_s,
            sys_s: self.used.sys_s,
            minor_faults: self.used.minor_faults,
            voluntary_switches: self.used.voluntary_switches,
            involuntary_switches: self.used.involuntary_switches,
            steal_s: self.taken.steal_s,
            others_s: self.taken.others_s,
            tasks: tasks * repeat,
            repeat,
            ..Sample::default()
        }
    }
}

/// The clocks of a trial and of the CPUs at one moment.
pub(super) struct Reading {
    used: Usage,
    cpus: Clocks,
}

impl Reading {
    /// Before a run of the process group `group`. The CPUs are read last here, and first after the run: what reading
    /// the group costs is no other process' work.
    pub(super) fn before(group: u32, neighbours: &Neighbours) -> Self {
        let used = Usage::of_group(group);
        Self { used, cpus: neighbours.clocks() }
    }

    /// After the run, which took `wall_s`.
    pub(super) fn after(self, group: u32, neighbours: &Neighbours, wall_s: f64) -> Measured {
        let cpus = neighbours.clocks();
        let used = Usage::of_group(group).since(&self.used);
        Measured { wall_s, used, taken: neighbours.took([self.cpus, cpus], wall_s, used.user_s + used.sys_s) }
    }
}
