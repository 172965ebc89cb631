//! Fill and element-wise functions: `fill` and `add` in memory against NumPy and the bandwidth of storing, the others
//! in cache against NumPy.

use std::cell::RefCell;

use gingham::core::ndarray::{ArrayView1, ArrayViewMut1};
use gingham::core::reference::Reference;
use gingham::core::{Backend, DType, Op, OpThreads, elementwise, fill};
use gingham::machine::ceilings::Resource;

use crate::contest::uniform;
use crate::definitions::{self, InMemory, OnThreads, Stored};
use crate::memory::{Buffer, PERIOD};
use crate::peers::Element;
use crate::rounds::Side;
use crate::standing::{Row, Standing, Unit};

/// The value that `fill` writes, here and in NumPy's process.
const FILLED: f64 = 1.5;

/// ULP by which a result may differ from the reference's if the function is not exact: each may err by half of them.
const ULPS: f64 = 8.0;

pub(super) fn run(standing: &Standing, of: &definitions::Lanes) {
    in_memory::<f64>(standing, of);
    in_memory::<f32>(standing, of);
    in_cache::<f64>(standing, of);
    in_cache::<f32>(standing, of);
}

/// One thread against NumPy, two against the bandwidth of storing or copying.
fn in_memory<T: Element>(standing: &Standing, of: &definitions::Lanes) {
    for &InMemory { op, ref arguments, ceiling } in &of.in_memory {
        let work = ((arguments.len() + 1) * of.elements * T::DTYPE.size()) as f64;
        let named = |row: &OnThreads| (format!("lanes/{op}/{}/{}", T::DTYPE, row.threads), row.threads, row.goal);
        let rows = of.in_memory_goals.iter().map(named);
        let rows: Vec<_> = rows.filter(|(name, ..)| standing.wants(name, work)).collect();
        if rows.is_empty() {
            continue;
        }
        let lanes = Lanes::<T>::new(op, arguments, of.elements);
        for (name, count, goal) in rows {
            let Some(threads) = standing.threads(count) else { continue };
            let Some(ours) = lanes.side(standing, threads) else { continue };
            let rivals = if count == 1 { lanes.numpy(standing) } else { None }.into_iter().collect();
            let ceiling = Some(match ceiling {
                Stored::Write => Resource::Write,
                Stored::Copy => Resource::Copy,
            });
            standing.row(Row { name, work, unit: Unit::Bytes, ceiling, threads: count, goal, ours, rivals });
        }
    }
}

fn in_cache<T: Element>(standing: &Standing, of: &definitions::Lanes) {
    for function in &of.in_cache {
        let (op, arguments) = (function.op, &function.arguments);
        let len = of.bytes / ((arguments.len() + 1) * T::DTYPE.size());
        let name = format!("lanes/{op}/{}", T::DTYPE);
        if !standing.wants(&name, of.bytes as f64) {
            continue;
        }
        let lanes = Lanes::<T>::new(op, arguments, len);
        let Some(ours) = lanes.side(standing, OpThreads::ONE) else { continue };
        let goal = match T::DTYPE {
            DType::F64 => function.f64,
            DType::F32 => function.f32,
        };
        let rivals = lanes.numpy(standing).into_iter().collect();
        let (work, unit) = (len as f64, Unit::Elements);
        standing.row(Row { name, work, unit, ceiling: None, threads: 1, goal, ours, rivals });
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
        let drawn = |(seed, [low, high]): (u64, &[f64; 2])| -> Vec<T> {
            let uniform = uniform(period, seed).into_iter();
            uniform.map(|u: T| T::from_f64(low + (high - low) * u.into_f64())).collect()
        };
        let periods: Vec<Vec<T>> = (1..).zip(ranges).map(drawn).collect();
        let mut expected = vec![T::nan(); period];
        let views: Vec<_> = periods.iter().map(ArrayView1::from).collect();
        apply(&Reference, op, &views, ArrayViewMut1::from(&mut expected[..]), OpThreads::ONE);
        let inputs = periods.iter().map(|x| Buffer::repeating(x, len)).collect();
        Self { op, inputs, out: RefCell::new(Buffer::new(len)), expected }
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

    /// Whether `part` equals the beginning of the expected period.
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
