//! A batch of tasks, kept so that neighbours can be handed to a backend in one call.
//!
//! [`MatMul::matmul_batch`](gingham_core::MatMul::matmul_batch) takes a slice of products, so a batch that holds only
//! products is kept as one slice. (Building that slice for each call cost 10 ns a product on a Zen 4, more than it
//! saved with a backend whose batch is a loop.)

use std::ops::Range;

use gingham_core::{Product, Scalar, matmul};

use super::task::Task;
use crate::engine::Limited;
use crate::executor::{BoxError, TaskErrors};

/// Multiply-adds of the largest product that is handed over together with others. A call costs some 10 ns, which is
/// more than 1 % only of products up to 32 x 32, which take over 500 ns.
const SMALL: usize = 32 * 32 * 32;

/// The most products in one call: beyond this the cost of a call is negligible, and calls stay short enough to be
/// repeated to find a failed product.
const GROUP: usize = 64;

/// The tasks of a workload over the memory of their operands, ready to be run.
pub trait Tasks {
    /// The number of tasks.
    fn len(&self) -> usize;

    /// Whether that number is 0.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs the tasks of `range` once, spread as `on` spreads them.
    ///
    /// # Errors
    /// [`TaskErrors`], numbered from the start of the range on; all others have been done.
    fn run(&mut self, range: Range<usize>, on: &Limited<'_>) -> Result<(), TaskErrors> {
        let of = range.len();
        self.run_part(range, 0, of, on)
    }

    /// Runs the tasks of `part` as those from `place` on of a run of `of` tasks.
    ///
    /// # Errors
    /// [`TaskErrors`], numbered as those of the whole run.
    fn run_part(&mut self, part: Range<usize>, place: usize, of: usize, on: &Limited<'_>) -> Result<(), TaskErrors>;

    /// Does task `index` on the calling thread.
    ///
    /// # Errors
    /// The task's.
    fn once(&mut self, index: usize, on: &Limited<'_>) -> Result<(), BoxError>;
}

/// The tasks of a batch. Their outputs are disjoint, which the borrow checker sees to.
#[derive(Debug)]
pub enum Batch<'a, T> {
    /// Only products: small neighbours are computed in one call.
    Products(Vec<Product<'a, T>>),
    /// Any tasks: each is a call of its own.
    Tasks(Vec<Task<'a, T>>),
}

impl<'a, T> From<Vec<Task<'a, T>>> for Batch<'a, T> {
    fn from(tasks: Vec<Task<'a, T>>) -> Self {
        if !tasks.iter().all(|task| matches!(task, Task::MatMul(_))) {
            return Self::Tasks(tasks);
        }
        let product = |task| if let Task::MatMul(product) = task { Some(product) } else { None };
        Self::Products(tasks.into_iter().filter_map(product).collect())
    }
}

impl<T: Scalar> Tasks for Batch<'_, T> {
    fn len(&self) -> usize {
        match self {
            Self::Products(products) => products.len(),
            Self::Tasks(tasks) => tasks.len(),
        }
    }

    fn run_part(&mut self, part: Range<usize>, place: usize, _: usize, on: &Limited<'_>) -> Result<(), TaskErrors> {
        let done = match self {
            Self::Products(products) => multiply(&mut products[part], on),
            Self::Tasks(tasks) => {
                let (backend, tasks) = (on.backend(), &mut tasks[part]);
                let backend = backend.map_err(|error| TaskErrors::of_all(error.into(), tasks.len()))?;
                on.for_each_mut(tasks, |_, task| Ok(task.run(backend, on.op_threads())?))
            }
        };
        done.map_err(|errors| TaskErrors { index: place + errors.index, ..errors })
    }

    fn once(&mut self, index: usize, on: &Limited<'_>) -> Result<(), BoxError> {
        let (backend, threads) = (on.backend()?, on.op_threads());
        match self {
            Self::Products(products) => {
                let Product { a, b, c } = &mut products[index];
                Ok(matmul::matmul(backend, T::one(), *a, *b, T::zero(), c.view_mut(), threads)?)
            }
            Self::Tasks(tasks) => Ok(tasks[index].run(backend, threads)?),
        }
    }
}

/// `C <- A B` for every product, small neighbours in one call.
pub(crate) fn multiply<T: Scalar>(products: &mut [Product<'_, T>], on: &Limited<'_>) -> Result<(), TaskErrors> {
    let backend = on.backend().map_err(|error| TaskErrors::of_all(error.into(), products.len()))?;
    let threads = on.op_threads();
    // C is not read: a product that is computed twice, because another one of its call has failed, has the same result.
    let (one, zero) = (T::one(), T::zero());
    on.for_each_group_mut(products, group, |_, products| match products {
        [p] => Ok(matmul::matmul(backend, one, p.a, p.b, zero, p.c.view_mut(), threads)?),
        many => Ok(matmul::matmul_batch(backend, one, many, zero, threads)?),
    })
}

/// How many of `products`, from the first on, make one call.
fn group<T>(products: &[Product<'_, T>]) -> usize {
    let is_small = |p: &&Product<'_, T>| {
        let ((m, n), k) = (p.c.dim(), p.a.ncols());
        m.saturating_mul(n).saturating_mul(k) <= SMALL
    };
    products.iter().take(GROUP).take_while(is_small).count()
}

#[cfg(test)]
mod tests {
    use gingham_core::ndarray::Array2;

    use super::*;

    #[test]
    fn small_neighbours_make_a_call_and_large_products_are_alone() {
        let (small, large) = (Array2::<f64>::eye(32), Array2::<f64>::eye(33));
        let groups = |sizes: &[(&Array2<f64>, usize)]| {
            let all = sizes.iter().flat_map(|&(a, count)| (0..count).map(move |_| a));
            let mut out: Vec<_> = all.clone().map(|a| Array2::<f64>::zeros(a.dim())).collect();
            let products: Vec<_> =
                all.zip(&mut out).map(|(a, c)| Product { a: a.view(), b: a.view(), c: c.view_mut() }).collect();
            group(&products)
        };
        assert_eq!(groups(&[(&small, 3), (&large, 1), (&small, 1)]), 3);
        assert_eq!(groups(&[(&large, 1), (&small, 1)]), 0);
        assert_eq!(groups(&[(&small, GROUP + 1)]), GROUP);
    }
}
