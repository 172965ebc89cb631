//! Uniform and normal random numbers in cache: 3 and 5 times NumPy's generator.

use std::cell::RefCell;

use gingham::core::ndarray::ArrayViewMut1;
use gingham::core::{Distribution, Op, OpThreads, Stream, random};

use crate::definitions::{self, Drawn};
use crate::memory::Buffer;
use crate::peers::Element;
use crate::rounds::Side;
use crate::standing::{Row, Standing, Unit};
use crate::verdict::Goal;

pub(super) fn run(standing: &Standing, of: &definitions::Random) {
    for &Drawn { op, goal } in &of.rows {
        if let Op::Random(distribution) = op {
            row::<f64>(standing, distribution, of.bytes, goal);
        }
    }
}

fn row<T: Element>(standing: &Standing, distribution: Distribution, bytes: usize, goal: Goal) {
    let op = Op::Random(distribution).name();
    let name = format!("random/{}/{}", op.trim_start_matches("random-"), T::DTYPE);
    if !standing.wants(&name, bytes as f64) {
        return;
    }
    let len = bytes / T::DTYPE.size();
    let out = RefCell::new(Buffer::<T>::new(len));
    let mut stream = Stream::new(1, 0);
    let ours = Side::new("simd", || {
        let view = &mut out.borrow_mut()[..];
        let done = random::random(standing.ours(), distribution, stream, ArrayViewMut1::from(view), OpThreads::ONE);
        done.unwrap_or_else(|error| panic!("{error}"));
        stream = stream.skip(len as u64); // so that the next call draws other numbers
    });
    let poison = || out.borrow_mut().fill(T::nan());
    let Some(ours) = standing.verified(ours, poison, || is_plausible(distribution, &out.borrow())) else { return };
    let rivals = standing.numpy(op, &[len], &[], |out: &[T]| is_plausible(distribution, out)).into_iter().collect();
    let unit = Unit::Elements;
    standing.row(Row { name, work: len as f64, unit, ceiling: None, threads: 1, goal, ours, rivals });
}

/// Whether mean and variance are within eight standard errors of the distribution's: right numbers fail once in 10^15
/// times. The conformance suite has better tests.
fn is_plausible<T: Element>(distribution: Distribution, drawn: &[T]) -> bool {
    // Mean, variance and fourth central moment.
    let (mean, variance, fourth) = match distribution {
        Distribution::Uniform => (0.5, 1.0 / 12.0, 1.0 / 80.0),
        Distribution::Normal => (0.0, 1.0, 3.0),
    };
    let average = |f: &dyn Fn(f64) -> f64| drawn.iter().map(|x| f(x.into_f64())).sum::<f64>() / drawn.len() as f64;
    let error = |of: f64| 8.0 * (of / drawn.len() as f64).sqrt();
    (average(&|x| x) - mean).abs() <= error(variance)
        && (average(&|x| (x - mean).powi(2)) - variance).abs() <= error(fourth - variance * variance)
}
