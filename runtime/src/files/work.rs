//! The work: the next free worker reads, multiplies, verifies and writes a pair.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gingham_core::{DType, Product, matmul};
use ndarray::{Array3, ArrayD, Axis, IxDyn};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::check::Good;
use super::{Failure, Pairs, Problem, freivalds, shapes};
use crate::clock::Clock;
use crate::engine::{self, Limited};
use crate::executor::panics::message;
use crate::executor::{Executor, Serial};
use crate::format::npy::{self, Array};
use crate::format::{Element, Partials};
use crate::workload::multiply;

/// The cost of a check, in nanoseconds for each element of the factors and the product. On a busy Zen 3 it was 0.4 to
/// 0.7 from caches, and 1.1 to 2.0 for arrays larger than these, whose products take longest.
const CHECK_NS: f64 = 1.0;

/// The cost of a check for each product of a stack, nanoseconds.
const CHECK_CALL_NS: f64 = 1000.0;

/// The share of a pair's time that a check may cost under [`Verify::Auto`].
const CHECK_SHARE: f64 = 0.05;

/// Which products are checked with a random vector before they are written, or which files are loaded again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// Those that make the work at most 5 % slower.
    #[default]
    Auto,
    /// All.
    Always,
    /// None.
    Never,
}

/// How the work is done.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// Its free workers take the next pair or file, one at a time. For pairs it has at most [`Pairs::fitting`] workers.
    pub engine: &'a Limited<'a>,
    /// What is checked.
    pub verify: Verify,
    /// The files that are being written.
    pub partials: &'a Partials,
    /// Once it is true, no worker begins another one.
    pub stop: &'a AtomicBool,
}

/// The cost of one product, or of all together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Work {
    /// Bytes of the factors' values, in the type that was computed in.
    pub bytes_read: u64,
    /// Bytes of the products' values.
    pub bytes_written: u64,
    /// Floating-point operations, 2 m k n a product.
    pub flops: f64,
    /// How many pairs had their product checked.
    pub verified: usize,
}

/// What became of all pairs.
#[derive(Debug, Default)]
pub struct Summary {
    /// Products written.
    pub done: usize,
    /// Pairs not begun when the work was stopped.
    pub left: usize,
    /// Pairs without a product, in the order of the request.
    pub failed: Vec<Failure>,
    /// What the products took.
    pub work: Work,
    /// Wall-clock seconds, without the time in which the program was stopped (Ctrl-Z).
    pub seconds: f64,
}

impl Pairs {
    /// Writes the product of every good pair. The thread that has done a pair calls `progress` with its position in the
    /// request, and with the cost of its product or why it has none.
    pub fn multiply(self, job: &Job<'_>, progress: &(dyn Fn(usize, Result<Work, &Failure>) + Sync)) -> Summary {
        let clock = Clock::start();
        let summary = Mutex::new(Summary { failed: self.bad, ..Summary::default() });
        // If the pairs are fewer than the workers, these share the matrices of each stack instead: a run inside a run
        // would have only the calling thread.
        let products = self.good.iter().map(|good| good.shapes.stack).max().unwrap_or(0);
        let inside = self.good.len() < job.engine.workers() && products > self.good.len();
        let each = |range: Range<usize>| {
            for good in &self.good[range] {
                if job.stop.load(Relaxed) {
                    summary.lock().unwrap_or_else(PoisonError::into_inner).left += 1;
                    continue;
                }
                // An unwinding product leaves nothing behind: its arrays are freed, its temporary file is removed.
                let result = catch_unwind(AssertUnwindSafe(|| good.multiply(self.options.cast, job)))
                    .unwrap_or_else(|panic| Err(Problem::Panicked(message(&*panic))))
                    .map_err(|problem| good.failure(problem));
                progress(good.index, result.as_ref().copied());
                summary.lock().unwrap_or_else(PoisonError::into_inner).add(result);
            }
        };
        let pairs = self.good.len();
        let ran = match inside {
            true => Serial.run(pairs, 1, &each).map_err(engine::Error::from),
            false => job.engine.one_by_one(pairs, &each),
        };
        let mut summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = ran {
            summary.failed.extend(self.good.iter().map(|good| good.failure(Problem::NotRun(error.to_string()))));
        }
        summary.failed.sort_by_key(|failure| failure.index);
        summary.seconds = clock.elapsed_s();
        summary
    }
}

impl Summary {
    fn add(&mut self, result: Result<Work, Failure>) {
        match result {
            Ok(work) => {
                self.done += 1;
                self.work.bytes_read += work.bytes_read;
                self.work.bytes_written += work.bytes_written;
                self.work.flops += work.flops;
                self.work.verified += work.verified;
            }
            Err(failure) => self.failed.push(failure),
        }
    }
}

impl Good {
    fn failure(&self, problem: Problem) -> Failure {
        Failure { index: self.index, pair: self.pair.clone(), problem }
    }

    fn multiply(&self, cast: Option<DType>, job: &Job<'_>) -> Result<Work, Problem> {
        let start = Instant::now();
        let read = |path| npy::read(path, cast);
        match (read(&self.pair.lhs)?, read(&self.pair.rhs)?) {
            (Array::F64(a), Array::F64(b)) => self.write_product(&a, &b, job, start),
            (Array::F32(a), Array::F32(b)) => self.write_product(&a, &b, job, start),
            (a, b) => Err(Problem::DTypes { lhs: a.dtype(), rhs: b.dtype() }),
        }
    }

    fn write_product<T: Element>(
        &self,
        a: &ArrayD<T>,
        b: &ArrayD<T>,
        job: &Job<'_>,
        start: Instant,
    ) -> Result<Work, Problem> {
        // The shapes of the files as they are now: they may have been replaced since their headers were checked.
        let shapes = shapes::Shapes::of(a.shape(), b.shape())?;
        let refused = || Problem::Refused(shapes.out.clone());
        let mut c = zeros(&shapes).ok_or_else(refused)?;
        let [left, right] = shapes::stacks(a, b);
        let factors = |i| (shapes::matrix(&left, i), shapes::matrix(&right, i));
        if shapes.stack == 1 {
            let (a, b) = factors(0);
            let (backend, threads) = (job.engine.backend()?, job.engine.op_threads());
            matmul::matmul(backend, T::one(), a, b, T::zero(), c.index_axis_mut(Axis(0), 0), threads)
                .map_err(engine::Error::Core)?;
        } else {
            let slices = c.axis_iter_mut(Axis(0)).enumerate();
            let products = slices.map(|(i, c)| (factors(i), c)).map(|((a, b), c)| Product { a, b, c });
            multiply(&mut products.collect::<Vec<_>>(), job.engine).map_err(Problem::Stack)?;
        }
        let elements = a.len() + b.len() + c.len();
        let verified = job.verify.applies(elements, shapes.stack, start.elapsed());
        let mut judged = verified;
        if verified {
            let mut rng = ChaCha8Rng::seed_from_u64(self.index as u64);
            for (i, c) in c.axis_iter(Axis(0)).enumerate() {
                let (a, b) = factors(i);
                let slice = (shapes.out.len() == 3).then_some(i);
                judged &= freivalds::check(a, b, c, &mut rng).map_err(|wrong| Problem::Wrong { slice, wrong })?;
            }
        }
        let c = c.into_shape_with_order(IxDyn(&shapes.out)).map_err(|_| refused())?;
        job.partials.write(&self.pair.out, &c.view())?;
        let bytes = |elements: usize| (elements * T::DTYPE.size()) as u64;
        Ok(Work {
            bytes_read: bytes(a.len() + b.len()),
            bytes_written: bytes(c.len()),
            flops: shapes.flops(),
            verified: usize::from(judged),
        })
    }
}

impl Verify {
    /// Whether to check `products` products that have, with their factors, so many `elements`, and took `elapsed`.
    fn applies(self, elements: usize, products: usize, elapsed: Duration) -> bool {
        let cost = (elements as f64 * CHECK_NS + products as f64 * CHECK_CALL_NS) * 1e-9;
        match self {
            Self::Auto => cost <= CHECK_SHARE * elapsed.as_secs_f64(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// Matrices of zeros; `None` if memory does not hold them: two small files may have a product of petabytes.
fn zeros<T: Element>(shapes: &shapes::Shapes) -> Option<Array3<T>> {
    let count = shapes.product()?;
    let mut values = Vec::new();
    values.try_reserve_exact(count).ok()?;
    values.resize(count, T::zero());
    Array3::from_shape_vec((shapes.stack, shapes.m, shapes.n), values).ok()
}
