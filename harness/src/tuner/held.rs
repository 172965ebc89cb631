//! How much of a batch a tuning holds in memory.

use gingham_runtime::Workload;
use gingham_runtime::arena::{DEFAULT_LIMIT, FIRST_TOUCH};

/// The part of `workload` that a tuning on `cpus` CPUs holds. Samples are of whole waves. So it holds whole waves of
/// one task for each CPU, and at least one wave if that can be made in a twentieth of `budget_s` seconds.
pub(super) fn held(workload: &Workload, cpus: usize, budget_s: f64) -> Workload {
    let wave = workload.task_bytes().saturating_mul(cpus as u64).min((budget_s / 20.0 * FIRST_TOUCH) as u64);
    let held = workload.within(DEFAULT_LIMIT.max(wave));
    match held.tasks() {
        tasks if tasks < workload.tasks() && tasks > cpus => held.with_fewer_tasks(tasks / cpus * cpus),
        _ => held,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tuning_holds_whole_waves() {
        let held = |mib: usize, tasks| held(&Workload::fill::<f64>([1, mib << 17]).tasks(tasks), 3, 60.0).tasks();
        assert_eq!(held(1, 100), 100);
        assert_eq!(held(128, 100), 3, "four would fit");
        assert_eq!(held(200, 100), 3, "two would fit where half a GiB is the limit");
        assert_eq!(held(400, 100), 2, "as many as can be touched in three seconds");
        assert_eq!(held(4000, 2), 1);
    }
}
