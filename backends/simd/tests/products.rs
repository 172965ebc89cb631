//! Products of every small shape, in layouts of all kinds, alone and in batches, equal the reference's at every level.

mod every;

use every::levels;
use gingham_core::ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, ShapeBuilder, s};
use gingham_core::reference::Reference;
use gingham_core::{Backend, Error, OpThreads, Product, Scalar, matmul};
use gingham_simd::Simd;

/// Pseudorandom numbers, the same in each run (Marsaglia, Xorshift RNGs, 2003).
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % n
    }

    /// Small integers, whose products and sums are exact.
    fn number<T: Scalar>(&mut self) -> T {
        T::from_f64(self.below(9) as f64 - 4.0)
    }
}

/// A matrix inside a larger one, with or without gaps between its elements.
struct Laid<T> {
    all: Array2<T>,
    rows: usize,
    cols: usize,
    start: (usize, usize),
    step: (isize, isize),
}

impl<T: Scalar> Laid<T> {
    fn draw(draw: &mut Draw, rows: usize, cols: usize) -> Self {
        let step = match draw.below(4) {
            0 => ([1, 2, -1, -2][draw.below(4)], [1, 2, -1, -2][draw.below(4)]),
            _ => (1, 1),
        };
        let start = (draw.below(3), draw.below(3));
        let shape = (start.0 + 2 * rows + 1, start.1 + 2 * cols + 1);
        let tight = (start.0 + rows, start.1 + cols);
        let shape = if step == (1, 1) && draw.below(2) == 0 { tight } else { shape };
        let mut all = Array2::zeros(shape.set_f(draw.below(2) == 0));
        all.mapv_inplace(|_: T| draw.number());
        Self { all, rows, cols, start, step }
    }

    fn view(&self) -> ArrayView2<'_, T> {
        let (rows, cols) = (self.rows * self.step.0.unsigned_abs(), self.cols * self.step.1.unsigned_abs());
        let (i, j) = self.start;
        self.all.slice(s![i..i + rows, j..j + cols]).slice_move(s![..;self.step.0, ..;self.step.1])
    }

    fn view_mut(&mut self) -> ArrayViewMut2<'_, T> {
        let (rows, cols) = (self.rows * self.step.0.unsigned_abs(), self.cols * self.step.1.unsigned_abs());
        let (i, j) = self.start;
        self.all.slice_mut(s![i..i + rows, j..j + cols]).slice_move(s![..;self.step.0, ..;self.step.1])
    }
}

impl<T: Clone> Clone for Laid<T> {
    fn clone(&self) -> Self {
        Self { all: self.all.clone(), ..*self }
    }
}

/// The product by `backend`: C with the memory around it.
fn product<T: Scalar>(
    backend: &dyn Backend,
    [alpha, beta]: [T; 2],
    a: &Laid<T>,
    b: &Laid<T>,
    c: &Laid<T>,
) -> Array2<T> {
    let mut c = c.clone();
    matmul::matmul(backend, alpha, a.view(), b.view(), beta, c.view_mut(), OpThreads::ONE).unwrap();
    c.all
}

fn every_small_shape<T: Scalar>() {
    let mut draw = Draw(0x9e37_79b9_7f4a_7c15);
    let levels: Vec<_> = levels().collect();
    for (m, n) in (0..=40).flat_map(|m| (0..=40).map(move |n| (m, n))) {
        for k in [0, 1, 3, 8, 33] {
            let (a, b) = (Laid::<T>::draw(&mut draw, m, k), Laid::<T>::draw(&mut draw, k, n));
            let c = Laid::draw(&mut draw, m, n);
            let factors = [[1.0, 0.0], [1.0, 1.0], [2.0, 0.0], [-1.0, 3.0], [0.0, 2.0]][draw.below(5)].map(T::from_f64);
            let expected = product(&Reference, factors, &a, &b, &c);
            for simd in &levels {
                let given = product(simd, factors, &a, &b, &c);
                assert!(
                    given == expected,
                    "{m}x{k}x{n} {factors:?}, strides {:?} {:?} {:?}, {}",
                    a.view().strides(),
                    b.view().strides(),
                    c.view().strides(),
                    simd.info().kernels
                );
            }
        }
    }
}

#[test]
fn every_small_shape_f64() {
    every_small_shape::<f64>();
}

#[test]
fn every_small_shape_f32() {
    every_small_shape::<f32>();
}

/// Sizes that reach every loop of the product with a column, with rows or columns of A contiguous, or neither.
#[test]
fn columns_and_rows() {
    let mut draw = Draw(7);
    for simd in levels() {
        for (m, k) in [(1, 5000), (5000, 1), (3, 1001), (1001, 3), (5, 70), (70, 5), (401, 307), (4200, 37), (37, 4200)]
        {
            for _ in 0..8 {
                let (a, x, y) = (Laid::draw(&mut draw, m, k), Laid::draw(&mut draw, k, 1), Laid::draw(&mut draw, m, 1));
                let factors = [[1.0, 0.0], [2.0, 3.0]][draw.below(2)];
                assert!(product(&simd, factors, &a, &x, &y) == product(&Reference, factors, &a, &x, &y), "{m}x{k}");
                let (x, y) = (Laid::draw(&mut draw, 1, m), Laid::draw(&mut draw, 1, k));
                assert!(product(&simd, factors, &x, &a, &y) == product(&Reference, factors, &x, &a, &y), "{m}x{k}");
            }
        }
    }
}

/// Every kind of kernel reads no C if beta is zero, no A or B if alpha is zero.
#[test]
fn nan_is_not_read() {
    for simd in levels() {
        for (m, k, n) in
            [(4, 4, 4), (17, 9, 30), (40, 300, 1), (1, 40, 300), (300, 40, 1), (70, 70, 70), (20, 300, 300)]
        {
            let (a, b) = (Array2::ones((m, k)), Array2::ones((k, n)));
            let mut c = Array2::from_elem((m, n), f64::NAN);
            matmul::matmul(&simd, 1.0, a.view(), b.view(), 0.0, c.view_mut(), OpThreads::ONE).unwrap();
            assert!(c.iter().all(|&x| x == k as f64), "{m}x{k}x{n}");
            let (a, b) = (Array2::from_elem((m, k), f64::NAN), Array2::from_elem((k, n), f64::NAN));
            matmul::matmul(&simd, 0.0, a.view(), b.view(), 2.0, c.view_mut(), OpThreads::ONE).unwrap();
            assert!(c.iter().all(|&x| x == 2.0 * k as f64), "{m}x{k}x{n}");
            matmul::matmul(&simd, 1.0, a.view(), b.view(), 0.0, c.view_mut(), OpThreads::ONE).unwrap();
            assert!(c.iter().all(|x| x.is_nan()), "{m}x{k}x{n}");
        }
    }
}

#[test]
fn one_view_as_both_factors() {
    let a = Array2::from_shape_fn((30, 30), |(i, j)| ((i * 3 + j) % 7) as f64 - 3.0);
    for simd in levels() {
        let (mut given, mut expected) = (Array2::zeros((30, 30)), Array2::zeros((30, 30)));
        matmul::matmul(&simd, 1.0, a.view(), a.view(), 0.0, given.view_mut(), OpThreads::ONE).unwrap();
        matmul::matmul(&Reference, 1.0, a.view(), a.view(), 0.0, expected.view_mut(), OpThreads::ONE).unwrap();
        assert!(given == expected);
    }
}

/// C of every product, with the memory around it.
fn batch(
    backend: &dyn Backend,
    laid: &[[Laid<f64>; 3]],
    [alpha, beta]: [f64; 2],
    threads: usize,
) -> Result<Vec<Array2<f64>>, Error> {
    let mut outputs: Vec<_> = laid.iter().map(|[_, _, c]| c.clone()).collect();
    let operands = laid.iter().zip(&mut outputs);
    let mut batch: Vec<_> =
        operands.map(|([a, b, _], c)| Product { a: a.view(), b: b.view(), c: c.view_mut() }).collect();
    matmul::matmul_batch(backend, alpha, &mut batch, beta, OpThreads::new(threads).unwrap())?;
    Ok(outputs.into_iter().map(|c| c.all).collect())
}

/// Runs of one shape, of one element and more, in changing layouts, between products of other kinds; enough that
/// threads share them.
#[test]
fn batches_of_mixed_shapes() {
    let mut draw = Draw(3);
    let mut laid = Vec::new();
    for (m, k, n) in
        [(4, 4, 4), (8, 8, 8), (0, 3, 2), (5, 0, 6), (16, 16, 16), (40, 1, 9), (1, 50, 7), (300, 20, 20), (60, 300, 90)]
    {
        for _ in 0..1 + draw.below(80) {
            laid.push([Laid::draw(&mut draw, m, k), Laid::draw(&mut draw, k, n), Laid::draw(&mut draw, m, n)]);
        }
        let alike = [Laid::draw(&mut draw, m, k), Laid::draw(&mut draw, k, n), Laid::draw(&mut draw, m, n)];
        laid.extend(std::iter::repeat_n(alike, draw.below(80)));
    }
    laid.rotate_left(200);
    for factors in [[1.0, 0.0], [-2.0, 3.0]] {
        let expected = batch(&Reference, &laid, factors, 1).unwrap();
        for simd in levels() {
            for threads in [1, 2, 3] {
                assert!(batch(&simd, &laid, factors, threads).unwrap() == expected, "{threads} threads");
            }
        }
    }
    assert_eq!(batch(&Simd::new(), &[], [1.0, 0.0], 2), Ok(Vec::new()));
}

/// All shapes are checked before anything is written.
#[test]
fn one_bad_shape_refuses_the_batch() {
    let mut draw = Draw(11);
    let mut laid: Vec<_> = (0..9).map(|_| std::array::from_fn(|_| Laid::draw(&mut draw, 6, 6))).collect();
    laid[7][1] = Laid::draw(&mut draw, 5, 6);
    let before: Vec<_> = laid.iter().map(|[_, _, c]| c.all.clone()).collect();
    let mut outputs: Vec<_> = laid.iter().map(|[_, _, c]| c.clone()).collect();
    let mut products: Vec<_> = laid
        .iter()
        .zip(&mut outputs)
        .map(|([a, b, _], c)| Product { a: a.view(), b: b.view(), c: c.view_mut() })
        .collect();
    let refused = matmul::matmul_batch(&Simd::new(), 1.0, &mut products, 0.0, OpThreads::ONE);
    assert!(matches!(refused, Err(Error::Shape { op: "matmul", .. })), "{refused:?}");
    assert!(outputs.iter().zip(before).all(|(c, before)| c.all == before));
}

/// Factors of one element, repeated over more steps of k than an i32 counts.
#[test]
fn a_broadcast_row_longer_than_i32() {
    let k = (1usize << 31) + 3;
    let one = Array2::from_elem((1, 1), 1.0);
    let (a, b) = (one.broadcast((1, k)).unwrap(), one.broadcast((k, 1)).unwrap());
    let mut c = Array2::zeros((1, 1));
    matmul::matmul(&Simd::new(), 1.0, a, b, 0.0, c.view_mut(), OpThreads::ONE).unwrap();
    assert_eq!(c.index_axis(Axis(0), 0)[0], k as f64);
}
