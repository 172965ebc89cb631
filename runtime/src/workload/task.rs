//! A task: one operation with its operands, as data.

use gingham_core::{
    Backend, Binary, Distribution, Error, OpThreads, Product, Scalar, Stream, Unary, dot, elementwise, fill, matmul,
    random,
};
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};

/// One operation with its operands. The outputs of a batch are disjoint, which the borrow checker sees to.
#[derive(Debug)]
pub enum Task<'a, T> {
    /// `C <- A B`
    MatMul(Product<'a, T>),
    /// `out <- sum x_i y_i`
    Dot {
        /// One vector.
        x: ArrayView1<'a, T>,
        /// The other, of the same length.
        y: ArrayView1<'a, T>,
        /// Where the sum goes.
        out: &'a mut T,
    },
    /// `out_i <- value`
    Fill {
        /// The value.
        value: T,
        /// The array to fill.
        out: ArrayViewMut2<'a, T>,
    },
    /// `out_i <- f(x_i)`; without an `x`, `out_i <- f(out_i)`
    Unary {
        /// The function.
        f: Unary,
        /// Its argument.
        x: Option<ArrayView2<'a, T>>,
        /// Of the same shape.
        out: ArrayViewMut2<'a, T>,
    },
    /// `out_i <- f(x_i, y_i)`; without an `x`, `out_i <- f(out_i, y_i)`
    Binary {
        /// The function.
        f: Binary,
        /// Its first argument.
        x: Option<ArrayView2<'a, T>>,
        /// Its second argument.
        y: ArrayView2<'a, T>,
        /// Of the same shape.
        out: ArrayViewMut2<'a, T>,
    },
    /// `out_i <- element i of the stream`
    Random {
        /// How its elements are distributed.
        distribution: Distribution,
        /// The stream, from the element on that comes first.
        stream: Stream,
        /// The array to fill.
        out: ArrayViewMut2<'a, T>,
    },
}

impl<T: Scalar> Task<'_, T> {
    /// Does it on `backend`, through the checked entry of its family.
    ///
    /// # Errors
    /// As the checked entry.
    pub fn run(&mut self, backend: &dyn Backend, threads: OpThreads) -> Result<(), Error> {
        match self {
            Self::MatMul(p) => matmul::matmul(backend, T::one(), p.a, p.b, T::zero(), p.c.view_mut(), threads),
            Self::Dot { x, y, out } => dot::dot(backend, *x, *y, threads).map(|sum| **out = sum),
            Self::Fill { value, out } => fill::fill(backend, *value, out.view_mut(), threads),
            Self::Unary { f, x, out } => elementwise::unary(backend, *f, *x, out.view_mut(), threads),
            Self::Binary { f, x, y, out } => elementwise::binary(backend, *f, *x, *y, out.view_mut(), threads),
            Self::Random { distribution, stream, out } => {
                random::random(backend, *distribution, *stream, out.view_mut(), threads)
            }
        }
    }
}
