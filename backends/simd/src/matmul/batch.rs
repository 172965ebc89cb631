//! Many products in one call: one choice of level for all of them, and one decision for each.

use gingham_core::{Error, OpThreads, Product};

use super::operands::Operands;
use super::{direct, other};
use crate::level::Available;
use crate::team;
use crate::vector::{Element, Kernel, Vector};

/// Multiply-adds below which a second thread does not pay: some 40 us on one core of 100 GF/s, the time that a thread
/// takes to start.
const LEAST: usize = 1 << 21;

/// `C <- alpha A B + beta C` for each product of the batch, which the threads share.
pub(super) fn products<T: Element>(
    level: Available,
    alpha: T,
    batch: &mut [Product<'_, T>],
    beta: T,
    threads: OpThreads,
) -> Result<(), Error> {
    level.run(Run { level, alpha, batch, beta })
}

/// Products that one thread computes.
struct Run<'a, 'p, T> {
    level: Available,
    alpha: T,
    batch: &'a mut [Product<'p, T>],
    beta: T,
}

impl<T: Element> Kernel<T> for Run<'_, '_, T> {
    type Output = Result<(), Error>;

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) -> Result<(), Error> {
        for product in self.batch {
            let operands = Operands::new(self.alpha, &product.a, &product.b, self.beta, &mut product.c);
            if operands.are_direct() {
                // SAFETY: the caller answers for V, the views for their elements.
                unsafe { direct::one::<V>(&operands)? };
            } else {
                other(self.level, self.alpha, product.a, product.b, self.beta, product.c.view_mut(), OpThreads::ONE)?;
            }
        }
        Ok(())
    }
}
