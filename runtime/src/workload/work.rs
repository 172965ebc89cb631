//! How much work a batch is, and what bounds it on a machine.

use gingham_core::function::Element;
use gingham_machine::Machine;
use gingham_machine::ceilings::Rates;

use super::{Bound, Call, Unit, Workload};

impl Workload {
    /// The work of `tasks` tasks: floating-point operations for matmul (2 m k n each), items for a function, and for
    /// all others, which memory bounds, the bytes of the operands.
    #[must_use]
    pub fn work(&self, tasks: usize) -> f64 {
        self.call.family().work(self) * tasks as f64
    }

    /// The rate of the whole batch if it takes `seconds`, in [`Workload::rate_unit`].
    #[must_use]
    pub fn rate(&self, seconds: f64) -> f64 {
        self.work(self.tasks) / seconds / self.unit().rate().1
    }

    /// `GF/s`, `GB/s` or `items/s`: the unit in which the rate is given.
    #[must_use]
    pub fn rate_unit(&self) -> &'static str {
        self.unit().rate().0
    }

    /// The unit of the work.
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.call.family().facts().unit
    }

    /// Whether every task takes the same time, so that any part of the batch stands for all of it. Items of a function
    /// may differ much.
    #[must_use]
    pub fn tasks_are_alike(&self) -> bool {
        matches!(self.call, Call::Op { .. })
    }

    /// Whether all operands fit into the last-level cache of `machine`, so that memory does not bound the batch.
    #[must_use]
    pub fn is_cached(&self, machine: &Machine) -> bool {
        self.batch_bytes() <= machine.last_level_bytes()
    }

    /// What bounds a task whose operands are larger than any cache.
    #[must_use]
    pub fn bound(&self) -> Bound {
        self.call.family().facts().bound
    }

    /// The ceiling of the batch on `machine`, in work a second, if its rates are at most `rates`. `None` if the caches
    /// bound it, or if the bound is not known.
    #[must_use]
    pub fn ceiling(&self, machine: &Machine, rates: &Rates) -> Option<f64> {
        match self.bound() {
            Bound::MultiplyAdd => Some(match self.call.element() {
                Element::F32 => rates.fma_f32,
                Element::F64 | Element::Bytes => rates.fma_f64,
            }),
            Bound::Read | Bound::Write | Bound::Copy if self.is_cached(machine) => None,
            Bound::Read => Some(rates.read),
            Bound::Write => Some(rates.write),
            Bound::Copy => Some(rates.copy),
            Bound::Unknown => None,
        }
    }
}
