//! The limits that several ways of computing a product share.

use gingham_core::OpThreads;

/// Steps of k up to which a product may be computed where it lies: L1 holds a panel of A and one of B of this length.
///
/// The blocked product never cuts k into shorter pieces, so direct and blocked products add up in the same order. The
/// result does not depend on the choice between them, nor on the number of op threads, which influences it.
pub(super) const DIRECT_STEPS: usize = 256;

/// Bytes of A up to which [`super::column`] or [`super::direct`] computes a product with a single column.
pub(super) const NEAR_BYTES: usize = 64 << 10;

/// Multiply-adds below which a second thread does not pay: one core of 100 GF/s takes some 40 us for them, as long as a
/// thread takes to start.
const LEAST_WORK: usize = 1 << 21;

/// Threads, at most `threads`, that have enough to do with `work` multiply-adds.
#[inline(always)]
pub(super) fn parts(work: usize, threads: OpThreads) -> usize {
    threads.get().min(work / LEAST_WORK).max(1)
}
