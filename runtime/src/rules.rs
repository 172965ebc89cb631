//! Which combinations cannot run on the CPUs at hand, whatever the workload: for the space and for plans.

use gingham_core::{OpThreads, Threading};
use gingham_machine::Machine;

use crate::combination::{Combination, ExecutorKind};

/// The CPUs that combinations are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpus {
    /// The CPUs that this process may use.
    pub usable: usize,
    /// The machine's cores, each counted once however many hyper-threads it has.
    pub cores: usize,
}

impl Cpus {
    /// The CPUs of `machine`.
    #[must_use]
    pub fn of(machine: &Machine) -> Self {
        Self { usable: machine.usable_cpus, cores: machine.physical_cores }
    }

    /// The most threads that a combination may have runnable at once: more take turns on a CPU and fill memory with
    /// stacks. 8 are harmless anywhere.
    #[must_use]
    pub fn most_runnable(self) -> usize {
        self.squared().max(self.usable.saturating_mul(4)).max(8)
    }

    /// The most that are worth a try by default.
    #[must_use]
    pub fn squared(self) -> usize {
        self.usable.saturating_mul(self.usable)
    }

    /// Numbers of threads that are worth a try: 1, 2, 4, ... below the number of CPUs, the number of cores, and the
    /// number of CPUs.
    pub fn counts(self) -> impl Iterator<Item = usize> {
        let usable = self.usable.max(1);
        let doublings = std::iter::successors(Some(1_usize), |x| x.checked_mul(2)).take_while(move |&x| x < usable);
        let mut counts: Vec<usize> = doublings.chain([self.cores, usable]).filter(|&n| 0 < n && n <= usable).collect();
        counts.sort_unstable();
        counts.dedup();
        counts.into_iter()
    }
}

/// Why a backend cannot have these op threads.
#[must_use]
pub fn threads_rule(threading: Threading, threads: OpThreads) -> Option<String> {
    match threading {
        Threading::Single if threads != OpThreads::ONE => Some("it has no threads of its own".into()),
        Threading::AtStart { var, allowed } if !allowed.contains(&threads.get()) => {
            let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            Some(format!("{var} takes {}", allowed.join(", ")))
        }
        _ => None,
    }
}

/// Why a combination cannot run on these CPUs, whatever the workload.
#[must_use]
pub fn impossible(threading: Threading, combination: &Combination, cpus: Cpus) -> Option<String> {
    let threads = combination.op_threads;
    if let Some(reason) = threads_rule(threading, threads).or_else(|| crowd_rule(combination, cpus)) {
        return Some(reason);
    }
    let rayon_inside = threading == Threading::PerCall { rayon: true } && threads != OpThreads::ONE;
    (rayon_inside && combination.executor == ExecutorKind::Rayon)
        .then(|| "op threads of a rayon-based backend would run tasks of the rayon executor while they wait".into())
}

/// Why a combination has more threads than may be runnable at once.
fn crowd_rule(combination: &Combination, cpus: Cpus) -> Option<String> {
    let Combination { workers, op_threads, .. } = combination;
    let (most, usable) = (cpus.most_runnable(), cpus.usable);
    (combination.runnable() > most).then(|| {
        format!("{workers} x {op_threads} threads would be runnable at once; {most} may be on {usable} usable CPUs")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_the_cores_and_the_cpus() {
        let counts = |usable, cores| Cpus { usable, cores }.counts().collect::<Vec<_>>();
        assert_eq!(counts(1, 1), [1]);
        assert_eq!(counts(8, 8), [1, 2, 4, 8]);
        assert_eq!(counts(24, 12), [1, 2, 4, 8, 12, 16, 24]);
        assert_eq!(counts(6, 12), [1, 2, 4, 6], "an affinity mask leaves fewer CPUs than there are cores");
        assert_eq!(counts(2, 0), [1, 2]);
    }
}
