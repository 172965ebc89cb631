//! Whether a trial computed what it was asked to: the parent's own judgement of the outputs in the arena.
//!
//! matmul: some rows of every judged task are compared component by component with sums in twice the precision, and
//! every row takes part in a check with a random vector of signs (Freivalds 1977: `C r = A (B r)`, O(n^2) instead of
//! O(n^3)). dot: every task, against a sum in twice the precision. Random numbers: see `verify/numbers.rs`. The others:
//! stretches of every task, against the reference. What is expected is computed once, and serves all trials.
//!
//! Outputs are poisoned with NaN before the run that is judged, and comparisons read `error <= bound`, so that what
//! was not written fails.

mod numbers;

use std::ops::Range;

use gingham_core::bounds::{Bounded, FUNCTION_ULP, Sum, eta, gamma, ulp};
use gingham_core::ndarray::{Array1, ArrayView1, ArrayView2, Axis, s};
use gingham_core::reference::Reference;
use gingham_core::{Op, OpThreads, Scalar, elementwise};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::operands::{self, Placement};
use crate::parallel;
use crate::workload::Workload;
use numbers::Numbers;

/// Multiply-adds spent on the rows that are compared component by component: about 0.1 s on one core.
const ROW_BUDGET: usize = 20_000_000;

/// Elements of each task that are compared with the reference.
const STRETCH: usize = 4096;

/// What every trial's outputs are compared with.
#[derive(Debug)]
pub struct Judge {
    workload: Workload,
    placement: Placement,
    expected: Expected,
}

#[derive(Debug)]
enum Expected {
    MatMul {
        rows: Vec<Row>,
        vectors: Vec<Vector>,
    },
    Dot(Vec<Bounded>),
    Fill(f64),
    /// Of each task, some stretches of elements.
    Elements {
        stretches: Vec<Stretch>,
        exact: bool,
    },
    Numbers(Numbers),
}

/// Row `row` of C of task `task`.
#[derive(Debug)]
struct Row {
    task: usize,
    row: usize,
    values: Vec<Bounded>,
}

/// `A (B r)` of task `task`.
#[derive(Debug)]
struct Vector {
    task: usize,
    signs: Vec<f64>,
    values: Vec<Bounded>,
}

/// Elements `range` of the output of task `task`.
#[derive(Debug)]
struct Stretch {
    task: usize,
    range: Range<usize>,
    values: Vec<f64>,
}

/// A result that is wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Wrong {
    /// One of its elements.
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
        /// How far off a right answer may be.
        bound: f64,
    },
    /// Random numbers that are not of their distribution.
    #[error("wrong result: {what} of the numbers up to task {task}: {got:e}, expected {expected:e} within {bound:e}")]
    Sample {
        /// The last task of the sample.
        task: usize,
        /// What was taken of the sample.
        what: &'static str,
        /// What the trial's numbers give.
        got: f64,
        /// What the distribution gives.
        expected: f64,
        /// How far off a sample of this size may be.
        bound: f64,
    },
    /// Random numbers that the backend draws otherwise each time.
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
}

impl Judge {
    /// Computes what `workload` gives on `inputs`. `seed` picks rows, signs and stretches.
    ///
    /// # Errors
    /// Where the placement does not fit the inputs.
    pub fn new<T: Scalar>(
        workload: &Workload,
        placement: &Placement,
        inputs: &[T],
        seed: u64,
    ) -> Result<Self, operands::Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let view = |operand: usize, task: usize| placement.tensors[operand].view(task, inputs);
        let tasks = workload.tasks();
        let expected = match workload.op() {
            Op::MatMul => {
                let (mut rows, mut vectors) = (Vec::new(), Vec::new());
                let cost = (workload.work(1) / 2.0) as usize;
                let m = placement.tensors[0].shape[0];
                let per_task = (ROW_BUDGET / tasks / (cost / m.max(1)).max(1)).max(1);
                for task in 0..tasks {
                    let (a, b) = (view(0, task)?, view(1, task)?);
                    vectors.push(Vector::new(task, a, b, &mut rng));
                    let picked: Vec<usize> = if per_task >= m {
                        (0..m).collect()
                    } else {
                        (0..per_task).map(|_| rng.random_range(0..m)).collect()
                    };
                    rows.extend(picked.into_iter().map(|row| Row::new(task, row, a, b)));
                }
                Expected::MatMul { rows, vectors }
            }
            Op::Dot => {
                let sums = (0..tasks).map(|task| Ok(dot(view(0, task)?.row(0), view(1, task)?.row(0))));
                Expected::Dot(sums.collect::<Result<_, operands::Error>>()?)
            }
            Op::Unary(f) => {
                let stretches = stretches(workload, &mut rng, |task, range| {
                    let x = flat(view(0, task)?, range);
                    let mut out = Array1::from_elem(x.len(), T::nan());
                    elementwise::unary(&Reference, f, Some(x.view()), out.view_mut(), OpThreads::ONE)
                        .expect("equal shapes");
                    Ok(out)
                })?;
                Expected::Elements { stretches, exact: f.is_exact() }
            }
            Op::Binary(f) => {
                let stretches = stretches(workload, &mut rng, |task, range| {
                    let (x, y) = (flat(view(0, task)?, range.clone()), flat(view(1, task)?, range));
                    let mut out = Array1::from_elem(x.len(), T::nan());
                    elementwise::binary(&Reference, f, Some(x.view()), y.view(), out.view_mut(), OpThreads::ONE)
                        .expect("equal shapes");
                    Ok(out)
                })?;
                Expected::Elements { stretches, exact: f.is_exact() }
            }
            Op::Random(distribution) => Expected::Numbers(Numbers::new(distribution)),
            _ => Expected::Fill(1.0),
        };
        Ok(Self { workload: workload.clone(), placement: placement.clone(), expected })
    }

    /// The largest error over its bound among the outputs of tasks `0 .. count`, as `backend` computed them; at most 1
    /// where all is right.
    ///
    /// # Errors
    /// [`Wrong`], naming the first element that is.
    pub fn check<T: Scalar>(&self, backend: &str, outputs: &[T], count: usize) -> Result<f64, Wrong> {
        let output = self.placement.tensors.last().expect("every operation has an output");
        let view = |task| output.view(task, outputs).expect("the placement that the arena was made by");
        let mut ratio = 0.0_f64;
        let mut compare = |task, element, got: f64, expected: Bounded| {
            ratio = ratio.max(within(task, element, got, expected)?);
            Ok(())
        };
        match &self.expected {
            Expected::MatMul { rows, vectors } => {
                for row in rows.iter().filter(|row| row.task < count) {
                    let (c, columns) = (view(row.task), row.values.len());
                    for (j, (&got, &expected)) in c.row(row.row).iter().zip(&row.values).enumerate() {
                        compare(row.task, row.row * columns + j, got.into_f64(), expected)?;
                    }
                }
                for vector in vectors.iter().filter(|vector| vector.task < count) {
                    let c = view(vector.task);
                    let mut sums = Array1::<f64>::zeros(c.nrows());
                    accumulate(c, &vector.signs, &mut sums);
                    for (i, (&got, &expected)) in sums.iter().zip(&vector.values).enumerate() {
                        // Its bound adds up a whole row's: it tells right from wrong, and says nothing of the ratio.
                        within(vector.task, i, got, expected)?;
                    }
                }
            }
            Expected::Numbers(numbers) => numbers.check(backend, count, view)?,
            Expected::Dot(sums) => {
                for (task, &expected) in sums.iter().enumerate().take(count) {
                    compare(task, 0, view(task)[[0, 0]].into_f64(), expected)?;
                }
            }
            Expected::Fill(value) => {
                for task in 0..count {
                    for (i, &got) in view(task).iter().enumerate() {
                        compare(task, i, got.into_f64(), Bounded { value: *value, bound: 0.0 })?;
                    }
                }
            }
            Expected::Elements { stretches, exact } => {
                for stretch in stretches.iter().filter(|stretch| stretch.task < count) {
                    let got = flat(view(stretch.task), stretch.range.clone());
                    for ((i, &got), &value) in stretch.range.clone().zip(&got).zip(&stretch.values) {
                        let bound = if *exact { 0.0 } else { FUNCTION_ULP * ulp::<T>(value) };
                        compare(stretch.task, i, got.into_f64(), Bounded { value, bound })?;
                    }
                }
            }
        }
        Ok(ratio)
    }

    /// The workload whose outputs are judged.
    #[must_use]
    pub fn workload(&self) -> &Workload {
        &self.workload
    }
}

/// The error of one element over its bound, which is at most 1.
fn within(task: usize, element: usize, got: f64, expected: Bounded) -> Result<f64, Wrong> {
    let ratio = expected.ratio(got);
    let right = ratio <= 1.0;
    let Bounded { value: expected, bound } = expected;
    if right { Ok(ratio) } else { Err(Wrong::Element { task, element, got, expected, bound }) }
}

/// Elements whose sum one thread takes at a time: 1e9 of them take four seconds of one core.
const BLOCK: usize = 1 << 20;

fn dot<T: Scalar>(x: ArrayView1<'_, T>, y: ArrayView1<'_, T>) -> Bounded {
    let mut sums = vec![Sum::default(); x.len().div_ceil(BLOCK)];
    parallel::for_each(sums.iter_mut().enumerate(), |(number, sum)| {
        let block = s![number * BLOCK..((number + 1) * BLOCK).min(x.len())];
        let (x, y) = (x.slice(block), y.slice(block));
        x.iter().zip(y).for_each(|(&x, &y)| sum.add(x.into_f64(), y.into_f64()));
    });
    sums.into_iter().fold(Sum::default(), Sum::plus).bounded::<T>(x.len())
}

impl Row {
    fn new<T: Scalar>(task: usize, row: usize, a: ArrayView2<'_, T>, b: ArrayView2<'_, T>) -> Self {
        let mut sums = vec![Sum::default(); b.ncols()];
        for (&a, b) in a.row(row).iter().zip(b.rows()) {
            let a = a.into_f64();
            sums.iter_mut().zip(b).for_each(|(sum, &b)| sum.add(a, b.into_f64()));
        }
        Self { task, row, values: sums.into_iter().map(|sum| sum.bounded::<T>(a.ncols())).collect() }
    }
}

impl Vector {
    fn new<T: Scalar>(task: usize, a: ArrayView2<'_, T>, b: ArrayView2<'_, T>, rng: &mut ChaCha8Rng) -> Self {
        let (k, n) = b.dim();
        let signs: Vec<f64> = (0..n).map(|_| if rng.random() { 1.0 } else { -1.0 }).collect();
        let (mut br, mut abs_b) = (Array1::zeros(k), Array1::<f64>::zeros(k));
        accumulate(b, &signs, &mut br);
        b.indexed_iter().for_each(|((p, _), &x)| abs_b[p] += x.into_f64().abs());
        let mut values = Array1::zeros(a.nrows());
        accumulate(a, br.as_slice().expect("made contiguous"), &mut values);
        let mut abs = Array1::<f64>::zeros(a.nrows());
        a.indexed_iter().for_each(|((i, p), &x)| abs[i] += x.into_f64().abs() * abs_b[p]);
        // Rounding in the trial's C (k + 2 in T), and in our own sums over n, then k, then n terms (in f64).
        let share = gamma::<T>(k + 2) + gamma::<f64>(2 * n + k);
        let bounded = |(&value, &abs): (&f64, &f64)| Bounded {
            value,
            bound: share * abs * (1.0 + share) + (n * (k + 2)) as f64 * eta::<T>(),
        };
        Self { task, signs, values: values.iter().zip(&abs).map(bounded).collect() }
    }
}

/// `sums <- sums + A x`, along whichever axis of A is contiguous.
fn accumulate<T: Scalar>(a: ArrayView2<'_, T>, x: &[f64], sums: &mut Array1<f64>) {
    if a.strides()[0].unsigned_abs() < a.strides()[1].unsigned_abs() {
        for (column, &x) in a.columns().into_iter().zip(x) {
            sums.iter_mut().zip(column).for_each(|(sum, &a)| *sum += a.into_f64() * x);
        }
    } else {
        for (row, sum) in a.rows().into_iter().zip(sums) {
            *sum += row.iter().zip(x).map(|(&a, x)| a.into_f64() * x).sum::<f64>();
        }
    }
}

/// The first, the last and some random stretch of every task, with what is expected there.
fn stretches<T: Scalar>(
    workload: &Workload,
    rng: &mut ChaCha8Rng,
    expected: impl Fn(usize, Range<usize>) -> Result<Array1<T>, operands::Error>,
) -> Result<Vec<Stretch>, operands::Error> {
    let operands = workload.operands();
    let output = operands.last().expect("every operation has an output");
    let len = output.shape[0] * output.shape[1];
    let mut stretches = Vec::new();
    for task in 0..workload.tasks() {
        // Short operands are compared as a whole.
        let starts = match len.checked_sub(3 * STRETCH) {
            None => vec![0],
            Some(spare) => vec![0, STRETCH + rng.random_range(0..=spare), len - STRETCH],
        };
        let stretch = if starts.len() == 1 { len } else { STRETCH };
        for range in starts.into_iter().map(|start| start..start + stretch) {
            let values = expected(task, range.clone())?.iter().map(|&x| x.into_f64()).collect();
            stretches.push(Stretch { task, range, values });
        }
    }
    Ok(stretches)
}

/// Elements `range` of a row-major operand.
fn flat<T>(view: ArrayView2<'_, T>, range: Range<usize>) -> ArrayView1<'_, T> {
    let len = view.len();
    let flat = view.into_shape_with_order(len).expect("element-wise operands are row-major");
    let (_, tail) = flat.split_at(Axis(0), range.start);
    tail.slice_move(s![..range.len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Arena;

    /// Runs `op` with the reference over a real arena, spoils element `spoil` of the last task by `factor`, and judges.
    fn judge<T: Scalar>(op: &str, shape: &str, spoil: Option<(usize, f64)>) -> Result<f64, Wrong> {
        let workload = Workload::new(op.parse().unwrap(), T::DTYPE, shape, None, 3).unwrap();
        let mut arena = Arena::new::<T>(&workload, 1).unwrap();
        let judge = Judge::new(&workload, arena.placement(), arena.inputs::<T>(), 2).unwrap();
        arena.poison::<T>(workload.tasks());
        let tensors = arena.placement().tensors.clone();
        let inputs = arena.inputs::<T>().to_vec();
        let mut outputs = arena.outputs::<T>().to_vec();
        let poisoned = |task| tensors.last().unwrap().view(task, &outputs).unwrap().iter().all(|x| x.is_nan());
        assert!((0..workload.tasks()).all(poisoned));
        for task in &mut operands::tasks(&workload, &tensors, &inputs, &mut outputs).unwrap() {
            task.run(&Reference, OpThreads::ONE).unwrap();
        }
        if let Some((element, factor)) = spoil {
            let last = tensors.last().unwrap();
            let at = (last.base + 2 * last.step) as usize / size_of::<T>() + element;
            outputs[at] = T::from_f64(outputs[at].into_f64() * factor);
        }
        judge.check("reference", &outputs, workload.tasks())
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
