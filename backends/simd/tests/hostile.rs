//! Operands that nobody should pass, or that nobody thinks of: each call is right, returns a typed error, or panics
//! before it writes. `fences.rs` tests what lies beside an operand.

#[macro_use]
mod every;

use std::panic::{AssertUnwindSafe, catch_unwind};

use every::levels;
use gingham_core::ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, ShapeBuilder, s};
use gingham_core::reference::Reference;
use gingham_core::{
    Backend, Binary, Op, OpThreads, Product, Scalar, Support, Unary, dot, elementwise, fill, matmul, skip,
};
use gingham_simd::Simd;

const ONE: OpThreads = OpThreads::ONE;

fn threads() -> [OpThreads; 3] {
    [1, 3, OpThreads::MAX].map(|n| OpThreads::new(n).unwrap())
}

fn matrix<T: Scalar>(m: usize, n: usize) -> Array2<T> {
    Array2::from_shape_fn((m, n), |(i, j)| T::from_f64(((i * 5 + j * 3) % 13) as f64 - 6.0))
}

fn lane<T: Scalar>(len: usize) -> Array1<T> {
    Array1::from_shape_fn(len, |i| T::from_f64(0.5 + (i % 7) as f64))
}

/// `one` for every element, with stride 0, so that the shape may be of any size.
fn spread<T>(one: &T, shape: (usize, usize)) -> ArrayView2<'_, T> {
    ArrayView2::from_shape(shape.strides((0, 0)), std::slice::from_ref(one)).unwrap()
}

fn natives(simd: &Simd) -> impl Iterator<Item = Op> + '_ {
    Op::all().filter(|&op| simd.support(op, gingham_core::DType::F64) == Support::Native)
}

/// `op` on lanes, in place if `x` is `None`.
fn call<T: Scalar>(
    backend: &dyn Backend,
    op: Op,
    x: Option<ArrayView1<'_, T>>,
    y: ArrayView1<'_, T>,
    mut out: ArrayViewMut1<'_, T>,
    threads: OpThreads,
) {
    let outcome = match op {
        Op::Dot => dot::dot(backend, x.unwrap_or(y), y, threads).map(|sum| out.fill(sum)),
        Op::Fill => fill::fill(backend, T::from_f64(2.5), out, threads),
        Op::Unary(f) => elementwise::unary(backend, f, x, out, threads),
        Op::Binary(f) => elementwise::binary(backend, f, x, y, out, threads),
        Op::MatMul | Op::Random(_) => Ok(()),
    };
    outcome.unwrap_or_else(|error| panic!("{op}: {error}"));
}

fn close<T: Scalar>(got: &Array1<T>, want: &Array1<T>) -> bool {
    got.iter().zip(want).all(|(&got, &want)| (got - want).abs() <= T::from_f64(64.0) * T::epsilon() * want.abs())
}

/// Empty operands are not touched, and an empty sum is zero, whatever the other dimensions.
fn sizes_of_zero<T: Scalar>() {
    let (one, two, nan) = (T::one(), T::from_f64(2.0), T::nan());
    let wide = 1 << 40;
    for (simd, threads) in levels().flat_map(|simd| threads().map(|threads| (simd.clone(), threads))) {
        for (m, n, k) in [(0, 0, 0), (0, 3, wide), (3, 0, wide), (0, wide, 2), (wide, 0, 0), (0, 1, 1)] {
            let mut c = Array2::<T>::zeros((m, n));
            let product = || (spread(&nan, (m, k)), spread(&nan, (k, n)));
            let (a, b) = product();
            matmul::matmul(&simd, two, a, b, one, c.view_mut(), threads).unwrap();
            let batch = &mut [Product { a, b, c: c.view_mut() }];
            matmul::matmul_batch(&simd, two, batch, one, threads).unwrap();
        }
        for (beta, expected) in [(T::zero(), T::zero()), (two, T::from_f64(6.0))] {
            // A k of 0, and one too large to be added up, whose terms do not count.
            for (alpha, k) in [(one, 0), (T::infinity(), 0), (nan, 0), (T::zero(), 1 << 50)] {
                let old = if beta == T::zero() { nan } else { T::from_f64(3.0) };
                let mut c = Array2::from_elem((35, 9), old);
                let (a, b) = (spread(&nan, (35, k)), spread(&nan, (k, 9)));
                matmul::matmul(&simd, alpha, a, b, beta, c.view_mut(), threads).unwrap();
                assert!(c.iter().all(|&c| c == expected), "alpha {alpha}, beta {beta}, k {k}: {c:?}");
                c.fill(old);
                let batch = &mut [Product { a, b, c: c.view_mut() }];
                matmul::matmul_batch(&simd, alpha, batch, beta, threads).unwrap();
                assert!(c.iter().all(|&c| c == expected), "alpha {alpha}, beta {beta}, k {k} in a batch: {c:?}");
            }
        }
        matmul::matmul_batch::<T>(&simd, one, &mut [], one, threads).unwrap();
        let nothing = Array1::<T>::zeros(0);
        assert_eq!(dot::dot(&simd, nothing.view(), nothing.view(), threads), Ok(T::zero()));
        for op in natives(&simd).filter(|&op| op != Op::Dot) {
            let mut out = nothing.clone();
            call(&simd, op, Some(nothing.view()), nothing.view(), out.view_mut(), threads);
            call(&simd, op, None, nothing.view(), out.view_mut(), threads);
        }
    }
}

/// One view as both inputs, and inputs that overlap.
fn one_view_twice<T: Scalar>() {
    // Miri takes about a microsecond for each instruction.
    let sizes: &[usize] = if cfg!(miri) { &[1, 5] } else { &[1, 2, 8, 17, 33, 69] };
    let square = matrix::<T>(70, 70);
    let x = lane::<T>(1000);
    for simd in levels() {
        for &n in sizes {
            let (a, shifted) = (square.slice(s![..n, ..n]), square.slice(s![1..=n, 1..=n]));
            for (a, b) in [(a, a), (a, a.reversed_axes()), (a, shifted), (shifted.reversed_axes(), a)] {
                let mut c = Array2::from_elem((n, n), T::nan());
                matmul::matmul(&simd, T::one(), a, b, T::zero(), c.view_mut(), ONE).unwrap();
                assert!(c == a.dot(&b), "{n}");
                let mut again = [(); 3].map(|()| Array2::from_elem((n, n), T::nan()));
                let mut batch = again.each_mut().map(|c| Product { a, b, c: c.view_mut() });
                matmul::matmul_batch(&simd, T::one(), &mut batch, T::zero(), ONE).unwrap();
                assert!(again.iter().all(|again| *again == c), "{n}");
            }
        }
        for op in natives(&simd) {
            let views =
                [(x.view(), x.view()), (x.slice(s![..900]), x.slice(s![100..])), (x.view(), x.slice(s![..;-1]))];
            for (x, y) in views {
                let [mut got, mut want] = [(); 2].map(|()| Array1::from_elem(x.len(), T::one()));
                call(&simd, op, Some(x), y, got.view_mut(), ONE);
                call(&Reference, op, Some(x), y, want.view_mut(), ONE);
                assert!(close(&got, &want), "{op}");
            }
        }
    }
}

/// Operands that begin anywhere in a cache line, each at a different place.
fn every_alignment<T: Scalar>() {
    const LEN: usize = 600;
    let (x, y) = (lane::<T>(LEN + 64), lane::<T>(LEN + 64));
    for simd in levels() {
        for start in 0..33 {
            let (x, y) = (x.slice(s![start..start + LEN]), y.slice(s![start * 5 % 33..start * 5 % 33 + LEN]));
            for op in natives(&simd) {
                let (mut got, mut want) = (Array1::from_elem(LEN + 64, T::one()), Array1::from_elem(LEN, T::one()));
                let place = start * 3 % 33;
                call(&simd, op, Some(x), y, got.slice_mut(s![place..place + LEN]), ONE);
                call(&Reference, op, Some(x), y, want.view_mut(), ONE);
                assert!(close(&got.slice(s![place..place + LEN]).to_owned(), &want), "{op} at {start}");
            }
            let shaped = |lane: ArrayView1<'_, T>| lane.to_slice().map(|x| x[..420].to_vec()).unwrap();
            let (a, b) = (shaped(x), shaped(y));
            for (m, n, k) in [(8, 8, 8), (20, 17, 19), (1, 20, 20), (20, 1, 20)] {
                let a = ArrayView2::from_shape((m, k), &a[start % 9..][..m * k]).unwrap();
                let b = ArrayView2::from_shape((k, n), &b[start % 7..][..k * n]).unwrap();
                let mut memory = vec![T::nan(); 400 + start];
                let mut c = ArrayViewMut2::from_shape((m, n), &mut memory[start..][..m * n]).unwrap();
                matmul::matmul(&simd, T::one(), a, b, T::zero(), c.view_mut(), ONE).unwrap();
                let mut want = Array2::zeros((m, n));
                matmul::matmul(&Reference, T::one(), a, b, T::zero(), want.view_mut(), ONE).unwrap();
                assert!(c == want, "{m}x{k}x{n} at {start}"); // multiples of 1/4: exact
            }
        }
    }
}

/// Strides near the limits of their type, along axes of one element: code must not multiply by them.
fn strides_of_no_meaning<T: Scalar>() {
    let (a, b) = (matrix::<T>(1, 40), matrix::<T>(40, 1));
    let huge = (isize::MAX as usize) / size_of::<T>() - 64;
    let row = |x: &'_ Array2<T>| -> Vec<T> { x.iter().copied().collect() };
    let (a_row, b_row) = (row(&a), row(&b));
    for simd in levels() {
        for n in [1, 7, 40] {
            let views = (
                ArrayView2::from_shape((1, n).strides((huge, 1)), &a_row),
                ArrayView2::from_shape((n, 1).strides((1, huge)), &b_row),
            );
            let (Ok(a_huge), Ok(b_huge)) = views else { return skip!("ndarray makes no such view") };
            let (mut inner, mut memory) = (Array2::zeros((1, 1)), vec![T::nan(); n]);
            matmul::matmul(&simd, T::one(), a_huge, b_huge, T::zero(), inner.view_mut(), ONE).unwrap();
            assert_eq!(inner[[0, 0]], a.slice(s![.., ..n]).dot(&b.slice(s![..n, ..]))[[0, 0]]);
            let mut c = ArrayViewMut2::from_shape((1, n).strides((huge, 1)), &mut memory).unwrap();
            let first = b_huge.slice(s![..1, ..]);
            matmul::matmul(&simd, T::one(), first, a_huge, T::zero(), c.view_mut(), ONE).unwrap();
            assert!(c == a.slice(s![.., ..n]).mapv(|x| x * b[[0, 0]]));
            elementwise::binary(&simd, Binary::Add, None, a_huge, c.view_mut(), ONE).unwrap();
            assert!(c == a.slice(s![.., ..n]).mapv(|x| x * b[[0, 0]] + x));
        }
    }
}

/// More threads than the work needs, and than the system likes to start.
fn threads_beyond_reason<T: Scalar>() {
    let (a, x) = (matrix::<T>(130, 130), lane::<T>(300_000));
    let most = OpThreads::new(OpThreads::MAX).unwrap();
    for simd in levels() {
        let mut c = Array2::from_elem((130, 130), T::nan());
        matmul::matmul(&simd, T::one(), a.view(), a.view(), T::zero(), c.view_mut(), most).unwrap();
        assert!(c == a.dot(&a));
        let mut small = [(); 9].map(|()| Array2::from_elem((2, 2), T::nan()));
        let two = a.slice(s![..2, ..2]);
        let mut batch = small.each_mut().map(|c| Product { a: two, b: two, c: c.view_mut() });
        matmul::matmul_batch(&simd, T::one(), &mut batch, T::zero(), most).unwrap();
        assert!(small.iter().all(|small| *small == two.dot(&two)));
        for (op, len) in natives(&simd).flat_map(|op| [(op, 1), (op, 5), (op, 300_000)]) {
            let x = x.slice(s![..len]);
            let [mut got, mut one] = [(); 2].map(|()| Array1::from_elem(len, T::one()));
            call(&simd, op, Some(x), x, got.view_mut(), most);
            call(&simd, op, Some(x), x, one.view_mut(), ONE);
            assert!(got == one, "{op} of {len}: the number of threads shows");
        }
    }
}

/// A caller that bypasses the checked entries with shapes that do not fit gets a panic, before the kernel reads or
/// writes outside an operand.
fn shapes_that_nobody_has_checked<T: Scalar>() {
    let (a, long, short) = (matrix::<T>(8, 8), lane::<T>(500), lane::<T>(3));
    let refused = |what: &str, call: &mut dyn FnMut()| {
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err(), "{what} goes through");
    };
    for simd in levels() {
        let ops = T::ops(&simd);
        for (m, n) in [(8, 9), (9, 8), (7, 8), (0, 8)] {
            let mut c = Array2::from_elem((m, n), T::one());
            let mut fits = Array2::from_elem((8, 8), T::one());
            refused("C", &mut || drop(ops.matmul(T::one(), a.view(), a.view(), T::zero(), c.view_mut(), ONE)));
            refused("C in a batch", &mut || {
                let mut batch = [&mut fits, &mut c].map(|c| Product { a: a.view(), b: a.view(), c: c.view_mut() });
                drop(ops.matmul_batch(T::one(), &mut batch, T::zero(), ONE));
            });
            assert!(c.iter().all(|&x| x == T::one()));
        }
        refused("y of a dot", &mut || drop(ops.dot(long.view(), short.view(), ONE)));
        let mut out = long.clone();
        refused("x", &mut || drop(ops.unary(Unary::Neg, Some(short.view()), out.view_mut(), ONE)));
        refused("y", &mut || drop(ops.binary(Binary::Add, None, short.view(), out.view_mut(), ONE)));
        refused("x of two", &mut || {
            drop(ops.binary(Binary::Add, Some(short.view()), long.view(), out.view_mut(), ONE));
        });
        assert!(out == long);
    }
}

both! {
    sizes_of_zero
    one_view_twice
    every_alignment
    strides_of_no_meaning
    threads_beyond_reason
    shapes_that_nobody_has_checked
}

/// Rows, and elements of a lane, more than 2^31 elements apart: offsets exceed an i32, as the steps of `dot` do in
/// `threads.rs`. The system provides only the few pages that are touched.
#[cfg(unix)]
#[test]
fn elements_further_apart_than_an_i32_counts() {
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
    const APART: usize = (1 << 31) + 7;
    const LEN: usize = 3 * APART;
    let access = ProtFlags::READ | ProtFlags::WRITE;
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    let bytes = LEN * size_of::<f32>();
    let map = || {
        // SAFETY: a new mapping at a place that the system chooses.
        unsafe { mmap_anonymous(std::ptr::null_mut(), bytes, access, flags) }
    };
    let maps = match [map(), map()] {
        [Ok(inputs), Ok(outputs)] => [inputs, outputs],
        _ => return skip!("the system gives no {bytes} bytes of addresses"),
    };
    // SAFETY: each mapping is of this length and this test's alone; zero bytes are numbers.
    let [inputs, outputs] = maps.map(|map| unsafe { std::slice::from_raw_parts_mut(map.cast::<f32>(), LEN) });
    for (i, j) in (0..3).flat_map(|i| (0..5).map(move |j| (i, j))) {
        inputs[i * APART + j] = (i * 5 + j) as f32 - 6.0;
    }
    let rows = ArrayView2::from_shape((3, 5).strides((APART, 1)), inputs).unwrap();
    let (near, columns) = (rows.to_owned(), rows.reversed_axes());
    for simd in levels() {
        let mut c = ArrayViewMut2::from_shape((3, 3).strides((APART, 1)), outputs).unwrap();
        for (a, b) in [(rows, columns), (near.view(), columns), (rows, near.t())] {
            c.fill(1.0);
            matmul::matmul(&simd, 1.0, a, b, 2.0, c.view_mut(), ONE).unwrap();
            assert!(c == near.dot(&near.t()) + 2.0);
            let batch = &mut [Product { a, b, c: c.view_mut() }];
            matmul::matmul_batch(&simd, 1.0, batch, 0.0, ONE).unwrap();
            assert!(c == near.dot(&near.t()));
        }
        for op in natives(&simd) {
            let (x, y) = (rows.column(1), rows.column(4));
            let mut want = Array1::ones(3);
            call(&Reference, op, Some(x), y, want.view_mut(), ONE);
            let mut out = c.column_mut(2);
            out.fill(1.0);
            call(&simd, op, Some(x), y, out.view_mut(), ONE);
            assert!(
                out.iter().zip(&want).all(|(x, y)| x == y || (x - y).abs() < 1e-5 || x.is_nan() && y.is_nan()),
                "{op}"
            );
        }
    }
    for map in maps {
        // SAFETY: a mapping made above, which nothing borrows any more.
        unsafe { munmap(map, bytes).unwrap() };
    }
}
