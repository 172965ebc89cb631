//! `x_i <- value` for contiguous vectors, every backend on one thread.

mod contest;

use contest::{Contest, verify};
use criterion::{BenchmarkId, Criterion, Throughput};
use gingham::core::ndarray::Array1;
use gingham::core::{Backend, Op, OpThreads, Scalar, fill};

/// In L1, in L2 or L3, in memory.
const SIZES: [usize; 3] = [1_000, 100_000, 10_000_000];

fn main() {
    contest::run(|criterion, contest| {
        compare::<f64>(criterion, contest);
        compare::<f32>(criterion, contest);
    });
}

fn compare<T: Scalar>(criterion: &mut Criterion, contest: &Contest) {
    let mut group = criterion.benchmark_group(format!("fill/{}", T::DTYPE));
    let value = T::from_f64(1.5);
    for n in SIZES {
        let mut x = Array1::from_elem(n, T::nan());
        let expected = Array1::from_elem(n, value);
        group.throughput(Throughput::Bytes((n * T::DTYPE.size()) as u64)); // written
        contest.each(Op::Fill, T::DTYPE, n == SIZES[0], |backend| {
            x.fill(T::nan());
            set(backend, value, &mut x);
            verify(backend, Op::Fill, &x, &expected, 0.0);
            group.bench_function(BenchmarkId::new(backend.info().id, n), |bencher| {
                bencher.iter(|| set(backend, value, &mut x));
            });
        });
    }
    group.finish();
}

fn set<T: Scalar>(backend: &dyn Backend, value: T, x: &mut Array1<T>) {
    fill::fill(backend, value, x.view_mut(), OpThreads::ONE).unwrap_or_else(|error| panic!("{error}"));
}
