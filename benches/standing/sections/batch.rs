//! Many small products in one call, in L2 and from memory: ahead of NumPy's stacked product and of the best rival
//! called in a loop.

use std::cell::RefCell;

use gingham::core::ndarray::{ArrayView2, ArrayViewMut2};
use gingham::core::{Op, OpThreads, Product, matmul};

use crate::contest::integers;
use crate::definitions::{Batch, Rows};
use crate::memory::{Buffer, PERIOD};
use crate::peers::{Element, Matrices, Peer};
use crate::product::is_product;
use crate::rounds::Side;
use crate::sections::fma;
use crate::standing::{Row, Standing, Unit};
use crate::verdict::Goal;

pub(super) fn run(standing: &Standing, of: &Rows<Batch>) {
    for &Batch { ref place, count, n, goal } in &of.rows {
        let name = format!("batch/{place}/{n}");
        if standing.wants(&name, 2.0 * (count * n.pow(3)) as f64) {
            row::<f64>(standing, name, count, n, goal);
        }
    }
}

fn row<T: Element>(standing: &Standing, name: String, count: usize, n: usize, goal: Goal) {
    let len = count * n * n;
    let operand = |seed| Buffer::<T>::repeating(&integers(len.min(PERIOD), seed), len);
    let (a, b) = (operand(1), operand(2));
    // Peers write to a result of their own, as slices: to make slices of views would cost some of them a tenth.
    let (mut c, peers_c) = (Buffer::<T>::new(len), RefCell::new(Buffer::<T>::new(len)));
    let factors = || a.chunks_exact(n * n).zip(b.chunks_exact(n * n));
    let product = |((a, b), c)| Product {
        a: square(a, n),
        b: square(b, n),
        c: ArrayViewMut2::from_shape((n, n), c).expect("n n elements"),
    };
    let batch = RefCell::new(factors().zip(c.chunks_exact_mut(n * n)).map(product).collect::<Vec<_>>());

    let ours = Side::new("simd", || {
        let done = matmul::matmul_batch(standing.ours(), T::one(), &mut batch.borrow_mut(), T::zero(), OpThreads::ONE);
        done.unwrap_or_else(|error| panic!("{error}"));
    });
    let poison = || batch.borrow_mut().iter_mut().for_each(|product| product.c.fill(T::nan()));
    let is_right = || batch.borrow().iter().all(|product| is_product(product.a, product.b, product.c.view()));
    let Some(ours) = standing.verified(ours, poison, is_right) else { return };

    let backends = standing.rivals(Op::MatMul, T::DTYPE).filter_map(|backend| {
        let side = Side::new(backend.info().id, || {
            for Product { a, b, c } in batch.borrow_mut().iter_mut() {
                let done = matmul::matmul(backend, T::one(), *a, *b, T::zero(), c.view_mut(), OpThreads::ONE);
                done.unwrap_or_else(|error| panic!("{error}"));
            }
        });
        standing.verified(side, poison, is_right)
    });
    let mut rivals: Vec<Side<'_>> = backends.collect();
    let are_right = |c: &[T]| {
        let mut products = factors().zip(c.chunks_exact(n * n));
        products.all(|((a, b), c)| is_product(square(a, n), square(b, n), square(c, n)))
    };
    rivals.extend(standing.peers.iter().filter_map(|peer| {
        let peer: &dyn Peer = &**peer;
        let side = Side::new(peer.name(), || {
            for ((a, b), c) in factors().zip(peers_c.borrow_mut().chunks_exact_mut(n * n)) {
                T::multiply(peer, Matrices { m: n, k: n, n, a, b, c });
            }
        });
        standing.verified(side, || peers_c.borrow_mut().fill(T::nan()), || are_right(&peers_c.borrow()))
    }));
    let is_right = |out: &[T]| out.len() == len.min(PERIOD) && are_right(out);
    rivals.extend(standing.numpy("matmul", &[count, n, n], &[&a, &b], is_right));
    let (work, ceiling) = (2.0 * (count * n.pow(3)) as f64, Some(fma(T::DTYPE)));
    standing.row(Row { name, work, unit: Unit::Flop, ceiling, threads: 1, goal, ours, rivals });
}

fn square<T>(elements: &[T], n: usize) -> ArrayView2<'_, T> {
    ArrayView2::from_shape((n, n), elements).expect("n n elements")
}
