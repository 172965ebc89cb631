//! Many products in one call: the level is chosen once for all, and shapes and strides are examined once for each run
//! of products that share them.

use std::sync::{Mutex, PoisonError};

use gingham_core::{Error, OpThreads, Product};

use super::limits::parts;
use super::operands::Operands;
use super::{column, direct, large};
use crate::arch::Vectors;
use crate::level::Available;
use crate::team;
use crate::vector::{Kernel, Vector};

/// Pieces of the batch for each thread, so that the others can do a part of a late thread's share.
const PIECES: usize = 4;

/// Products that are examined before they are computed: few enough that L1 still holds what was read of them.
const AHEAD: usize = 32;

/// `C <- alpha A B + beta C` for each product of the batch. The threads share the batch.
pub(super) fn products<T: Vectors>(
    level: Available,
    alpha: T,
    batch: &mut [Product<'_, T>],
    beta: T,
    threads: OpThreads,
) -> Result<(), Error> {
    let work = |p: &Product<'_, T>| p.a.len().saturating_mul(p.b.ncols());
    let total = batch.first().map_or(0, work).saturating_mul(batch.len());
    let parts = parts(total, threads);
    if parts == 1 || batch.len() < parts {
        return level.run(Run { level, alpha, batch, beta, threads });
    }
    let piece = batch.len().div_ceil(parts * PIECES);
    let refused = Mutex::new(Ok(()));
    team::share(parts, batch.chunks_mut(piece), |batch| {
        let done = level.run(Run { level, alpha, batch, beta, threads: OpThreads::ONE });
        if done.is_err() {
            *refused.lock().unwrap_or_else(PoisonError::into_inner) = done;
        }
    });
    refused.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Products that one thread hands to the kernels.
struct Run<'a, 'p, T> {
    level: Available,
    alpha: T,
    batch: &'a mut [Product<'p, T>],
    beta: T,
    threads: OpThreads,
}

impl<T: Vectors> Kernel<T> for Run<'_, '_, T> {
    type Output = Result<(), Error>;

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) -> Result<(), Error> {
        let Self { level, alpha, batch, beta, threads } = self;
        let mut done = 0;
        while let Some((first, rest)) = batch[done..].split_first_mut() {
            if column::product(level, alpha, &first.a, &first.b, beta, &mut first.c) {
                done += 1;
                continue;
            }
            let operands = Operands::new(alpha, &first.a, &first.b, beta, &mut first.c);
            if !operands.are_direct(threads) {
                large::product(level, alpha, first.a, first.b, beta, first.c.view_mut(), threads)?;
                done += 1;
                continue;
            }
            let mut origins = [operands.origins(); AHEAD];
            let mut count = 1;
            for (origins, next) in origins[1..].iter_mut().zip(rest) {
                if !alike(first, next) {
                    break;
                }
                *origins = operands.origins_of(next);
                count += 1;
            }
            // SAFETY: the caller answers for V, the views for their elements, which are strided as the first one's.
            unsafe { direct::products::<V>(&operands, &origins[..count])? };
            done += count;
        }
        Ok(())
    }
}

/// Whether two products have the same shapes and strides.
#[inline(always)]
fn alike<T>(p: &Product<'_, T>, q: &Product<'_, T>) -> bool {
    p.a.raw_dim() == q.a.raw_dim()
        && p.b.raw_dim() == q.b.raw_dim()
        && p.c.raw_dim() == q.c.raw_dim()
        && p.a.strides() == q.a.strides()
        && p.b.strides() == q.b.strides()
        && p.c.strides() == q.c.strides()
}
