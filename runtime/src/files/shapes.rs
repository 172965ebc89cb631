//! The shape of a product of two arrays, by the rules of `numpy.matmul`.
//!
//! A vector is a row on the left and a column on the right, and its axis is not in the product. An array of three axes
//! is a stack of matrices along the first; a matrix, or a stack of one, goes with every matrix of the other side.

use ndarray::{ArrayD, ArrayView2, ArrayView3, Axis, Ix3};

use super::Problem;

/// The shapes of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shapes {
    /// Matrices in the stack; 1 without a stack.
    pub(super) stack: usize,
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) n: usize,
    /// The shape of the product's file.
    pub(super) out: Vec<usize>,
}

impl Shapes {
    /// Of the product of arrays of the shapes `lhs` and `rhs`.
    ///
    /// # Errors
    /// [`Problem::Axes`], [`Problem::Shapes`].
    pub(super) fn of(lhs: &[usize], rhs: &[usize]) -> Result<Self, Problem> {
        let unfit = || Problem::Shapes { lhs: lhs.into(), rhs: rhs.into() };
        // The length of one side's stack (if it is a stack), and the rows and columns of its matrices.
        let matrices = |shape: &[usize], vector: fn(usize) -> [usize; 2]| match *shape {
            [length] => Ok((None, vector(length))),
            [rows, columns] => Ok((None, [rows, columns])),
            [stack, rows, columns] => Ok((Some(stack), [rows, columns])),
            _ => Err(Problem::Axes(shape.into())),
        };
        let (left_stack, [m, k]) = matrices(lhs, |k| [1, k])?;
        let (right_stack, [right_k, n]) = matrices(rhs, |k| [k, 1])?;
        let stack = match (left_stack, right_stack) {
            (None, None) => None,
            (Some(stack), None | Some(1)) | (None | Some(1), Some(stack)) => Some(stack),
            (Some(left), Some(right)) if left == right => Some(left),
            _ => return Err(unfit()),
        };
        if k != right_k {
            return Err(unfit());
        }
        let rows = (lhs.len() > 1).then_some(m);
        let columns = (rhs.len() > 1).then_some(n);
        let out = stack.into_iter().chain(rows).chain(columns).collect();
        Ok(Self { stack: stack.unwrap_or(1), m, k, n, out })
    }

    /// Elements of the product; `None` if their number does not fit a word.
    pub(super) fn product(&self) -> Option<usize> {
        self.stack.checked_mul(self.m)?.checked_mul(self.n)
    }

    /// Floating-point operations, 2 m k n for each matrix of the stack.
    pub(super) fn flops(&self) -> f64 {
        2.0 * [self.stack, self.m, self.k, self.n].map(|length| length as f64).iter().product::<f64>()
    }
}

/// The factors as stacks of matrices: a vector is a row on the left and a column on the right.
pub(super) fn stacks<'a, T>(a: &'a ArrayD<T>, b: &'a ArrayD<T>) -> [ArrayView3<'a, T>; 2] {
    [(a, Axis(0)), (b, Axis(1))].map(|(array, of_vector)| {
        let mut view = array.view();
        if view.ndim() == 1 {
            view.insert_axis_inplace(of_vector);
        }
        while view.ndim() < 3 {
            view.insert_axis_inplace(Axis(0));
        }
        view.into_dimensionality::<Ix3>().expect("three axes")
    })
}

/// The matrix that takes part in product `i` of the stack.
pub(super) fn matrix<'a, T>(stack: &ArrayView3<'a, T>, i: usize) -> ArrayView2<'a, T> {
    let i = if stack.len_of(Axis(0)) == 1 { 0 } else { i };
    (*stack).index_axis_move(Axis(0), i)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `numpy.matmul(numpy.zeros(lhs), numpy.zeros(rhs)).shape` has it.
    #[test]
    fn shapes_are_those_of_numpy() {
        for (lhs, rhs, out) in [
            (&[2, 3][..], &[3, 4][..], &[2, 4][..]),
            (&[3], &[3, 4], &[4]),
            (&[2, 3], &[3], &[2]),
            (&[3], &[3], &[]),
            (&[5, 2, 3], &[5, 3, 4], &[5, 2, 4]),
            (&[5, 2, 3], &[1, 3, 4], &[5, 2, 4]),
            (&[1, 2, 3], &[5, 3, 4], &[5, 2, 4]),
            (&[1, 2, 3], &[0, 3, 4], &[0, 2, 4]),
            (&[5, 2, 3], &[3, 4], &[5, 2, 4]),
            (&[2, 3], &[5, 3, 4], &[5, 2, 4]),
            (&[5, 2, 3], &[3], &[5, 2]),
            (&[3], &[5, 3, 4], &[5, 4]),
            (&[1, 2, 3], &[3, 4], &[1, 2, 4]),
            (&[0, 3], &[3, 0], &[0, 0]),
        ] {
            let shapes = Shapes::of(lhs, rhs).expect("a product");
            assert_eq!(shapes.out, out, "{lhs:?} x {rhs:?}");
            assert_eq!(shapes.product(), Some(out.iter().product()), "{lhs:?} x {rhs:?}");
            let (a, b) = (ArrayD::<f64>::zeros(lhs), ArrayD::<f64>::zeros(rhs));
            let [left, right] = stacks(&a, &b);
            for i in 0..shapes.stack {
                assert_eq!(matrix(&left, i).dim(), (shapes.m, shapes.k), "{lhs:?} x {rhs:?}");
                assert_eq!(matrix(&right, i).dim(), (shapes.k, shapes.n), "{lhs:?} x {rhs:?}");
            }
        }
    }

    #[test]
    fn what_numpy_refuses_is_refused() {
        for (lhs, rhs) in [
            (&[2, 3][..], &[4, 5][..]),
            (&[3], &[4]),
            (&[3, 1], &[3]),
            (&[5, 2, 3], &[4, 3, 4]),
            (&[5, 2, 3], &[5, 4, 4]),
            (&[0, 2, 3], &[5, 3, 4]),
        ] {
            assert!(matches!(Shapes::of(lhs, rhs), Err(Problem::Shapes { .. })), "{lhs:?} x {rhs:?}");
        }
        for (lhs, rhs) in [(&[][..], &[3][..]), (&[3], &[]), (&[1, 1, 2, 3], &[3, 4])] {
            assert!(matches!(Shapes::of(lhs, rhs), Err(Problem::Axes { .. })), "{lhs:?} x {rhs:?}");
        }
    }
}
