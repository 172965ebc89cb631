//! The product on several threads if C is too small to be cut: k is cut into chunks, each a product of its own, whose
//! results are added up.
//!
//! If a C of 64 x 64 were cut in two, both threads would pack all of A or all of B, which is half of everything they
//! read. The shape alone decides the chunks and the order of the additions, so the result does not depend on the number
//! of threads.

use gingham_core::ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder, s};
use gingham_core::{Error, OpThreads};

use super::blocking::{Blocks, Piece};
use super::limits::parts;
use super::scratch::{self, Scratch};
use super::tile::TileShape;
use crate::arch::Vectors;
use crate::level::Available;
use crate::team;

/// Bytes of C up to which k is cut instead: the sums of a chunk and their operands stay in L2.
const C_BYTES: usize = 128 << 10;

/// The fewest steps of k in a chunk. Adding up an element costs as much as a few of its steps.
const STEPS: usize = 4096;

/// The most chunks, which bounds the memory for their sums to 8 MiB.
const CHUNKS: usize = 64;

/// Steps of k in a chunk of an m x k by k x n product, or `None` if k stays whole.
pub(super) fn steps<T>(m: usize, k: usize, n: usize) -> Option<usize> {
    let chunks = (k / STEPS).min(CHUNKS);
    (chunks > 1 && m.saturating_mul(n) <= C_BYTES / size_of::<T>()).then(|| k.div_ceil(chunks))
}

/// The product, `steps` of k at a time.
///
/// # Errors
/// Those of [`Scratch::take`].
pub(super) fn product<T: Vectors>(
    level: Available,
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    mut c: ArrayViewMut2<'_, T>,
    steps: usize,
    threads: OpThreads,
) -> Result<(), Error> {
    let ((m, n), k) = (c.dim(), a.ncols());
    let chunks = k.div_ceil(steps);
    let workers = parts(m.saturating_mul(n).saturating_mul(k), threads).min(chunks);
    let share = chunks.div_ceil(workers);
    let workers = chunks.div_ceil(share);
    let blocks = Blocks::new::<T>(TileShape::at::<T>(level), m, steps, n);
    let packed = blocks.lines::<T>();
    let mut scratch = Scratch::take(workers * packed + scratch::lines::<T>(chunks * m * n))?;
    let (for_packing, for_sums) = scratch.lines().split_at_mut(workers * packed);
    let sums = &mut scratch::zeroed::<T>(for_sums)[..chunks * m * n];

    let jobs = sums.chunks_mut(share * m * n).zip(for_packing.chunks_exact_mut(packed)).enumerate();
    team::share(workers, jobs, |(i, (sums, scratch))| {
        for (chunk, sums) in (i * share..).zip(sums.chunks_exact_mut(m * n)) {
            let (start, end) = (chunk * steps, k.min((chunk + 1) * steps));
            let (a, b) = (a.slice(s![.., start..end]), b.slice(s![start..end, ..]));
            let c = ArrayViewMut2::from_shape((m, n).f(), sums).expect("as many sums as C has elements");
            level.run(Piece { alpha, a, b, beta: T::zero(), c, blocks, scratch });
        }
    });

    let (total, rest) = sums.split_at_mut(m * n);
    for sums in rest.chunks_exact(m * n) {
        total.iter_mut().zip(sums).for_each(|(total, &sum)| *total = *total + sum);
    }
    let total = ArrayView2::from_shape((m, n).f(), total).expect("as many sums as C has elements");
    c.zip_mut_with(&total, |c, &sum| *c = if beta == T::zero() { sum } else { beta * *c + sum });
    Ok(())
}
