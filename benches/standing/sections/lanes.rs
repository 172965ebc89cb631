//! Fill and element-wise functions: `fill` and `add` in memory against NumPy and the bandwidth of storing, the others
//! in cache against NumPy.

use std::cell::RefCell;

use gingham::core::ndarray::{Array1, ArrayView1, ArrayViewMut1};
use gingham::core::reference::Reference;
use gingham::core::{Backend, Binary, DType, Op, OpThreads, Unary, elementwise, fill};
use gingham::machine::ceilings::Resource;

use crate::contest::uniform;
use crate::memory::{Buffer, PERIOD};
use crate::peers::Element;
use crate::rounds::Side;
use crate::sections::{IN_CACHE, IN_MEMORY};
use crate::standing::{Row, Standing, Unit};
use crate::verdict::Goal;

/// What is filled in, here and in NumPy's process.
const FILLED: f64 = 1.5;

/// Functions whose results are not exact may err by this much, ours and NumPy's by half of it each.
const ULPS: f64 = 8.0;

/// The functions in cache, the range of each argument, and times NumPy's rate in f64.
const FUNCTIONS: [(Op, &[[f64; 2]], f64); 6] = [
    (Op::Unary(Unary::Exp), &[[-10.0, 10.0]], 1.0),
    (Op::Unary(Unary::Ln), &[[0.01, 100.0]], 1.0),
    (Op::Unary(Unary::Tanh), &[[-5.0, 5.0]], 1.0),
    (Op::Binary(Binary::Pow), &[[0.01, 100.0], [-10.0, 10.0]], 1.0),
    (Op::Unary(Unary::Sin), &[[-100.0, 100.0]], 5.0),
    (Op::Unary(Unary::Cos), &[[-100.0, 100.0]], 5.0),
];

pub(super) fn run(standing: &Standing) {
    in_memory::<f64>(standing);
    in_memory::<f32>(standing);
    in_cache::<f64>(standing);
    in_cache::<f32>(standing);
}

/// One thread against NumPy, two against the bandwidth of storing or copying.
fn in_memory<T: Element>(standing: &Standing) {
    let add: &[[f64; 2]] = &[[-1.0, 1.0], [-1.0, 1.0]];
    for (op, ranges, ceiling) in [(Op::Fill, &[][..], Resource::Write), (Op::Binary(Binary::Add), add, Resource::Copy)]
    {
        let work = ((ranges.len() + 1) * IN_MEMORY * T::DTYPE.size()) as f64;
        let rows = [(1, Goal::ratio(1.2)), (2, Goal::ceiling(0.95))];
        let rows = rows.map(|(threads, goal)| (format!("lanes/{op}/{}/{threads}", T::DTYPE), threads, goal));
        let rows: Vec<_> = rows.into_iter().filter(|(name, ..)| standing.wants(name, work)).collect();
        if rows.is_empty() {
            continue;
        }
        let lanes = Lanes::<T>::new(op, ranges, IN_MEMORY);
        for (name, count, goal) in rows {
            let Some(threads) = standing.threads(count) else { continue };
            let Some(ours) = lanes.side(standing, threads) else { continue };
            let rivals = if count == 1 { lanes.numpy(standing) } else { None }.into_iter().collect();
            let ceiling = Some(ceiling);
            standing.row(Row { name, work, unit: Unit::Bytes, ceiling, threads: count, goal, ours, rivals });
        }
    }
}

fn in_cache<T: Element>(standing: &Standing) {
    for (op, ranges, times) in FUNCTIONS {
        let len = IN_CACHE / ((ranges.len() + 1) * T::DTYPE.size());
        let name = format!("lanes/{op}/{}", T::DTYPE);
        if !standing.wants(&name, IN_CACHE as f64) {
            continue;
        }
        let lanes = Lanes::<T>::new(op, ranges, len);
        let Some(ours) = lanes.side(standing, OpThreads::ONE) else { continue };
        let goal = Goal::ratio(if T::DTYPE == DType::F64 { times } else { 1.0 });
        let rivals = lanes.numpy(standing).into_iter().collect();
        standing.row(Row {
            name,
            work: len as f64,
            unit: Unit::Elements,
            ceiling: None,
            threads: 1,
            goal,
            ours,
            rivals,
        });
    }
}

/// The operands of one function.
struct Lanes<T> {
    op: Op,
    inputs: Vec<Buffer<T>>,
    out: RefCell<Buffer<T>>,
    /// The first period of the result.
    expected: Vec<T>,
}

impl<T: Element> Lanes<T> {
    /// `len` elements, the arguments uniform in `ranges`.
    fn new(op: Op, ranges: &[[f64; 2]], len: usize) -> Self {
        let period = len.min(PERIOD);
        let periods: Vec<Array1<T>> = (1..)
            .zip(ranges)
            .map(|(seed, [low, high])| {
                uniform(period, seed).mapv_into(|u: T| T::from_f64(low + (high - low) * u.into_f64()))
            })
            .collect();
        let mut expected = Array1::from_elem(period, T::nan());
        let views: Vec<_> = periods.iter().map(|x| x.view()).collect();
        apply(&Reference, op, &views, expected.view_mut(), OpThreads::ONE);
        let inputs = periods.iter().map(|x| Buffer::repeating(x.as_slice().unwrap_or_default(), len)).collect();
        Self { op, inputs, out: RefCell::new(Buffer::new(len)), expected: expected.to_vec() }
    }

    fn side<'a>(&'a self, standing: &'a Standing, threads: OpThreads) -> Option<Side<'a>> {
        let side = Side::new("simd", move || {
            let inputs: [ArrayView1<'_, T>; 2] =
                std::array::from_fn(|i| ArrayView1::from(self.inputs.get(i).map_or(&[][..], |input| &input[..])));
            let mut out = self.out.borrow_mut();
            apply(standing.ours(), self.op, &inputs[..self.inputs.len()], ArrayViewMut1::from(&mut out[..]), threads);
        });
        let is_right = || self.out.borrow().chunks(self.expected.len()).all(|part| self.is_right(part));
        standing.verified(side, || self.out.borrow_mut().fill(T::nan()), is_right)
    }

    fn numpy<'a>(&'a self, standing: &'a Standing) -> Option<Side<'a>> {
        let inputs: Vec<&Buffer<T>> = self.inputs.iter().collect();
        let len = self.out.borrow().len();
        standing.numpy(self.op.name(), &[len], &inputs, |out| out.len() == self.expected.len() && self.is_right(out))
    }

    /// Whether `part` is the beginning of a period.
    fn is_right(&self, part: &[T]) -> bool {
        let ulps = T::from_f64(if self.op.is_exact() { 0.0 } else { ULPS }) * T::epsilon();
        part.iter().zip(&self.expected).all(|(&got, &expected)| (got - expected).abs() <= ulps * expected.abs())
    }
}

/// `op` through its checked entry.
fn apply<T: Element>(
    backend: &dyn Backend,
    op: Op,
    inputs: &[ArrayView1<'_, T>],
    out: ArrayViewMut1<'_, T>,
    threads: OpThreads,
) {
    let done = match op {
        Op::Fill => fill::fill(backend, T::from_f64(FILLED), out, threads),
        Op::Unary(f) => elementwise::unary(backend, f, Some(inputs[0]), out, threads),
        Op::Binary(f) => elementwise::binary(backend, f, Some(inputs[0]), inputs[1], out, threads),
        Op::MatMul | Op::Dot | Op::Random(_) => unreachable!("{op} has rows of its own"),
    };
    done.unwrap_or_else(|error| panic!("{op}: {error}"));
}
