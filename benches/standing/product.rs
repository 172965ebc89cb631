//! One matrix product, and its sides.
//!
//! Operands are small integers, so that every order of summation gives the same bits. A result is verified by
//! multiplying it with a vector: `C x = A (B x)`, exactly (R. Freivalds, Probabilistic machines can use less running
//! time, 1977). No element of the vector is 0, so that no single wrong element escapes.

use std::cell::RefCell;
use std::time::Instant;

use gingham::core::ndarray::{ArrayView1, ArrayView2, ArrayViewMut2, ShapeBuilder};
use gingham::core::{Backend, Op, OpThreads, matmul};

use crate::contest::integers;
use crate::memory::{Buffer, PERIOD};
use crate::peers::{Element, Matrices, Peer};
use crate::rounds::Side;
use crate::standing::Standing;

/// Which operands of a product are stored by columns.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ByColumns {
    pub(crate) a: bool,
    pub(crate) b: bool,
    pub(crate) c: bool,
}

/// C <- A B: A is m x k, B is k x n.
pub(crate) struct Product<T> {
    m: usize,
    k: usize,
    n: usize,
    by_columns: ByColumns,
    a: Buffer<T>,
    b: Buffer<T>,
    c: RefCell<Buffer<T>>,
}

impl<T: Element> Product<T> {
    pub(crate) fn new([m, k, n]: [usize; 3], by_columns: ByColumns) -> Self {
        let operand = |len: usize, seed| {
            let period = integers(len.min(PERIOD - 1), seed); // an odd period: rows differ
            Buffer::repeating(&period, len)
        };
        let (a, b) = (operand(m * k, 1), operand(k * n, 2));
        Self { m, k, n, by_columns, a, b, c: RefCell::new(Buffer::new(m * n)) }
    }

    /// `backend` with `threads` op threads, through the checked entry.
    pub(crate) fn side<'a>(&'a self, backend: &'a dyn Backend, threads: OpThreads) -> Side<'a> {
        let time = move |calls: u64| {
            // Views are made before the call, not by it, since our callers have views, as the peers' callers have
            // slices.
            let (a, b) = self.operands();
            let mut c = self.c.borrow_mut();
            let mut c = self.result(&mut c);
            let start = Instant::now();
            for _ in 0..calls {
                matmul::matmul(backend, T::one(), a, b, T::zero(), c.view_mut(), threads)
                    .unwrap_or_else(|error| panic!("{error}"));
            }
            start.elapsed().as_secs_f64()
        };
        Side { name: backend.info().id.into(), first: 0.0, time: Box::new(time) }
    }

    /// All other sides whose result is right, on one thread, with all operands stored by rows.
    pub(crate) fn rivals<'a>(&'a self, standing: &'a Standing) -> Vec<Side<'a>> {
        let backends = standing.rivals(Op::MatMul, T::DTYPE).map(|backend| self.side(backend, OpThreads::ONE));
        let sides = backends.chain(standing.peers.iter().map(|peer| self.peer(&**peer)));
        sides.filter_map(|side| self.verified(standing, side)).collect()
    }

    fn peer<'a>(&'a self, peer: &'a dyn Peer) -> Side<'a> {
        Side::new(peer.name(), move || {
            let c = &mut self.c.borrow_mut();
            T::multiply(peer, Matrices { m: self.m, k: self.k, n: self.n, a: &self.a, b: &self.b, c });
        })
    }

    /// `side` if its result is right; otherwise a message names it.
    pub(crate) fn verified<'a>(&self, standing: &Standing, side: Side<'a>) -> Option<Side<'a>> {
        let is_right = || {
            let (a, b) = self.operands();
            is_product(a, b, self.result(&mut self.c.borrow_mut()).view())
        };
        standing.verified(side, || self.c.borrow_mut().fill(T::nan()), is_right)
    }

    fn operands(&self) -> (ArrayView2<'_, T>, ArrayView2<'_, T>) {
        (view(&self.a, [self.m, self.k], self.by_columns.a), view(&self.b, [self.k, self.n], self.by_columns.b))
    }

    fn result<'a>(&self, c: &'a mut Buffer<T>) -> ArrayViewMut2<'a, T> {
        let shape = (self.m, self.n).set_f(self.by_columns.c);
        ArrayViewMut2::from_shape(shape, c).expect("C has m n elements")
    }
}

fn view<T>(elements: &[T], [rows, columns]: [usize; 2], by_columns: bool) -> ArrayView2<'_, T> {
    ArrayView2::from_shape((rows, columns).set_f(by_columns), elements).expect("as many elements as the shape has")
}

/// Whether `c` is the product of `a` and `b`, which hold small integers.
pub(crate) fn is_product<T: Element>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>, c: ArrayView2<'_, T>) -> bool {
    let times = |matrix: ArrayView2<'_, T>, x: &[f64]| -> Vec<f64> {
        let row = |row: ArrayView1<'_, T>| row.iter().zip(x).map(|(&e, x)| e.into_f64() * x).sum();
        matrix.rows().into_iter().map(row).collect()
    };
    let x: Vec<f64> = integers::<f64>(b.ncols(), 3).into_iter().map(|x| 4096.0 * x + 1.0).collect();
    times(c, &x) == times(a, &times(b, &x))
}
