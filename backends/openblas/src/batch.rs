//! Many small products in one call of `cblas_sgemm_batch` or `cblas_dgemm_batch`. 0.3.34 has these functions, 0.3.21
//! lacks them: they are looked up in the loaded library, and without them a batch is a loop.
//!
//! Products that follow each other with one [`Shape`] make a group, and a call takes one group. The interface also
//! takes several groups, but that would cost lists of sizes and factors for each call.

use std::ffi::c_int;

use cblas_sys::CblasRowMajor;
use gingham_core::OpThreads;

use crate::call::{Blas, Call, GemmBatch, Shape};

/// The most products in one call: enough to make its cost negligible, while their pointers fit on the stack.
const MOST: usize = 64;

/// With products of fewer multiply-adds than this, the library's own threads lose. Measured with 0.3.34 (Zen 4): on one
/// thread a call is 1.3 times as fast as a loop over n = 4, 1.09 over n = 8, 1.05 over n = 16 and the same from n = 32
/// on. On two threads it is 0.03, 0.05, 0.18 and 0.87 times as fast as the loop for these, and 1.6 and 1.8 times for n
/// = 64 and 128.
const LARGE: f64 = 48.0 * 48.0 * 48.0;

impl Shape {
    /// Whether the library's call beats a loop for products like this on so many threads.
    pub(crate) fn pays(&self, threads: OpThreads) -> bool {
        threads == OpThreads::ONE || self.sizes.into_iter().map(f64::from).product::<f64>() >= LARGE
    }
}

/// Products of one shape and of common factors that wait for their call.
pub(crate) struct Group<T> {
    batch: GemmBatch<T>,
    alpha: T,
    beta: T,
    shape: Option<Shape>,
    len: usize,
    a: [*const T; MOST],
    b: [*const T; MOST],
    c: [*mut T; MOST],
}

impl<T: Blas> Group<T> {
    /// An empty group.
    pub(crate) fn new(batch: GemmBatch<T>, alpha: T, beta: T) -> Self {
        let (inputs, outputs) = ([std::ptr::null(); MOST], [std::ptr::null_mut(); MOST]);
        Self { batch, alpha, beta, shape: None, len: 0, a: inputs, b: inputs, c: outputs }
    }

    /// Adds `call`, after it has made those before if `call` does not fit them.
    ///
    /// # Safety
    /// `call` may be made until [`Group::flush`] returns, and so may all others together with it.
    pub(crate) unsafe fn push(&mut self, call: Call<T>) {
        if self.shape != Some(call.shape) || self.len == MOST {
            // SAFETY: the caller's, for each call that was added before.
            unsafe { self.flush() };
        }
        self.shape = Some(call.shape);
        (self.a[self.len], self.b[self.len], self.c[self.len]) = (call.a, call.b, call.c);
        self.len += 1;
    }

    /// Makes the calls that were added.
    ///
    /// # Safety
    /// Each call that was added may still be made.
    pub(crate) unsafe fn flush(&mut self) {
        let (Some(shape), len) = (self.shape.take(), std::mem::take(&mut self.len)) else { return };
        if len == 1 {
            let call = Call { shape, a: self.a[0], b: self.b[0], c: self.c[0] };
            // SAFETY: the caller's.
            return unsafe { call.make(self.alpha, self.beta) };
        }
        let [ta, tb] = &shape.transpositions();
        let Shape { sizes: [m, n, k], leading: [lda, ldb, ldc], .. } = &shape;
        let Self { batch, alpha, beta, a, b, c, .. } = self;
        let (a, b, c, size) = (a.as_ptr(), b.as_ptr(), c.as_ptr(), len as c_int);
        // SAFETY: one group, of which each list has one entry; `len` products, whose lists have as many; the caller
        // vouches for what they point to.
        unsafe { batch(CblasRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, 1, &size) };
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::slice::from_raw_parts;

    use cblas_sys::{CBLAS_LAYOUT, CBLAS_TRANSPOSE, cblas_dgemm};
    use gingham_core::ndarray::{Array2, s};
    use gingham_core::reference::Reference;
    use gingham_core::{MatMul, Product};

    use super::*;
    use crate::matmul::products;

    thread_local! {
        static CALLS: Cell<usize> = const { Cell::new(0) };
    }

    /// The same as the library's function, by the function that every version has.
    unsafe extern "C" fn stand_in(
        layout: CBLAS_LAYOUT,
        ta: *const CBLAS_TRANSPOSE,
        tb: *const CBLAS_TRANSPOSE,
        m: *const c_int,
        n: *const c_int,
        k: *const c_int,
        alpha: *const f64,
        a: *const *const f64,
        lda: *const c_int,
        b: *const *const f64,
        ldb: *const c_int,
        beta: *const f64,
        c: *const *mut f64,
        ldc: *const c_int,
        groups: c_int,
        sizes: *const c_int,
    ) {
        CALLS.set(CALLS.get() + 1);
        assert_eq!(groups, 1);
        // SAFETY: one group; its size says how many products there are.
        unsafe {
            let len = *sizes as usize;
            let (a, b, c) = (from_raw_parts(a, len), from_raw_parts(b, len), from_raw_parts(c, len));
            for i in 0..len {
                cblas_dgemm(layout, *ta, *tb, *m, *n, *k, *alpha, a[i], *lda, b[i], *ldb, *beta, c[i], *ldc);
            }
        }
    }

    /// Columns of `rows` x `columns` numbers that start at `seed`, in one of the layouts that BLAS takes (0: rows with
    /// a gap, 1: columns with a gap) or in one that it does not.
    fn matrix((rows, columns): (usize, usize), layout: usize, seed: usize) -> Array2<f64> {
        let number = |(i, j): (usize, usize)| ((i * 7 + j * 5 + seed) % 13) as f64 - 6.0;
        let gap = |(i, j), wide: Array2<f64>| wide.slice_move(s![..i, ..j]);
        match layout {
            0 => gap((rows, columns), Array2::from_shape_fn((rows, columns + 3), number)),
            1 => gap((columns, rows), Array2::from_shape_fn((columns, rows + 3), number)).reversed_axes(),
            _ => Array2::from_shape_fn((rows, 2 * columns), number).slice_move(s![.., ..;2]),
        }
    }

    /// Products of these shapes in these layouts are right, and take so many calls of the library's function.
    fn check(shapes: &[(usize, usize, usize, usize)], calls: usize) {
        let all = || (0..).zip(shapes);
        let a: Vec<_> = all().map(|(i, &(m, _, k, layout))| matrix((m, k), layout, i)).collect();
        let b: Vec<_> = all().map(|(i, &(_, n, k, layout))| matrix((k, n), layout, i + 5)).collect();
        let mut c: Vec<_> = all().map(|(i, &(m, n, _, layout))| matrix((m, n), layout, i + 9)).collect();
        let mut expected = c.clone();
        let batch = |c: &mut [Array2<f64>], run: &dyn Fn(&mut [Product<'_, f64>])| {
            let operands = a.iter().zip(&b).zip(c);
            run(&mut operands
                .map(|((a, b), c)| Product { a: a.view(), b: b.view(), c: c.view_mut() })
                .collect::<Vec<_>>());
        };
        let made = Cell::new(0);
        batch(&mut c, &|list| {
            let before = CALLS.get();
            products(Some(stand_in), 2.0, list, -1.0, OpThreads::ONE).expect("small");
            made.set(CALLS.get() - before);
        });
        batch(&mut expected, &|list| {
            Reference.matmul_batch(2.0, list, -1.0, OpThreads::ONE).expect("the reference refuses nothing");
        });
        assert!(c == expected, "{shapes:?}");
        assert_eq!(made.get(), calls, "{shapes:?}");
    }

    #[test]
    fn neighbours_of_one_shape_share_a_call() {
        check(&[(3, 5, 4, 0); 10], 1);
        check(&[(3, 5, 4, 1); 10], 1);
        check(&[(3, 5, 4, 2); 10], 0);
        check(&[(8, 8, 8, 0); 2 * MOST + 3], 3);
        // A column-major product is the row-major product of the transposes.
        check(&[(8, 8, 8, 0), (8, 8, 8, 0), (8, 8, 8, 1), (8, 8, 8, 1)], 1);
        // Only pairs are worth a call; empty or copied products do not interrupt a group.
        let (x, other) = ((3, 5, 4, 0), (2, 2, 2, 0));
        check(&[x, x, other, x, (0, 3, 2, 0), x, (4, 4, 0, 0), (6, 2, 3, 2), x, other], 2);
        check(&[], 0);
    }

    #[test]
    fn more_threads_pay_for_large_products_only() {
        let pays = |n, threads| {
            let shape = Shape { is_transposed: [false; 2], sizes: [n; 3], leading: [n; 3] };
            shape.pays(OpThreads::new(threads).expect("small"))
        };
        assert!(pays(4, 1) && !pays(32, 2) && pays(64, 2));
    }
}
