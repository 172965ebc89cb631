//! Whole programs that make matrices and multiply them. Each run is a process of its own, as a program is: its memory
//! is fresh, and no variable of this process' environment chooses its kernels.

use std::time::Instant;

use gingham_core::ndarray::{Array2, ArrayView2, ArrayViewMut2};
use gingham_core::{Backend, Context, Distribution, OpThreads, Product, Registry, Stream, matmul, random};
use gingham_machine::{Machine, available_memory};
use gingham_runtime::arena::Arena;
use gingham_runtime::environment::Environment;
use gingham_runtime::executor::BoxError;
use gingham_runtime::quantity::bytes;
use gingham_runtime::{Combination, Engine, Plan, Session, Workload};

use super::site::Site;
use crate::study::definition::{Measure, Operands, Program, Study};
use crate::study::race::Sample;
use crate::trial::protocol::Hello;
use crate::trial::{Program as Executable, Trial};

/// The function that makes two random matrices and multiplies them: [`product`].
pub(super) const PRODUCT: &str = "study-product";

/// The function that is a whole program, and gives its seconds: [`run`].
pub(super) const PROGRAM: &str = "study-program";

/// How far a result may lie from the sum that it is compared with, relative to that.
const BOUND: f64 = 1e-10;

/// Seconds of the program of row `number`.
pub(super) fn sample(site: &Site<'_>, program: &Program, number: usize) -> Result<Sample, BoxError> {
    let (tasks, n) = (site.sizes.one("tasks")?, site.sizes.one("n")?);
    let combination = program.combination.combination(site.cpus, tasks)?;
    site.registry.get(&combination.backend)?;
    let parameters = [site.study, number, tasks, n].map(|parameter| parameter as f64);
    let workload = Workload::function(site.registry, PROGRAM, 1, 1, &parameters)?;
    // The program itself spreads the tasks; the trial has the environment of its backend and op threads.
    let runner = Combination::serial(&combination.backend, combination.op_threads);
    let (environment, patience) = (Environment::new(site.registry, false), site.patience);
    Ok(Box::new(move || {
        let arena = Arena::zeros(&workload)?;
        let hello = Hello::new(&workload, &runner, &arena);
        let (mut trial, _) = Trial::start(&Executable::this(), hello, &environment, patience)?;
        trial.run(0, 1, 1)?;
        Ok(vec![arena.output::<f64>(0)?[[0, 0]]])
    }))
}

/// Runs the program that `parameters` name: the number of its study, that of its row, how many products, and how many
/// rows and columns a matrix has. Returns its seconds; the results are checked when the clock has stopped.
pub(super) fn run(registry: &Registry, parameters: &[f64]) -> Result<f64, BoxError> {
    let [study, row, tasks, n] = *parameters else { return Err("a program has four parameters".into()) };
    let (study, row, tasks, n) = (study as usize, row as usize, tasks as usize, n as usize);
    let row = Study::all().get(study).and_then(|study| study.rows().get(row).cloned());
    let Some(Measure::Program(program)) = row.map(|row| row.measure) else { return Err("no such program".into()) };
    let combination = program.combination.combination(Machine::probe().usable_cpus, tasks)?;
    match program.operands {
        Operands::Ones | Operands::RandomFirst => {
            require(3 * tasks, n)?;
            made_first(registry, &combination, program.operands, [tasks, n])
        }
        Operands::RandomInTask => {
            require(tasks + 2 * combination.workers, n)?;
            made_in_tasks(registry, &combination, [tasks, n])
        }
    }
}

/// Makes all matrices, then multiplies them in a batch.
fn made_first(
    registry: &Registry,
    combination: &Combination,
    operands: Operands,
    [tasks, n]: [usize; 2],
) -> Result<f64, BoxError> {
    let begin = Instant::now();
    let plan = Session::without_profile(registry.clone()).apply(combination)?;
    let backend = registry.get(&combination.backend)?.as_ref();
    let pair = |task| match operands {
        Operands::Ones => Ok([Array2::ones((n, n)), Array2::ones((n, n))]),
        _ => pair(backend, task, n, combination.op_threads),
    };
    let pairs = (0..tasks).map(pair).collect::<Result<Vec<_>, gingham_core::Error>>()?;
    let mut results: Vec<Array2<f64>> = pairs.iter().map(|_| Array2::zeros((n, n))).collect();
    let operands = pairs.iter().zip(&mut results);
    let mut products: Vec<_> =
        operands.map(|([a, b], c)| Product { a: a.view(), b: b.view(), c: c.view_mut() }).collect();
    plan.matmul_many(&mut products)?;
    let seconds = begin.elapsed().as_secs_f64();
    for task in [0, tasks - 1] {
        check(&pairs[task], results[task].view())?;
    }
    Ok(seconds)
}

/// Has each task make its own matrices.
fn made_in_tasks(registry: &Registry, combination: &Combination, [tasks, n]: [usize; 2]) -> Result<f64, BoxError> {
    let number = registry.ids().position(|id| id == combination.backend.as_str()).ok_or("no such backend")?;
    let backend = registry.get(&combination.backend)?;
    let workload = Workload::function(registry, PRODUCT, tasks, n * n, &[number as f64, n as f64])?;
    let expected = |task| pair(backend.as_ref(), task, n, OpThreads::ONE);
    let begin = Instant::now();
    // Worker processes find the number of op threads in their environment.
    let _limit = backend.limit(combination.op_threads)?;
    if combination.executor.transport().is_some() {
        let engine = Engine::for_functions(combination)?;
        let mut arena = Arena::zeros(&workload)?;
        engine.tasks(registry, &workload, &mut arena)?.run(0..tasks, &engine.limited()?)?;
        let seconds = begin.elapsed().as_secs_f64();
        for task in [0, tasks - 1] {
            check(&expected(task)?, arena.output::<f64>(task)?.into_shape_with_order((n, n))?)?;
        }
        return Ok(seconds);
    }
    let results = Plan::for_functions(combination)?.call::<f64>(registry, &workload)?;
    let seconds = begin.elapsed().as_secs_f64();
    for task in [0, tasks - 1] {
        check(&expected(task)?, ArrayView2::from_shape((n, n), &results[task * n * n..(task + 1) * n * n])?)?;
    }
    Ok(seconds)
}

/// The task of a program whose tasks make their own matrices: parameters are the number of the backend in `registry`,
/// and how many rows and columns a matrix has.
pub(super) fn product(registry: &Registry, cx: &Context<'_>, item: usize, out: &mut [f64]) -> Result<(), BoxError> {
    let [backend, n] = *cx.parameters() else { return Err("a product has two parameters".into()) };
    let (backend, n) = (registry.iter().nth(backend as usize).ok_or("no such backend")?.as_ref(), n as usize);
    let [a, b] = pair(backend, item, n, cx.op_threads())?;
    let c = ArrayViewMut2::from_shape((n, n), out)?;
    Ok(matmul::matmul(backend, 1.0, a.view(), b.view(), 0.0, c, cx.op_threads())?)
}

/// The random matrices of a task.
fn pair(
    backend: &dyn Backend,
    task: usize,
    n: usize,
    threads: OpThreads,
) -> Result<[Array2<f64>; 2], gingham_core::Error> {
    let [mut a, mut b] = [(); 2].map(|()| Array2::zeros((n, n)));
    for (number, matrix) in (2 * task as u64..).zip([&mut a, &mut b]) {
        random::random(backend, Distribution::Uniform, Stream::new(1, number), matrix.view_mut(), threads)?;
    }
    Ok([a, b])
}

/// Compares the last row of a result with plain sums.
fn check([a, b]: &[Array2<f64>; 2], c: ArrayView2<'_, f64>) -> Result<(), BoxError> {
    let last = a.nrows() - 1;
    for (column, &found) in b.columns().into_iter().zip(c.row(last)) {
        let sum: f64 = a.row(last).iter().zip(column).map(|(x, y)| x * y).sum();
        let ok = (found - sum).abs() <= BOUND * sum.abs();
        if !ok {
            return Err(format!("a result is {found}, not {sum}").into());
        }
    }
    Ok(())
}

/// An error, unless so many n x n matrices fit into the memory that is free.
fn require(matrices: usize, n: usize) -> Result<(), BoxError> {
    let needed = (matrices * n * n * size_of::<f64>()) as u64;
    let available = available_memory();
    if needed > available {
        return Err(format!("{} are needed, {} are available", bytes(needed), bytes(available)).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_result_is_found() {
        let operands = [Array2::<f64>::eye(3), Array2::<f64>::eye(3)];
        let mut result = Array2::<f64>::eye(3);
        assert!(check(&operands, result.view()).is_ok());
        result[[2, 2]] = f64::NAN;
        assert_eq!(check(&operands, result.view()).unwrap_err().to_string(), "a result is NaN, not 1");
    }

    #[test]
    fn more_memory_than_there_is_is_refused() {
        let refused = require(1 << 20, 1 << 15).unwrap_err().to_string();
        assert!(refused.starts_with("8.00 PiB are needed, "), "{refused}");
        assert!(require(1, 8).is_ok());
    }

    /// Three arrangements of the same tasks on the reference, in this process.
    #[test]
    fn programs_end_with_right_results() {
        let backends = Registry::new();
        let registry =
            backends.clone().with_function(PRODUCT, move |cx, item, out: &mut [f64]| product(&backends, cx, item, out));
        let combination = |text: &str| text.parse::<Combination>().unwrap();
        let sizes = [3, 5];
        assert!(made_first(&registry, &combination("reference:1+threads:2"), Operands::Ones, sizes).unwrap() > 0.0);
        assert!(made_first(&registry, &combination("reference:1+serial"), Operands::RandomFirst, sizes).unwrap() > 0.0);
        assert!(made_in_tasks(&registry, &combination("reference:1+threads:2:1"), sizes).unwrap() > 0.0);
        assert!(run(&registry, &[0.0; 4]).is_err() && run(&registry, &[]).is_err());
    }
}
