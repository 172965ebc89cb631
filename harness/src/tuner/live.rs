//! A trial as it takes part in the race: woken, warmed, timed, and stopped again.

use gingham_machine::counters::steal_seconds;

use crate::combination::Combination;
use crate::outcome::Sample;
use crate::race::Contestant;
use crate::trial::{Death, Trial};

/// A live trial, with what a sample of it consists of.
pub(super) struct Live {
    pub(super) trial: Trial,
    pub(super) combination: Combination,
    /// Tasks run before a sample, untimed: one for each worker.
    pub(super) warm: usize,
    /// Tasks of a sample.
    pub(super) tasks: usize,
    /// How many times over a sample runs them.
    pub(super) repeat: usize,
}

impl Contestant for Live {
    type Death = Death;

    fn sample(&mut self, round: usize) -> Result<Sample, Death> {
        self.trial.resume();
        self.trial.run(0, self.warm, 1)?;
        let steal = steal_seconds();
        let cost = self.trial.run(0, self.tasks, self.repeat)?;
        let steal_s = steal_seconds() - steal;
        self.trial.stop();
        Ok(Sample {
            round,
            wall_s: cost.wall_s,
            user_s: cost.user_s,
            sys_s: cost.sys_s,
            minor_faults: cost.minor_faults,
            voluntary_switches: cost.voluntary_switches,
            involuntary_switches: cost.involuntary_switches,
            steal_s,
            tasks: self.tasks * self.repeat,
        })
    }
}
