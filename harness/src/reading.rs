//! What a timed run cost, read from outside the run.
//!
//! The run's own program says how long it took. Everything else is read here, over all processes of the run. So a
//! runner in another language need not know how to read it, and no reading lies between a request and its answer.

use gingham_machine::counters::Usage;
use gingham_machine::{Clocks, Neighbours};

use crate::sample::Sample;

/// The clocks of a program and of the CPUs at one moment.
pub(crate) struct Reading {
    used: Usage,
    cpus: Clocks,
}

impl Reading {
    /// Reads the clocks before a run whose processes have `used` so much. The CPUs are read last here, and first after
    /// the run, so that reading the usage does not count as another program's work.
    pub(crate) fn before(used: Usage, neighbours: &Neighbours) -> Self {
        Self { used, cpus: neighbours.clocks() }
    }

    /// Reads the clocks after `repeat` runs of `count` tasks, which took `wall_s` together: their sample, in round 0.
    pub(crate) fn after(
        self,
        used: impl FnOnce() -> Usage,
        neighbours: &Neighbours,
        wall_s: f64,
        [count, repeat]: [usize; 2],
    ) -> Sample {
        let cpus = neighbours.clocks();
        let used = used().since(&self.used);
        let taken = neighbours.took([self.cpus, cpus], wall_s, used.user_s + used.sys_s);
        Sample {
            wall_s,
            user_s: used.user_s,
            sys_s: used.sys_s,
            minor_faults: used.minor_faults,
            voluntary_switches: used.voluntary_switches,
            involuntary_switches: used.involuntary_switches,
            steal_s: taken.steal_s,
            others_s: taken.others_s,
            tasks: count * repeat,
            repeat,
            ..Sample::default()
        }
    }
}
