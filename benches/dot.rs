//! `sum x_i y_i` for contiguous vectors, every backend on one thread.

mod contest;

use contest::{Contest, integers, verify};
use criterion::{BenchmarkId, Criterion, Throughput};
use gingham::core::reference::Reference;
use gingham::core::{Backend, Op, OpThreads, Scalar, dot};

/// In L1, in L2 or L3, in memory; short enough for sums of small integers to be exact in f32.
const SIZES: [usize; 3] = [1_000, 30_000, 1_000_000];

fn main() {
    contest::run(|criterion, contest| {
        compare::<f64>(criterion, contest);
        compare::<f32>(criterion, contest);
    });
}

fn compare<T: Scalar>(criterion: &mut Criterion, contest: &Contest) {
    let mut group = criterion.benchmark_group(format!("dot/{}", T::DTYPE));
    for n in SIZES {
        let (x, y) = (integers::<T>(n, 1), integers::<T>(n, 2));
        let product = |backend: &dyn Backend| {
            dot::dot(backend, x.view(), y.view(), OpThreads::ONE).unwrap_or_else(|error| panic!("{error}"))
        };
        let expected = product(&Reference);
        group.throughput(Throughput::Bytes((2 * n * T::DTYPE.size()) as u64)); // x and y are read
        contest.each(Op::Dot, T::DTYPE, n == SIZES[0], |backend| {
            verify(backend, Op::Dot, [&product(backend)], [&expected], 0.0);
            group.bench_function(BenchmarkId::new(backend.info().id, n), |bencher| bencher.iter(|| product(backend)));
        });
    }
    group.finish();
}
