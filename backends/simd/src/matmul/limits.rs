//! The limits that more than one way of computing a product knows.

use gingham_core::OpThreads;

/// Steps of k up to which a product is computed where it lies: a panel of A and one of B, this long, are in L1
/// together.
///
/// The blocked product never cuts k into pieces shorter than this. Direct and blocked products therefore add up in the
/// same order, and the result does not depend on which is chosen, nor, through that, on the number of op threads.
pub(super) const DIRECT_STEPS: usize = 256;

/// Bytes of A up to which a product with a single column is computed by rows side by side ([`super::column`]), or where
/// it lies.
pub(super) const NEAR_BYTES: usize = 64 << 10;

/// Multiply-adds below which a second thread does not pay: some 40 us on one core of 100 GF/s, the time that a thread
/// takes to start.
const LEAST_WORK: usize = 1 << 21;

/// Threads, at most `threads`, that have enough to do with `work` multiply-adds.
#[inline(always)]
pub(super) fn parts(work: usize, threads: OpThreads) -> usize {
    threads.get().min(work / LEAST_WORK).max(1)
}
