//! An array to a worker and a new one back: what a transport costs for a task, and for a MiB.

use std::time::Instant;

use gingham_core::ndarray::{ArrayView2, ArrayViewMut2};
use gingham_core::{DType, Op, Registry, Unary};
use gingham_runtime::arena::Arena;
use gingham_runtime::executor::BoxError;
use gingham_runtime::{Batch, Combination, Plan, Session, Task, Workload};

use crate::stats::median;
use crate::study::race::Sample;

/// Elements of the array of a task whose size costs nothing.
const TINY: usize = 8;

/// Elements of a MiB.
const MIB: usize = (1 << 20) / size_of::<f64>();

/// The median of `tasks` tasks, in microseconds.
pub(super) fn task(registry: &Registry, combination: &Combination, tasks: usize) -> Result<Sample, BoxError> {
    let plan = plan(registry, combination)?;
    let mut exchange = Exchange::new(&plan, TINY)?;
    Ok(Box::new(move || {
        exchange.task_s(&plan)?;
        let times = (0..tasks).map(|_| exchange.task_s(&plan)).collect::<Result<Vec<_>, _>>()?;
        Ok(vec![median(&times) * 1e6])
    }))
}

/// The slope over arrays of `mib` MiB, in microseconds per MiB.
pub(super) fn mib(registry: &Registry, combination: &Combination, mib: &[usize]) -> Result<Sample, BoxError> {
    let plan = plan(registry, combination)?;
    let sizes = mib.to_vec();
    let mut exchanges = sizes.iter().map(|&mib| Exchange::new(&plan, mib * MIB)).collect::<Result<Vec<_>, _>>()?;
    Ok(Box::new(move || {
        let timed = |exchange: &mut Exchange| {
            // The workers turn to the memory of this size.
            exchange.task_s(&plan)?;
            exchange.task_s(&plan)
        };
        let times = exchanges.iter_mut().map(timed).collect::<Result<Vec<_>, BoxError>>()?;
        let points: Vec<(f64, f64)> = sizes.iter().map(|&mib| mib as f64).zip(times).collect();
        Ok(vec![slope(&points) * 1e6])
    }))
}

fn plan(registry: &Registry, combination: &Combination) -> Result<Plan, BoxError> {
    Ok(Session::without_profile(registry.clone()).apply(combination)?)
}

/// The slope of the least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let both: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    both / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}

/// An array of this program, and where its result goes.
struct Exchange {
    /// Integers, so that sums are exact.
    x: Vec<f64>,
    total: f64,
    memory: Memory,
}

enum Memory {
    /// The workers' as well: `x` is copied to it.
    Shared(Box<Arena>),
    /// This program's.
    Own(Vec<f64>),
}

impl Exchange {
    fn new(plan: &Plan, elements: usize) -> Result<Self, BoxError> {
        let x: Vec<f64> = (0..elements).map(|i| (i % 1000) as f64).collect();
        let memory = if plan.combination().executor.transport().is_some() {
            let workload = Workload::new(Op::Unary(Unary::Neg), DType::F64, &elements.to_string(), None, 1)?;
            Memory::Shared(Box::new(plan.arena(&workload)?))
        } else {
            Memory::Own(vec![0.0; elements])
        };
        Ok(Self { total: x.iter().sum(), x, memory })
    }

    /// Seconds of one task.
    fn task_s(&mut self, plan: &Plan) -> Result<f64, BoxError> {
        // Each task has another array, so that the result of the one before is wrong.
        self.x[0] += 1.0;
        self.total += 1.0;
        let begin = Instant::now();
        let shape = (1, self.x.len());
        let x = ArrayView2::from_shape(shape, &self.x)?;
        let found = match &mut self.memory {
            Memory::Shared(arena) => {
                arena.input_mut::<f64>(0, 0)?.assign(&x);
                plan.run_in(arena)?;
                arena.output::<f64>(0)?.sum()
            }
            Memory::Own(out) => {
                let mut view = ArrayViewMut2::from_shape(shape, out)?;
                plan.run(&mut Batch::from(vec![Task::Unary { f: Unary::Neg, x: Some(x), out: view.view_mut() }]))?;
                view.sum()
            }
        };
        let seconds = begin.elapsed().as_secs_f64();
        let expected = -self.total;
        if found == expected {
            Ok(seconds)
        } else {
            Err(format!("the result has the sum {found}, not {expected}").into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_that_of_the_line() {
        assert_eq!(slope(&[(1.0, 5.0), (2.0, 7.0), (4.0, 11.0)]), 2.0);
    }

    #[test]
    fn what_comes_back_is_checked() {
        let plan = plan(&Registry::new(), &"reference:1+serial".parse().unwrap()).unwrap();
        let mut exchange = Exchange::new(&plan, 2000).unwrap();
        assert!((0..3).all(|_| exchange.task_s(&plan).is_ok()));
        exchange.total += 1.0;
        let wrong = exchange.task_s(&plan).unwrap_err().to_string();
        assert_eq!(wrong, "the result has the sum -999004, not -999005");
    }
}
