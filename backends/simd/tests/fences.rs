//! Kernels neither read nor write past an operand: each operand begins or ends at a page without access, in every
//! layout, at every level. Sums are of small integers, which makes them exact.
#![cfg(unix)]

#[macro_use]
mod every;
mod fenced;

use every::levels;
use fenced::{Fenced, INPUTS, Layout, Matrix, OUTPUTS, SIDES, Side};
use gingham_core::ndarray::{Array2, ArrayViewMut2, Axis};
use gingham_core::reference::Reference;
use gingham_core::{Backend, Op, OpThreads, Product, Scalar, Stream, Support, dot, elementwise, fill, matmul, random};
use gingham_simd::Simd;

/// Goes through the values again and again, each time from another place, so that loops around it meet every one.
struct Turn(usize);

impl Turn {
    fn next<T: Copy>(&mut self, values: &[T]) -> T {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        values[(self.0 >> 33) % values.len()]
    }
}

fn small<T: Scalar>(i: usize, j: usize) -> T {
    T::from_f64(((i * 5 + j * 3) % 11) as f64 - 5.0)
}

/// Memory for the three operands of a product.
type Memory<T> = [Fenced<T>; 3];

fn memory<T: Scalar>() -> Memory<T> {
    [(); 3].map(|()| Fenced::new())
}

/// A product in fenced memory: its operands, the C that must result, and the text for a failure.
fn operands<'a, T: Scalar>(
    [a, b, c]: &'a mut Memory<T>,
    (m, n, k): (usize, usize, usize),
    beta: T,
    side: Side,
    turn: &mut Turn,
) -> ([Matrix<'a, T>; 3], Array2<T>, String) {
    let layouts = [turn.next(&INPUTS), turn.next(&INPUTS), turn.next(&OUTPUTS)];
    let a = a.matrix((m, k), layouts[0], side, false, small);
    let b = b.matrix((k, n), layouts[1], side, false, |i, j| small(i + 2, j + 1));
    let is_read = beta != T::zero();
    let c = c.matrix((m, n), layouts[2], side, true, |i, j| if is_read { small(i, j + 4) } else { T::nan() });
    let two = T::from_f64(2.0);
    let old = |x: T| if is_read { beta * x } else { T::zero() };
    let expected = a.view().dot(&b.view()).mapv(|x| two * x) + c.view().mapv(old);
    ([a, b, c], expected, format!("{m}x{k}x{n}, {layouts:?}, {side:?}, beta {beta}"))
}

fn product<T: Scalar>(
    simd: &Simd,
    memory: &mut Memory<T>,
    shape: (usize, usize, usize),
    side: Side,
    threads: OpThreads,
    turn: &mut Turn,
) {
    let beta = turn.next(&[T::zero(), T::one(), T::from_f64(-3.0)]);
    let ([a, b, mut c], expected, case) = operands(memory, shape, beta, side, turn);
    let two = T::from_f64(2.0);
    matmul::matmul(simd, two, a.view(), b.view(), beta, c.view_mut(), threads).unwrap();
    assert!(c.view() == expected && c.is_intact(), "{} {case}", simd.info().kernels);
}

/// Every small m and n, with every k near the length of a vector.
fn small_products<T: Scalar>() {
    let (mut memory, mut turn) = (memory::<T>(), Turn(1));
    for (simd, side) in levels().flat_map(|simd| SIDES.map(|side| (simd.clone(), side))) {
        for (m, n) in (1..=33).flat_map(|m| (1..=33).map(move |n| (m, n))) {
            for k in [1, 2, 3, 4, 7, 8, 9, 16, 17, 33] {
                product(&simd, &mut memory, (m, n, k), side, OpThreads::ONE, &mut turn);
            }
        }
    }
}

/// Sizes near the multiples of all tiles, a k longer than a block, and long and thin shapes.
fn larger_products<T: Scalar>() {
    let (mut memory, mut turn) = (memory::<T>(), Turn(2));
    let around = [1, 5, 24, 31, 40, 47, 48, 49, 56, 63, 64, 65, 72, 95, 96, 97];
    let long = [(2000, 1, 9), (1, 2000, 9), (3, 3, 2500), (1, 1, 5000), (1000, 17, 16), (17, 1000, 5), (130, 140, 130)];
    for (simd, side) in levels().flat_map(|simd| SIDES.map(|side| (simd.clone(), side))) {
        for (m, n) in around.into_iter().flat_map(|m| around.map(|n| (m, n))) {
            let k = turn.next(&[2, 5, 11, 32, 64, 97]);
            product(&simd, &mut memory, (m, n, k), side, OpThreads::ONE, &mut turn);
        }
        for shape in long.into_iter().flat_map(|shape| [shape; 12]) {
            let threads = OpThreads::new(turn.next(&[1, 2, 3])).unwrap();
            product(&simd, &mut memory, shape, side, threads, &mut turn);
        }
    }
}

/// Products of one shape, each in its own layout, and one of another shape among them.
fn batches<T: Scalar>() {
    let (mut memories, mut turn) = ([(); 5].map(|()| memory::<T>()), Turn(3));
    for (simd, side) in levels().flat_map(|simd| SIDES.map(|side| (simd.clone(), side))) {
        for n in (1..=33).flat_map(|n| [n; 6]) {
            let beta = turn.next(&[T::zero(), T::one(), T::from_f64(-3.0)]);
            let (m, k) = (turn.next(&[n, n, 1, 5, 12]), turn.next(&[n, n, 1, 8, 19]));
            let odd = turn.next(&[0, 2, 4, 9]);
            let mut all: Vec<_> = memories
                .iter_mut()
                .enumerate()
                .map(|(i, memory)| {
                    let shape = if i == odd { (7, 3, 10) } else { (m, n, k) };
                    operands(memory, shape, beta, side, &mut turn)
                })
                .collect();
            let mut products: Vec<_> =
                all.iter_mut().map(|([a, b, c], ..)| Product { a: a.view(), b: b.view(), c: c.view_mut() }).collect();
            matmul::matmul_batch(&simd, T::from_f64(2.0), &mut products, beta, OpThreads::ONE).unwrap();
            for ([_, _, c], expected, case) in &all {
                assert!(c.view() == expected && c.is_intact(), "{} in a batch {case}", simd.info().kernels);
            }
        }
    }
}

/// Lanes of a matrix: contiguous, with gaps, backwards; for inputs also of one repeated element.
const LANES: [Layout; 4] = [Layout::Rows, Layout::Columns, Layout::ColumnsApart, Layout::ColumnsReversed];
const INPUT_LANES: [Layout; 5] =
    [Layout::Rows, Layout::Columns, Layout::ColumnsApart, Layout::ColumnsReversed, Layout::OneColumn];

/// Positive values; neighbours differ.
fn positive<T: Scalar>(_: usize, j: usize) -> T {
    T::from_f64(0.5 + ((j * 7) % 29) as f64 / 8.0)
}

fn close<T: Scalar>(x: T, y: T) -> bool {
    (x - y).abs() <= T::from_f64(8.0) * T::epsilon() * y.abs()
}

/// All operations on lanes. A lane is the first row of two, so layouts by columns step over an element.
fn lanes<T: Scalar>() {
    let (mut memory, mut turn) = (memory::<T>(), Turn(4));
    let [for_x, for_y, for_out] = &mut memory;
    let lens = || (1..=300).chain([1000, 1023, 4097]);
    for (simd, side) in levels().flat_map(|simd| SIDES.map(|side| (simd.clone(), side))) {
        let native: Vec<Op> =
            Op::all().filter(|&op| op != Op::MatMul && simd.support(op, T::DTYPE) == Support::Native).collect();
        for (len, &op) in lens().flat_map(|len| native.iter().map(move |op| (len, op))) {
            let layouts = [turn.next(&INPUT_LANES), turn.next(&INPUT_LANES), turn.next(&LANES)];
            let integers = op == Op::Dot;
            let value = |i, j| if integers { small(i, j) } else { positive(i, j) };
            let x = for_x.matrix((1, len), layouts[0], side, false, value);
            let y = for_y.matrix((1, len), layouts[1], side, false, |i, j| value(i, j + 3));
            let mut out = for_out.matrix((1, len), layouts[2], side, true, |i, j| value(i, j + 1));
            let (x, y) = (x.view(), y.view());
            let in_place = turn.next(&[true, false]);
            let argument = (!in_place).then_some(x);
            let mut expected = out.view().to_owned();
            let call = |backend: &dyn Backend, out: &mut ArrayViewMut2<'_, T>| match op {
                Op::Dot => {
                    let (x, y) = (x.index_axis_move(Axis(0), 0), y.index_axis_move(Axis(0), 0));
                    dot::dot(backend, x, y, OpThreads::ONE).map(|sum| out[[0, 0]] = sum)
                }
                Op::Fill => fill::fill(backend, T::one(), out.view_mut(), OpThreads::ONE),
                Op::Unary(f) => elementwise::unary(backend, f, argument, out.view_mut(), OpThreads::ONE),
                Op::Binary(f) => elementwise::binary(backend, f, argument, y, out.view_mut(), OpThreads::ONE),
                Op::Random(distribution) => {
                    let stream = Stream::new(3, 4).skip(len as u64 % 37);
                    random::random(backend, distribution, stream, out.view_mut(), OpThreads::ONE)
                }
                Op::MatMul => unreachable!("{op} has no lanes"),
            };
            call(&simd, &mut out.view_mut()).unwrap();
            // Other backends draw other random numbers, so the expected ones are what this backend writes far from any
            // fence.
            let judge: &dyn Backend = if matches!(op, Op::Random(_)) { &simd } else { &Reference };
            call(judge, &mut expected.view_mut()).unwrap();
            let kernels = simd.info().kernels;
            let right = out.view().iter().zip(&expected).all(|(&got, &want)| close(got, want));
            assert!(right && out.is_intact(), "{kernels} {op} of {len}, {layouts:?}, {side:?}, in place {in_place}");
        }
    }
}

both! { small_products larger_products batches lanes }
