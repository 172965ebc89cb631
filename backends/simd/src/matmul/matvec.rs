//! The product with a single column: as fast as A can be read.

use gingham_core::Error;
use gingham_core::ndarray::{ArrayView2, ArrayViewMut2};

use super::split;
use crate::level::Available;
use crate::vector::Element;

/// `y <- alpha A x + beta y`.
pub(super) fn product<T: Element>(
    level: Available,
    alpha: T,
    a: ArrayView2<'_, T>,
    x: ArrayView2<'_, T>,
    beta: T,
    y: ArrayViewMut2<'_, T>,
    threads: usize,
) -> Result<(), Error> {
    let (a, b, c) = super::upright(a, x, y);
    split::product(level, alpha, a, b, beta, c, threads)
}
