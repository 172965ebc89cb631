//! `out_i <- f(x_i)` for contiguous vectors and every function of one argument, every backend on one thread.

mod contest;

use contest::{Contest, positive, verify};
use criterion::{BenchmarkId, Criterion, Throughput};
use gingham::core::ndarray::Array1;
use gingham::core::reference::Reference;
use gingham::core::{Backend, Op, OpThreads, Scalar, Unary, elementwise};

/// In L1 or L2, in memory.
const SIZES: [usize; 2] = [2_000, 2_000_000];

fn main() {
    contest::run(|criterion, contest| {
        for f in Unary::ALL {
            compare::<f64>(criterion, contest, f);
            compare::<f32>(criterion, contest, f);
        }
    });
}

fn compare<T: Scalar>(criterion: &mut Criterion, contest: &Contest, f: Unary) {
    let op = Op::Unary(f);
    // Backend and reference may each err by 4 ULP where IEEE 754 does not fix the result.
    let ulps = if f.is_exact() { 0.0 } else { 8.0 };
    let mut group = criterion.benchmark_group(format!("{op}/{}", T::DTYPE));
    for n in SIZES {
        let x = positive::<T>(n, 1);
        let mut out = Array1::from_elem(n, T::nan());
        apply(&Reference, f, &x, &mut out);
        let expected = out.clone();
        group.throughput(Throughput::Bytes((2 * n * T::DTYPE.size()) as u64)); // x is read, the output written
        contest.each(op, T::DTYPE, n == SIZES[0], |backend| {
            out.fill(T::nan());
            apply(backend, f, &x, &mut out);
            verify(backend, op, &out, &expected, ulps);
            group.bench_function(BenchmarkId::new(backend.info().id, n), |bencher| {
                bencher.iter(|| apply(backend, f, &x, &mut out));
            });
        });
    }
    group.finish();
}

fn apply<T: Scalar>(backend: &dyn Backend, f: Unary, x: &Array1<T>, out: &mut Array1<T>) {
    let done = elementwise::unary(backend, f, Some(x.view()), out.view_mut(), OpThreads::ONE);
    done.unwrap_or_else(|error| panic!("{error}"));
}
