//! `C <- A B` for square row-major matrices, every backend on one thread.

mod contest;

use contest::{Contest, integers, verify};
use criterion::{BenchmarkId, Criterion, Throughput};
use gingham::core::ndarray::{Array2, ArrayView2};
use gingham::core::reference::Reference;
use gingham::core::{Backend, Op, OpThreads, Scalar, matmul};

/// From a matrix that fits the registers of some CPUs to one that fits no L2.
const SIZES: [usize; 5] = [8, 32, 128, 512, 1000];

fn main() {
    contest::run(|criterion, contest| {
        compare::<f64>(criterion, contest);
        compare::<f32>(criterion, contest);
    });
}

fn compare<T: Scalar>(criterion: &mut Criterion, contest: &Contest) {
    let mut group = criterion.benchmark_group(format!("matmul/{}", T::DTYPE));
    for n in SIZES {
        let square = |seed| integers::<T>(n * n, seed).into_shape_with_order((n, n)).expect("n n elements");
        let (a, b) = (square(1), square(2));
        let expected = product(&Reference, a.view(), b.view());
        // A multiplication and an addition each, so that Gelem/s reads as GF/s.
        group.throughput(Throughput::Elements(2 * (n as u64).pow(3)));
        contest.each(Op::MatMul, T::DTYPE, n == SIZES[0], |backend| {
            let mut c = product(backend, a.view(), b.view());
            verify(backend, Op::MatMul, &c, &expected, 0.0);
            group.bench_function(BenchmarkId::new(backend.info().id, n), |bencher| {
                bencher.iter(|| multiply(backend, a.view(), b.view(), &mut c));
            });
        });
    }
    group.finish();
}

/// A B, in a matrix that held NaN.
fn product<T: Scalar>(backend: &dyn Backend, a: ArrayView2<'_, T>, b: ArrayView2<'_, T>) -> Array2<T> {
    let mut c = Array2::from_elem((a.nrows(), b.ncols()), T::nan());
    multiply(backend, a, b, &mut c);
    c
}

fn multiply<T: Scalar>(backend: &dyn Backend, a: ArrayView2<'_, T>, b: ArrayView2<'_, T>, c: &mut Array2<T>) {
    let done = matmul::matmul(backend, T::one(), a, b, T::zero(), c.view_mut(), OpThreads::ONE);
    done.unwrap_or_else(|error| panic!("{error}"));
}
