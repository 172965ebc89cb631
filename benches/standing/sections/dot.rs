//! The dot product of vectors in memory, on one thread and on two: 95 % of the bandwidth of reading.

use std::cell::Cell;

use gingham::core::ndarray::ArrayView1;
use gingham::core::{Backend, Op, OpThreads, dot};
use gingham::machine::ceilings::Resource;

use crate::contest::integers;
use crate::definitions::Dot;
use crate::memory::{Buffer, PERIOD};
use crate::peers::Element;
use crate::rounds::Side;
use crate::standing::{Row, Standing, Unit};

pub(super) fn run(standing: &Standing, of: &Dot) {
    rows::<f64>(standing, of);
    rows::<f32>(standing, of);
}

fn rows<T: Element>(standing: &Standing, of: &Dot) {
    let work = (2 * of.elements * T::DTYPE.size()) as f64;
    let counts = of.threads.iter().map(|&threads| (threads, format!("dot/{}/{threads}", T::DTYPE)));
    let counts: Vec<_> = counts.filter(|(_, name)| standing.wants(name, work)).collect();
    if counts.is_empty() {
        return;
    }
    let vectors = Vectors::<T>::new(of.elements);
    for (count, name) in counts {
        let Some(threads) = standing.threads(count) else { continue };
        let Some(ours) = vectors.side(standing, standing.ours(), threads) else { continue };
        let others = standing.rivals(Op::Dot, T::DTYPE).filter(|_| count == 1);
        let rivals = others.filter_map(|backend| vectors.side(standing, backend, threads)).collect();
        let (ceiling, goal) = (Some(Resource::Read), of.goal);
        standing.row(Row { name, work, unit: Unit::Bytes, ceiling, threads: count, goal, ours, rivals });
    }
}

/// Small integers, whose products are summed exactly in any order.
struct Vectors<T> {
    x: Buffer<T>,
    y: Buffer<T>,
    sum: Cell<T>,
    expected: T,
}

impl<T: Element> Vectors<T> {
    fn new(len: usize) -> Self {
        let operand = |seed| Buffer::<T>::repeating(&integers(PERIOD, seed), len);
        let (x, y) = (operand(1), operand(2));
        let expected: f64 = x.iter().zip(y.iter()).map(|(&x, &y)| x.into_f64() * y.into_f64()).sum();
        Self { x, y, sum: Cell::new(T::nan()), expected: T::from_f64(expected) }
    }

    fn side<'a>(&'a self, standing: &Standing, backend: &'a dyn Backend, threads: OpThreads) -> Option<Side<'a>> {
        let side = Side::new(backend.info().id, move || {
            let sum = dot::dot(backend, ArrayView1::from(&self.x[..]), ArrayView1::from(&self.y[..]), threads);
            self.sum.set(sum.unwrap_or_else(|error| panic!("{error}")));
        });
        standing.verified(side, || self.sum.set(T::nan()), || self.sum.get() == self.expected)
    }
}
