//! What a run of a trial cost, as its parent sees it.
//!
//! The runner says how long the run took. All else is read here, from outside and over the whole process group: so a
//! runner in another language need not know how, workers in processes of their own count alike, and no reading lies
//! between a request and its answer.

use gingham_machine::counters::{Usage, busy_seconds, steal_seconds};

use crate::outcome::Sample;

/// What a run of a trial cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Seconds on the runner's clock, over all repetitions.
    pub wall_s: f64,
    /// What the processes of the trial used meanwhile.
    pub used: Usage,
    /// CPU seconds that the host of a virtual machine took meanwhile, to the kernel's tick.
    pub steal_s: f64,
    /// CPU seconds that other processes of this machine used meanwhile. The kernel's tick (10 ms as a rule, for each
    /// CPU) is about as long as a short run: one figure says little and may be a tick below zero, the sum over many runs
    /// says more, which is why nothing is cut off at zero.
    pub others_s: f64,
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
            steal_s: self.steal_s,
            others_s: self.others_s,
            tasks: tasks * repeat,
            repeat,
            ..Sample::default()
        }
    }
}

/// The clocks of a trial and of the machine at one moment.
pub(super) struct Reading {
    used: Usage,
    steal_s: f64,
    busy_s: f64,
}

impl Reading {
    /// Before a run of the process group `group`. The machine is read last here, and first after the run: what reading
    /// the group costs is no other process' work.
    pub(super) fn before(group: u32) -> Self {
        let used = Usage::of_group(group);
        Self { used, steal_s: steal_seconds(), busy_s: busy_seconds() }
    }

    /// After the run, which took `wall_s`.
    pub(super) fn after(self, group: u32, wall_s: f64) -> Measured {
        let (steal_s, busy_s) = (steal_seconds() - self.steal_s, busy_seconds() - self.busy_s);
        let used = Usage::of_group(group).since(&self.used);
        let others_s = busy_s - used.user_s - used.sys_s;
        Measured { wall_s, used, steal_s: steal_s.max(0.0), others_s }
    }
}
