//! Lanes of any alignment, stride and length get the values of the function; memory beside them stays as it is.

mod every;

use every::levels;
use gingham_core::ndarray::{Array1, ArrayView1, ShapeBuilder, s};
use gingham_core::{Binary, OpThreads, Scalar, Unary, dot, elementwise, fill};

fn threads(n: usize) -> OpThreads {
    OpThreads::new(n).unwrap()
}

/// Small integers, whose sums and differences are exact in any order.
fn integers<T: Scalar>(len: usize, seed: usize) -> Array1<T> {
    Array1::from_shape_fn(len, |i| T::from_f64(((i * 7 + seed * 5) % 13) as f64 - 6.0))
}

/// Every offset of each operand from a multiple of the vector's size, and strides of both signs; for inputs also 0.
fn layouts<T: Scalar>() {
    let guard = T::from_f64(99.0);
    let (x, y) = (integers::<T>(2_000, 1), integers::<T>(2_000, 2));
    for simd in levels() {
        for len in [0, 1, 7, 31, 127, 128, 300, 513] {
            for offset in 0..17 {
                for (x_step, y_step, out_step) in [
                    (1, 1, 1_isize),
                    (-1, 1, 1),
                    (1, 0, 1),
                    (0, 1, 1),
                    (0, 0, 1),
                    (1, 1, 2),
                    (2, 1, -1),
                    (3, -2, 1),
                    (0, 2, -3),
                ] {
                    let (x, y) = (x.slice(s![offset..]), y.slice(s![16 - offset..]));
                    let (x, y) = (part(&x, len, x_step), part(&y, len, y_step));
                    let mut all = Array1::from_elem(2_000, guard);
                    let span = offset..offset + len * out_step.unsigned_abs();
                    let mut out = all.slice_mut(s![span; out_step]);
                    elementwise::binary(&simd, Binary::Sub, Some(x), y, out.view_mut(), OpThreads::ONE).unwrap();
                    let case = format!("{len} at {offset}, steps {x_step} {y_step} {out_step}");
                    assert!(out.iter().zip(x.iter().zip(y)).all(|(&out, (&x, &y))| out == x - y), "{case}");
                    elementwise::binary(&simd, Binary::Sub, None, y, out.view_mut(), OpThreads::ONE).unwrap();
                    elementwise::unary(&simd, Unary::Neg, None, out.view_mut(), OpThreads::ONE).unwrap();
                    assert!(out.iter().zip(x.iter().zip(y)).all(|(&out, (&x, &y))| out == y + y - x), "{case}");
                    let expected = x.iter().zip(y).fold(T::zero(), |sum, (&x, &y)| sum + x * y);
                    assert_eq!(dot::dot(&simd, x, y, OpThreads::ONE), Ok(expected), "{case}");
                    fill::fill(&simd, guard, out, OpThreads::ONE).unwrap();
                    assert!(all.iter().all(|&x| x == guard), "{case}");
                }
            }
        }
    }
}

/// `len` elements of `x`, `step` apart.
fn part<'a, T>(x: &'a ArrayView1<'_, T>, len: usize, step: isize) -> ArrayView1<'a, T> {
    match step {
        // SAFETY: every element is the first one, which is there and is borrowed as long as the view.
        0 => unsafe { ArrayView1::from_shape_ptr(len.strides(0), x.as_ptr()) },
        _ => x.slice(s![..len * step.unsigned_abs(); step]),
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

/// Lanes of several blocks of a dot product, with every kind of rest; sums of small integers are exact.
#[test]
fn a_dot_of_several_blocks_leaves_nothing_out() {
    let (x, y) = (integers::<f64>(400_000, 1), integers::<f64>(400_000, 2));
    for simd in levels() {
        for len in [16_383, 16_512, 32_768, 32_769, 33_023, 131_073, 263_000, 399_999] {
            for (x, y) in [(x.slice(s![..len]), y.slice(s![1..=len])), (x.slice(s![..len;-1]), y.slice(s![..len]))] {
                let expected: f64 = x.iter().zip(y).map(|(x, y)| x * y).sum();
                for n in [1, 2, 3] {
                    assert_eq!(dot::dot(&simd, x, y, threads(n)), Ok(expected), "{len} elements, {n} threads");
                }
            }
        }
    }
}

/// Unaligned operands, larger than most last-level caches: there, stores go past the caches.
#[test]
fn lanes_longer_than_the_caches() {
    let len = 13_000_003;
    let x = integers::<f32>(len, 1);
    let y = integers::<f32>(len + 3, 2);
    let y = y.slice(s![3..]);
    for (simd, n) in levels().zip([1, 2, 3]) {
        let mut all = Array1::from_elem(len + 6, 99.0);
        let mut out = all.slice_mut(s![5..len + 5]);
        fill::fill(&simd, 5.0, out.view_mut(), threads(n)).unwrap();
        assert!(out.iter().all(|&out| out == 5.0));
        elementwise::binary(&simd, Binary::Sub, Some(x.view()), y, out.view_mut(), threads(n)).unwrap();
        assert!(out.iter().zip(x.iter().zip(y)).all(|(&out, (x, y))| out == x - y));
        elementwise::unary(&simd, Unary::Square, Some(x.view()), out.view_mut(), threads(n)).unwrap();
        assert!(out.iter().zip(&x).all(|(&out, x)| out == x * x));
        assert!(all.iter().take(5).chain(all.iter().skip(len + 5)).all(|&x| x == 99.0));
    }
}
