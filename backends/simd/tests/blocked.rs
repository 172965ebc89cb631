//! The blocked product: its panels at every edge and in every layout, and a long k that is cut.

mod every;

use every::levels;
use gingham_core::ndarray::{Array2, ArrayView2, ShapeBuilder, s};
use gingham_core::reference::Reference;
use gingham_core::{OpThreads, Scalar, matmul};
use gingham_simd::Simd;

fn threads(n: usize) -> OpThreads {
    OpThreads::new(n).unwrap()
}

/// Small integers, so that every order of sums is exact.
fn small<T: Scalar>(rows: usize, cols: usize, column_major: bool) -> Array2<T> {
    Array2::from_shape_fn((rows, cols).set_f(column_major), |(i, j)| T::from_f64(((i * 3 + j * 5) % 7) as f64 - 3.0))
}

/// Sizes with an incomplete last panel, last vector and last steps, too large to be computed without packing.
fn layouts<T: Scalar>() {
    for (m, k, n) in [(211, 217, 209), (257, 259, 258)] {
        let expected = {
            let mut c = small::<T>(m, n, false);
            let (a, b) = (small::<T>(m, k, false), small::<T>(k, n, false));
            matmul::matmul(&Reference, T::one(), a.view(), b.view(), T::one(), c.view_mut(), OpThreads::ONE).unwrap();
            c
        };
        for simd in levels() {
            for layout in 0..8 {
                let (a, b) = (small::<T>(m, k, layout & 1 != 0), small::<T>(k, n, layout & 2 != 0));
                let mut c = small::<T>(m, n, layout & 4 != 0);
                matmul::matmul(&simd, T::one(), a.view(), b.view(), T::one(), c.view_mut(), threads(2)).unwrap();
                assert!(c == expected, "{m}x{k}x{n}, layout {layout}");
            }
        }
    }
}

#[test]
fn layouts_f64() {
    layouts::<f64>();
}

#[test]
fn layouts_f32() {
    layouts::<f32>();
}

/// Operands and a C with neither axis contiguous.
#[test]
fn strided() {
    let (m, k, n) = (203, 211, 207);
    let (a, b) = (small::<f64>(2 * m, 2 * k, false), small::<f64>(2 * k, 3 * n, true));
    let (a, b) = (a.slice(s![..;2, ..;2]), b.slice(s![..;2, ..;-3]));
    let mut expected = Array2::zeros((m, n));
    matmul::matmul(&Reference, 2.0, a, b, 0.0, expected.view_mut(), OpThreads::ONE).unwrap();
    for simd in levels() {
        let mut c = Array2::from_elem((2 * m, 2 * n), f64::NAN);
        matmul::matmul(&simd, 2.0, a, b, 0.0, c.slice_mut(s![..;2, ..;2]), OpThreads::ONE).unwrap();
        assert!(c.slice(s![..;2, ..;2]) == expected);
        assert!(c.slice(s![1..;2, ..]).iter().chain(c.slice(s![.., 1..;2])).all(|x| x.is_nan()));
    }
}

#[test]
fn a_long_k_is_exact() {
    for simd in levels() {
        for (m, k, n) in [(64, 20_011, 64), (37, 8_192, 29), (19, 8_197, 401)] {
            let (a, b, c0) = (small::<f64>(m, k, false), small::<f64>(k, n, true), small::<f64>(m, n, false));
            for beta in [0.0, -2.0] {
                let mut expected = c0.clone();
                matmul::matmul(&Reference, 2.0, a.view(), b.view(), beta, expected.view_mut(), OpThreads::ONE).unwrap();
                for count in [1, 2, 3] {
                    let mut c = if beta == 0.0 { Array2::from_elem((m, n), f64::NAN) } else { c0.clone() };
                    matmul::matmul(&simd, 2.0, a.view(), b.view(), beta, c.view_mut(), threads(count)).unwrap();
                    assert!(c == expected, "{m}x{k}x{n}, beta {beta}, {count} threads");
                }
            }
        }
    }
}

#[test]
fn a_long_k_has_one_result() {
    let number = |i: usize| ((i * 7919) % 1013) as f64 / 1013.0 - 0.5;
    let (m, k, n) = (47, 20_021, 41);
    let a = Array2::from_shape_fn((m, k), |(i, j)| number(i * k + j));
    let b = Array2::from_shape_fn((k, n), |(i, j)| number(i * n + j + 11));
    for simd in levels() {
        let product = |count| {
            let mut c = Array2::from_shape_fn((m, n), |(i, j)| number(i + j));
            matmul::matmul(&simd, 1.5, a.view(), b.view(), -0.5, c.view_mut(), threads(count)).unwrap();
            c
        };
        let one = product(1);
        for count in [2, 3, 5, 64] {
            assert!(product(count) == one, "{count} threads");
        }
    }
}

/// A has more elements than an i32 counts. All are ones, so that the sums are exact.
#[test]
fn a_broadcast_operand_larger_than_i32() {
    let one = Array2::from_elem((1, 1), 1.0);
    let (m, k, n) = (33, 1 << 26, 2);
    let wide = |rows, cols| -> ArrayView2<'_, f64> { one.broadcast((rows, cols)).unwrap() };
    let mut c = Array2::from_elem((m, n), 1.0);
    matmul::matmul(&Simd::new(), 1.0, wide(m, k), wide(k, n), 1.0, c.view_mut(), threads(2)).unwrap();
    assert!(c.iter().all(|&c| c == k as f64 + 1.0));
}
