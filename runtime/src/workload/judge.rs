//! Whether a trial computed the right results: the parent judges the outputs in the arena itself.
//!
//! Each family defines what is compared, and with what (`family`). The expected results are computed once, for all
//! trials. Outputs are poisoned before the run that is judged, and comparisons read `ratio <= 1`, so that outputs that
//! were not written fail.

use bytemuck::Pod;
use gingham_core::bounds::Bounded;
use ndarray::ArrayView2;

use super::placement::{Placement, Tensor};
use crate::combination::FUNCTIONS;

/// What every trial's outputs are compared with.
pub struct Judge {
    output: Tensor,
    expected: Box<dyn Expected>,
}

/// The outputs of a run.
pub(super) struct Run<'a> {
    output: &'a Tensor,
    outputs: &'a [u8],
    /// Id of the backend that computed them.
    pub(super) backend: &'a str,
    /// The run was of tasks `0 .. tasks`.
    pub(super) tasks: usize,
}

impl<'a> Run<'a> {
    /// The output of `task`.
    pub(super) fn result<T: Pod>(&self, task: usize) -> ArrayView2<'a, T> {
        self.output.view(task, self.outputs).expect("the placement that the memory was made by")
    }
}

/// What a family expects of the outputs. For operations this is a function, which knows the right results.
pub(super) trait Expected: Send + Sync {
    /// The largest error over its bound among the outputs of `run`.
    fn check(&self, run: &Run<'_>) -> Result<f64, Wrong>;

    /// Takes what a serial run has written for right from here on.
    fn learn(&mut self, _run: &Run<'_>) {}

    /// What was learnt of `task`.
    fn learnt(&self, _task: usize) -> &[u8] {
        &[]
    }
}

impl<F: Fn(&Run<'_>) -> Result<f64, Wrong> + Send + Sync> Expected for F {
    fn check(&self, run: &Run<'_>) -> Result<f64, Wrong> {
        self(run)
    }
}

impl Judge {
    pub(super) fn new(placement: &Placement, expected: impl Expected + 'static) -> Self {
        Self { output: placement.output().clone(), expected: Box::new(expected) }
    }

    /// Fills the outputs of tasks `0 .. count` with what no run of these tasks writes: bits that are all ones, a NaN of
    /// either type; and for results that were learnt, each of their bits turned over.
    pub fn poison(&self, outputs: &mut [u8], count: usize) {
        let end = self.output.end(count).min(outputs.len());
        outputs[..end].fill(0xff);
        for task in 0..count {
            let learnt = self.expected.learnt(task);
            outputs[self.output.end(task)..].iter_mut().zip(learnt).for_each(|(out, byte)| *out = !byte);
        }
    }

    /// The largest error over its bound among the outputs of tasks `0 .. count`, as `backend` computed them; at most 1
    /// if all are right.
    ///
    /// # Errors
    /// [`Wrong`], naming the first element that is.
    pub fn check(&self, backend: &str, outputs: &[u8], count: usize) -> Result<f64, Wrong> {
        self.expected.check(&Run { output: &self.output, outputs, backend, tasks: count })
    }

    /// Takes the outputs of tasks `0 .. count`, which a serial run of a function has written, for right from here on.
    /// The right results of an operation are known without it.
    pub fn learn(&mut self, outputs: &[u8], count: usize) {
        self.expected.learn(&Run { output: &self.output, outputs, backend: FUNCTIONS, tasks: count });
    }
}

/// A result that is wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Wrong {
    /// An element further from the right one than its bound.
    #[error("wrong result: task {task}, element {element}: {got:e}, expected {expected:e} within {bound:e}")]
    Element {
        /// The task.
        task: usize,
        /// The element of its output, counted by rows; for the check with a random vector, the row.
        element: usize,
        /// What the trial computed.
        got: f64,
        /// What it should have been.
        expected: f64,
        /// The largest error of a right answer.
        bound: f64,
    },
    /// Random numbers that do not follow their distribution.
    #[error("wrong result: {what} of the numbers up to task {task}: {got:e}, expected {expected:e} within {bound:e}")]
    Sample {
        /// The last task of the sample.
        task: usize,
        /// The statistic of the sample.
        what: &'static str,
        /// Its value for the trial's numbers.
        got: f64,
        /// Its value for the distribution.
        expected: f64,
        /// The largest difference in a sample of this size.
        bound: f64,
    },
    /// Random numbers that the backend draws differently each time.
    #[error("wrong result: task {task} holds other random numbers than those that {backend} drew before")]
    Redrawn {
        /// The task.
        task: usize,
        /// Id of the backend.
        backend: String,
    },
    /// Random numbers of one stream in two tasks.
    #[error("wrong result: task {task} holds the random numbers of task {earlier}")]
    Repeated {
        /// The task.
        task: usize,
        /// The one with the same numbers.
        earlier: usize,
    },
    /// A function's results that differ from the results of a serial run.
    #[error("item {item}: result {at} is {got}; a serial run writes {expected}")]
    Differs {
        /// The item.
        item: usize,
        /// Which of its results.
        at: usize,
        /// What the trial computed.
        got: String,
        /// What a serial run computed.
        expected: String,
    },
}

/// The largest error over its bound among elements, each given by its task and its place, its value and what it should
/// be.
pub(super) fn compare(elements: impl IntoIterator<Item = ([usize; 2], f64, Bounded)>) -> Result<f64, Wrong> {
    elements.into_iter().try_fold(0.0, |largest: f64, ([task, element], got, expected)| match expected.ratio(got) {
        ratio if ratio <= 1.0 => Ok(largest.max(ratio)),
        _ => Err(Wrong::Element { task, element, got, expected: expected.value, bound: expected.bound }),
    })
}

#[cfg(test)]
mod tests {
    use super::super::placement::Number;
    use gingham_core::{Op, Registry};

    use super::*;
    use crate::engine::Engine;
    use crate::workload::{Maker, Operands, Workload};

    /// Runs `op` with the reference, spoils element `spoil` of the last task by `factor`, and judges.
    fn judge<T: Number>(op: &str, shape: &str, spoil: Option<(usize, f64)>) -> Result<f64, Wrong> {
        let workload = Workload::new(op.parse().unwrap(), T::DTYPE, shape, None, 3).unwrap();
        let mut operands = Operands::new(&Maker::default(), &workload, 1).unwrap();
        let placement = operands.placement().clone();
        let judge = workload.judge(&placement, operands.inputs(), 2).unwrap();
        judge.poison(operands.outputs_mut(), 3);
        let poisoned =
            |task| placement.output().view::<T>(task, operands.outputs()).unwrap().iter().all(|x| x.is_nan());
        assert!((0..3).all(poisoned));
        let registry = Registry::new();
        let engine = Engine::new(&registry, &"reference+serial".parse().unwrap()).unwrap();
        operands.tasks(&workload, &registry).unwrap().run(0..3, &engine.limited().unwrap()).unwrap();
        if let Some((element, factor)) = spoil {
            let at = placement.output().end(2) / size_of::<T>() + element;
            let outputs = bytemuck::cast_slice_mut::<u8, T>(operands.outputs_mut());
            outputs[at] = T::from_f64(outputs[at].into_f64() * factor);
        }
        judge.check("reference", operands.outputs(), 3)
    }

    #[test]
    fn right_results_pass() {
        for op in Op::all().map(Op::name) {
            let shape = if op == "matmul" { "17x31x23" } else { "20000" };
            assert!(judge::<f64>(op, shape, None).unwrap() <= 1.0, "{op}");
            assert!(judge::<f32>(op, shape, None).unwrap() <= 1.0, "{op}");
        }
    }

    #[test]
    fn empty_operands_pass() {
        assert_eq!(judge::<f64>("matmul", "0x3x4", None), Ok(0.0));
        assert_eq!(judge::<f64>("matmul", "3x0x4", None), Ok(0.0));
        assert_eq!(judge::<f64>("dot", "0", None), Ok(0.0));
        assert_eq!(judge::<f64>("exp", "0", None), Ok(0.0));
    }

    #[test]
    fn wrong_results_fail() {
        for (op, shape) in [("matmul", "17x31x23"), ("dot", "1000"), ("fill", "1000"), ("exp", "1000"), ("add", "9x9")]
        {
            for factor in [1.0 + 1e-9, f64::NAN] {
                let wrong = judge::<f64>(op, shape, Some((0, factor))).unwrap_err();
                assert!(matches!(wrong, Wrong::Element { task: 2, element: 0, .. }), "{op} x {factor}: {wrong}");
            }
        }
        // Rows beyond the sampled ones are caught by the random vector.
        assert!(judge::<f64>("matmul", "700x700x300", Some((300 * 699, 1.5))).is_err());
    }
}
