//! `out_i <- f(x_i, y_i)` for contiguous vectors and every function of two arguments, every backend on one thread.

mod contest;

use contest::{Contest, positive, verify};
use criterion::{BenchmarkId, Criterion, Throughput};
use gingham::core::ndarray::Array1;
use gingham::core::reference::Reference;
use gingham::core::{Backend, Binary, Op, OpThreads, Scalar, elementwise};

/// In L1 or L2, in memory.
const SIZES: [usize; 2] = [1_000, 1_000_000];

fn main() {
    contest::run(|criterion, contest| {
        for f in Binary::ALL {
            compare::<f64>(criterion, contest, f);
            compare::<f32>(criterion, contest, f);
        }
    });
}

fn compare<T: Scalar>(criterion: &mut Criterion, contest: &Contest, f: Binary) {
    let op = Op::Binary(f);
    // Backend and reference may each err by 4 ULP where IEEE 754 does not fix the result.
    let ulps = if f.is_exact() { 0.0 } else { 8.0 };
    let mut group = criterion.benchmark_group(format!("{op}/{}", T::DTYPE));
    for n in SIZES {
        let (x, y) = (positive::<T>(n, 1), positive::<T>(n, 2));
        let mut out = Array1::from_elem(n, T::nan());
        apply(&Reference, f, &x, &y, &mut out);
        let expected = out.clone();
        group.throughput(Throughput::Bytes((3 * n * T::DTYPE.size()) as u64)); // x and y are read, the output written
        contest.each(op, T::DTYPE, n == SIZES[0], |backend| {
            out.fill(T::nan());
            apply(backend, f, &x, &y, &mut out);
            verify(backend, op, &out, &expected, ulps);
            group.bench_function(BenchmarkId::new(backend.info().id, n), |bencher| {
                bencher.iter(|| apply(backend, f, &x, &y, &mut out));
            });
        });
    }
    group.finish();
}

fn apply<T: Scalar>(backend: &dyn Backend, f: Binary, x: &Array1<T>, y: &Array1<T>, out: &mut Array1<T>) {
    let done = elementwise::binary(backend, f, Some(x.view()), y.view(), out.view_mut(), OpThreads::ONE);
    done.unwrap_or_else(|error| panic!("{error}"));
}
