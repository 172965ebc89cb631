//! How long a budget must be for an answer, known before anything has run.
//!
//! With long tasks a budget can be too short for any answer: two products of 8000 x 8000 take 17 s each at 59 GF/s. The
//! time needed follows from the machine's ceilings, so a tuning that cannot give an answer is refused before its time
//! is spent.

use super::Model;
use super::bounds::FEWEST_CONFIRMATION_ROUNDS;
use super::shares::CONFIRMATION;

/// The part of the ceiling that a good backend reaches.
const REACHED: f64 = 0.85;

/// Runs of a candidate that is not confirmed: its first one, two in rounds, and one that is judged at the end.
const RUNS: usize = 4;

/// Runs of a candidate that is confirmed, beside those in rounds: its first one, and one that is judged at the end.
const AROUND_ROUNDS: usize = 2;

/// The part of the remaining time that making the operands may take.
pub(crate) const PREPARATION_SHARE: f64 = 0.5;

/// An advised budget is this many times the expected time.
const MARGIN: f64 = 1.2;

/// Seconds of a budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needed {
    /// A shorter budget cannot compare one thread with many.
    pub least_s: f64,
    /// With this the answer is confirmed in fresh processes.
    pub advised_s: f64,
}

impl Needed {
    /// For a workload that `model` bounds, whose operands took `prepared_s` seconds to make, or are expected to.
    #[must_use]
    pub fn new(model: &Model, prepared_s: f64) -> Self {
        // The baseline runs a task, the other one a task on each CPU.
        let baseline_s = model.task_s / REACHED;
        let wave_s = baseline_s * model.cpus.min(model.tasks) as f64 / model.gain.max(1.0);
        let both_s = if model.cpus > 1 { baseline_s + wave_s } else { baseline_s };
        let confirmation_s = (FEWEST_CONFIRMATION_ROUNDS + AROUND_ROUNDS) as f64 * both_s;
        Self {
            least_s: prepared_s + RUNS as f64 * both_s,
            // The confirmation has only a part of the search's time, and operands are not made if that takes longer
            // than its part.
            advised_s: typed((prepared_s + confirmation_s / CONFIRMATION).max(prepared_s / PREPARATION_SHARE)),
        }
    }
}

/// `seconds` with a margin, as a person would type them: in steps of ten, below ten in steps of one.
pub(super) fn typed(seconds: f64) -> f64 {
    let seconds = seconds * MARGIN;
    let step = if seconds > 10.0 { 10.0 } else { 1.0 };
    (seconds / step).ceil().max(1.0) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_budget_must_have() {
        let model = |task_s| Model { tasks: 2, cpus: 2, gain: 2.0, beyond_cache: 0, task_s };
        let short = Needed::new(&model(0.001), 0.5);
        assert!(short.least_s < 0.6 && short.advised_s == 2.0, "{short:?}");
        // 17 s of a product of 8000 x 8000 on each of two cores.
        let long = Needed::new(&model(17.0), 10.0);
        assert_eq!((long.least_s, long.advised_s), (170.0, 780.0));
        assert_eq!(Needed::new(&model(0.1), 30.0).advised_s, 80.0, "of which the operands take half");
    }
}
