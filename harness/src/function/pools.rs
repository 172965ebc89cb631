//! A closure on pools of this process.
//!
//! All pools of a race stay alive, asleep: a thread that finds nothing to do spins for some microseconds at most, which
//! end within the untimed items before a sample.

use std::time::Instant;

use gingham_core::Context;
use gingham_machine::Neighbours;
use gingham_machine::counters::Usage;

use super::FnPlan;
use super::course::Place;
use crate::combination::Combination;
use crate::executor::{BoxError, TaskErrors};
use crate::outcome::Sample;
use crate::search::{Failure, FailureKind, Stopped};
use crate::workload::portion::Portion;

/// Pools of this process that run a closure.
pub(super) struct Pools<'a, F> {
    f: &'a F,
    neighbours: Neighbours,
}

impl<'a, F> Pools<'a, F> {
    pub(super) fn new(f: &'a F) -> Self {
        Self { f, neighbours: Neighbours::of_this_thread() }
    }
}

impl<F: Fn(&Context<'_>, usize) -> Result<(), BoxError> + Sync> Place for Pools<'_, F> {
    type Running = FnPlan;

    fn start(&mut self, combination: &Combination) -> Result<FnPlan, Failure> {
        FnPlan::new(combination).map_err(|e| Failure::new(FailureKind::Refused, e.to_string()))
    }

    fn run(&mut self, plan: &mut FnPlan, warm: usize, portion: Portion, repeat: usize) -> Result<Sample, Failure> {
        let failed = |errors: TaskErrors| Failure::new(FailureKind::Failed, errors.to_string());
        if warm > 0 {
            plan.run_portion(Portion { count: warm, ..portion }, self.f).map_err(failed)?;
        }
        let (before, from) = (Usage::of_self(), self.neighbours.clocks());
        let start = Instant::now();
        (0..repeat).try_for_each(|_| plan.run_portion(portion, self.f)).map_err(failed)?;
        let wall_s = start.elapsed().as_secs_f64();
        let to = self.neighbours.clocks();
        let used = Usage::of_self().since(&before);
        let taken = self.neighbours.took([from, to], wall_s, used.user_s + used.sys_s);
        Ok(Sample {
            wall_s,
            user_s: used.user_s,
            sys_s: used.sys_s,
            minor_faults: used.minor_faults,
            voluntary_switches: used.voluntary_switches,
            involuntary_switches: used.involuntary_switches,
            steal_s: taken.steal_s,
            others_s: taken.others_s,
            tasks: portion.count * repeat,
            repeat,
            ..Sample::default()
        })
    }

    /// A closure keeps what it computes to itself: that it returns is all that can be asked of it.
    fn learn(&mut self, _serial: &mut FnPlan, _portion: Portion) -> Result<(), Failure> {
        Ok(())
    }

    fn judge(&mut self, _plan: &mut FnPlan) -> Result<(), Failure> {
        Ok(())
    }

    fn end(&mut self, _plan: FnPlan) -> Stopped {
        Stopped::default()
    }
}
