//! The operands of a batch: how much memory they take, where each lies, and what the inputs hold.
//!
//! Inputs lie in one block of memory and outputs in another, so that a trial can be kept from writing to the former.

use gingham_core::{Op, Scalar, Stream, Unary};
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2, ShapeBuilder};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
use crate::arena::{DEFAULT_LIMIT, FIRST_TOUCH};
use crate::parallel;
use crate::report::bytes;
use crate::task::Task;
use crate::workload::{Operand, Workload};

/// Each task's operand starts on a cache line of its own, so that two workers never write to one line.
const ALIGN: u64 = 64;

/// Tasks that an arena holds at most. Each process of a tuning, of which some forty may be alive, describes every task
/// in [`TASK`] bytes, which are more than tiny operands themselves: 16 MiB of these are a process' share. Their
/// operands, of a cache line each at least, are as many bytes and more.
const MOST_TASKS: usize = 1 << 17;

/// Bytes that describe a task in a process that runs it.
const TASK: u64 = size_of::<Task<'static, f64>>() as u64;

/// The seed of random tasks. Each has the stream of its index in the batch, whoever runs it.
const SEED: u64 = 0;

/// Where one operand lies: that of task `i` starts `base + i step` bytes into its arena.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tensor {
    /// The operand's name in the contract of the operation.
    pub name: String,
    /// Whether it lies among the outputs.
    pub output: bool,
    /// Byte offset of the first task's.
    pub base: u64,
    /// Bytes from one task's to the next one's.
    pub step: u64,
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Strides in elements.
    pub strides: [isize; 2],
}

/// Where all operands lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// In the order of the operation's contract.
    pub tensors: Vec<Tensor>,
    /// Length of the inputs, at least one page.
    pub input_bytes: u64,
    /// Length of the outputs, at least one page.
    pub output_bytes: u64,
}

/// Operands that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// More than the machine has left.
    #[error(
        "the workload ({workload}) needs {} of memory, {} are available; use a smaller shape{}",
        bytes(*needed),
        bytes(*available),
        if workload.tasks() > 1 { " or fewer tasks" } else { "" }
    )]
    TooLarge {
        /// The workload.
        workload: Workload,
        /// Bytes of all its operands.
        needed: u64,
        /// Bytes that the machine has left.
        available: u64,
    },
    /// A tensor that does not lie inside its arena.
    #[error("tensor `{name}` of task {task} does not lie inside its arena")]
    OutOfBounds {
        /// The tensor's name.
        name: String,
        /// The task.
        task: usize,
    },
}

/// Refuses a workload whose batch the machine cannot hold, descriptions of its tasks included: nothing has been
/// allocated when this returns.
///
/// # Errors
/// [`Error::TooLarge`], with both numbers.
pub fn check_memory(workload: &Workload, available: u64) -> Result<(), Error> {
    let needed = placed_bytes(workload).saturating_add(TASK).saturating_mul(workload.tasks() as u64);
    match needed <= available {
        true => Ok(()),
        false => Err(Error::TooLarge { workload: workload.clone(), needed, available }),
    }
}

/// `workload` with as many of its tasks as fit into `limit` bytes, at least one, and at most as many as forty processes
/// can describe.
#[must_use]
pub fn within(workload: &Workload, limit: u64) -> Workload {
    let fitting = limit.checked_div(placed_bytes(workload)).map_or(usize::MAX, |tasks| tasks as usize);
    workload.with_fewer_tasks(fitting.min(MOST_TASKS))
}

/// Bytes that the operands of a task take where each is on cache lines of its own.
fn placed_bytes(workload: &Workload) -> u64 {
    let bytes = |operand: Operand| (operand.shape[0] * operand.shape[1] * workload.dtype().size()) as u64;
    workload.operands().into_iter().map(|operand| bytes(operand).next_multiple_of(ALIGN)).sum()
}

/// The part of `workload` that a tuning holds in memory. Its samples are of whole waves, so at least one task for each
/// of `cpus` is held, if these can be made in a twentieth of `budget_s` seconds, and whole waves of as many.
#[cfg(target_os = "linux")]
#[must_use]
pub fn held(workload: &Workload, cpus: usize, budget_s: f64) -> Workload {
    let wave = workload.task_bytes().saturating_mul(cpus as u64).min((budget_s / 20.0 * FIRST_TOUCH) as u64);
    let held = within(workload, DEFAULT_LIMIT.max(wave));
    match held.tasks() {
        tasks if tasks < workload.tasks() && tasks > cpus => held.with_fewer_tasks(tasks / cpus * cpus),
        _ => held,
    }
}

/// Elements of a block, which has random numbers of its own: however many threads fill, and in however many parts, the
/// inputs are the same.
const BLOCK: usize = 1 << 17;

/// Fills `inputs` from `seed`: uniform in [-1, 1), for functions that want a positive argument in [0.5, 2). Every
/// usable CPU takes part: one alone needs half a minute for two vectors of 1e9 elements.
pub fn fill<T: Scalar>(workload: &Workload, seed: u64, inputs: &mut [T]) {
    fill_part(workload, seed, 0, inputs);
}

/// Fills `inputs`, a part of all inputs that begins with their element `from`, a multiple of [`BLOCK`], as [`fill`].
pub(crate) fn fill_part<T: Scalar>(workload: &Workload, seed: u64, from: usize, inputs: &mut [T]) {
    debug_assert!(from.is_multiple_of(BLOCK));
    let range = match workload.op() {
        Op::Unary(Unary::Ln | Unary::Sqrt | Unary::Recip) | Op::Binary(_) => 0.5..2.0,
        _ => -1.0..1.0,
    };
    parallel::for_each(inputs.chunks_mut(BLOCK).enumerate(), |(number, block)| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream((from / BLOCK + number) as u64);
        block.fill_with(|| T::from_f64(rng.random_range(range.clone())));
    });
}

impl Placement {
    /// The operands of `workload`, one after the other, each for all tasks.
    #[must_use]
    pub fn of(workload: &Workload) -> Self {
        let mut ends = [0_u64; 2];
        let place = |Operand { name, shape, strides, output }| {
            let bytes = (shape[0] * shape[1] * workload.dtype().size()) as u64;
            let step = bytes.next_multiple_of(ALIGN);
            let end = &mut ends[usize::from(output)];
            let base = *end;
            *end += step * workload.tasks() as u64;
            Tensor { name: name.into(), output, base, step, shape, strides }
        };
        let tensors = workload.operands().into_iter().map(place).collect();
        let [input_bytes, output_bytes] = ends.map(|end| end.max(1).next_multiple_of(4096));
        Self { tensors, input_bytes, output_bytes }
    }
}

impl Tensor {
    /// This operand of `task`, in `arena` (inputs or outputs, whichever it lies in).
    ///
    /// # Errors
    /// [`Error::OutOfBounds`]
    pub fn view<'a, T: Scalar>(&self, task: usize, arena: &'a [T]) -> Result<ArrayView2<'a, T>, Error> {
        let out_of_bounds = || Error::OutOfBounds { name: self.name.clone(), task };
        let slice = self.range::<T>(task).and_then(|range| arena.get(range)).ok_or_else(out_of_bounds)?;
        ArrayView2::from_shape(self.shape.strides(self.element_strides()), slice).map_err(|_| out_of_bounds())
    }

    /// The elements of this operand of `task`.
    fn range<T>(&self, task: usize) -> Option<std::ops::Range<usize>> {
        let bytes = self.base.checked_add(self.step.checked_mul(task as u64)?)?;
        let start = usize::try_from(bytes).ok()? / size_of::<T>();
        Some(start..start.checked_add(self.shape[0].checked_mul(self.shape[1])?)?)
    }

    /// Strides as ndarray wants them: for an empty array it demands the memory that strides other than 0 would span.
    fn element_strides(&self) -> [usize; 2] {
        if self.shape.contains(&0) { [0, 0] } else { self.strides.map(isize::unsigned_abs) }
    }
}

/// The tasks of `workload` over mapped arenas.
///
/// # Errors
/// [`Error::OutOfBounds`] where the tensors, which come from another process, do not fit.
pub fn tasks<'a, T: Scalar>(
    workload: &Workload,
    tensors: &[Tensor],
    inputs: &'a [T],
    outputs: &'a mut [T],
) -> Result<Vec<Task<'a, T>>, Error> {
    let (inside, output) = match tensors {
        [inside @ .., output] if output.output && inside.iter().all(|t| !t.output) => (inside, output),
        _ => return Err(Error::OutOfBounds { name: "out".into(), task: 0 }),
    };
    let mut rest = outputs;
    let mut taken = 0;
    let mut tasks = Vec::with_capacity(workload.tasks());
    for task in 0..workload.tasks() {
        let out_of_bounds = || Error::OutOfBounds { name: output.name.clone(), task };
        let range = output.range::<T>(task).ok_or_else(out_of_bounds)?;
        let skip = range.start.checked_sub(taken).ok_or_else(out_of_bounds)?;
        let (_, from) = rest.split_at_mut_checked(skip).ok_or_else(out_of_bounds)?;
        let (own, after) = from.split_at_mut_checked(range.len()).ok_or_else(out_of_bounds)?;
        (rest, taken) = (after, range.end);
        let out = ArrayViewMut2::from_shape(output.shape.strides(output.element_strides()), own)
            .map_err(|_| out_of_bounds())?;
        let input = |i: usize| inside.get(i).ok_or_else(out_of_bounds)?.view(task, inputs);
        tasks.push(match workload.op() {
            Op::MatMul => Task::MatMul { a: input(0)?, b: input(1)?, c: out },
            Op::Dot => {
                Task::Dot { x: vector(input(0)?), y: vector(input(1)?), out: only(out).ok_or_else(out_of_bounds)? }
            }
            Op::Fill => Task::Fill { value: T::one(), out },
            Op::Random(distribution) => Task::Random { distribution, stream: Stream::new(SEED, task as u64), out },
            Op::Unary(f) => Task::Unary { f, x: Some(input(0)?), out },
            Op::Binary(f) => Task::Binary { f, x: Some(input(0)?), y: input(1)?, out },
            _ => return Err(out_of_bounds()),
        });
    }
    Ok(tasks)
}

fn vector<T>(view: ArrayView2<'_, T>) -> ArrayView1<'_, T> {
    view.index_axis_move(ndarray::Axis(0), 0)
}

fn only<T>(view: ArrayViewMut2<'_, T>) -> Option<&mut T> {
    view.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(shape: &str, tasks: usize) -> Workload {
        Workload::new(Op::Fill, gingham_core::DType::F64, shape, None, tasks).unwrap()
    }

    #[test]
    fn a_batch_beyond_memory_is_refused_with_both_numbers() {
        assert!(check_memory(&fill("1000", 10), 82_000).is_ok());
        let error = check_memory(&fill("1048576", 10), 16 << 20).unwrap_err().to_string();
        assert!(error.contains("needs 80.0 MiB") && error.contains("16.0 MiB are available"), "{error}");
        // Eight bytes each, on a cache line each, and some more to describe each.
        assert!(check_memory(&fill("1", 1_000_000), 64_000_000).is_err());
        assert!(check_memory(&fill("1", 1_000_000), 64_000_000 + 1_000_000 * TASK).is_ok());
        assert!(check_memory(&fill("1", usize::MAX >> 4), u64::MAX - 1).is_err(), "beyond all numbers");
    }

    #[test]
    fn an_arena_holds_as_many_tasks_as_fit_and_at_least_one() {
        assert_eq!(within(&fill("1000", 10), 24_000).tasks(), 3);
        assert_eq!(within(&fill("1", 1_000_000), 6400).tasks(), 100, "a cache line each");
        assert_eq!(within(&fill("1", 1_000_000), u64::MAX).tasks(), MOST_TASKS);
        assert_eq!(within(&fill("1000", 10), 0).tasks(), 1);
        assert_eq!(within(&fill("0", 10), 0).tasks(), 10);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_tuning_holds_whole_waves() {
        let held = |mib: usize, tasks| held(&fill(&(mib << 17).to_string(), tasks), 3, 60.0).tasks();
        assert_eq!(held(1, 100), 100);
        assert_eq!(held(128, 100), 3, "four would fit");
        assert_eq!(held(200, 100), 3, "two would fit where half a GiB is the limit");
        assert_eq!(held(400, 100), 2, "as many as can be touched in three seconds");
        assert_eq!(held(4000, 2), 1);
    }

    #[test]
    fn tensors_beyond_their_arena_are_refused() {
        let workload = fill("100", 2);
        let mut tensors = Placement::of(&workload).tensors;
        assert!(tasks::<f64>(&workload, &tensors, &[], &mut [0.0; 512]).is_ok());
        assert!(tasks::<f64>(&workload, &tensors, &[], &mut [0.0; 150]).is_err());
        tensors[0].step = 8; // the second task's would overlap the first one's
        assert!(tasks::<f64>(&workload, &tensors, &[], &mut [0.0; 512]).is_err());
        tensors[0].step = u64::MAX;
        assert!(tasks::<f64>(&workload, &tensors, &[], &mut [0.0; 512]).is_err());
        assert!(tasks::<f64>(&workload, &[], &[], &mut [0.0; 512]).is_err());
    }
}
