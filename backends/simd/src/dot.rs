//! `sum x_i y_i`, in several wide accumulators.
//!
//! The length and the level alone decide what is added to what: the terms of at most [`BLOCKS`] equal blocks, then the
//! blocks' sums pairwise. The number of threads only decides which thread sums a block.

use gingham_core::ndarray::{ArrayView1, s};
use gingham_core::{Error, OpThreads};

use crate::arch::Vectors;
use crate::cache::Caches;
use crate::level::Available;
use crate::team;
use crate::vector::{Element, Kernel, MAX_LANES, Vector};

/// The smallest block of a sum with several, in elements. Summing it takes 3 us, handing it out some 20 ns.
const BLOCK: usize = 1 << 14;

/// The most blocks: few enough to keep their sums on the stack, enough for others to do a late thread's share.
const BLOCKS: usize = 256;

/// Independent sums, as many as keep two FMA units with a latency of four cycles busy.
const SUMS: usize = 8;

/// Bytes by which a prefetch runs ahead. On Zen 4, memory was read at 31 GB/s with prefetches 16 or 32 lines ahead, at
/// 28 without. Reading each operand in two places at once gave 30 GB/s; on pages of 4 KiB, 28 instead of 27.
const AHEAD: usize = 32 * 64;

/// Block lengths are multiples of this, the longest turn of the loop: only the last block has a masked end.
const UNIT: usize = SUMS * MAX_LANES;

/// The sum of `x_i y_i`, in an order that the length and the level decide.
pub(crate) fn dot<T: Vectors>(
    level: Available,
    x: ArrayView1<'_, T>,
    y: ArrayView1<'_, T>,
    threads: OpThreads,
) -> Result<T, Error> {
    assert_eq!(x.len(), y.len(), "the checked entry lets equal lengths through alone");
    let len = x.len();
    let is_far = len.saturating_mul(2 * size_of::<T>()) > Caches::get().l3;
    let sum = |x, y| if is_far { level.run(Block::<T, true> { x, y }) } else { level.run(Block::<T, false> { x, y }) };
    let block = len.div_ceil(BLOCKS).next_multiple_of(UNIT).max(BLOCK);
    if len <= block {
        return Ok(sum(x, y));
    }
    let mut sums = [T::zero(); BLOCKS];
    let sums = &mut sums[..len.div_ceil(block)];
    let threads = threads.get().min(len.div_ceil(team::LEAST));
    team::share(threads, sums.iter_mut().enumerate(), |(i, of_block)| {
        let part = i * block..len.min((i + 1) * block);
        *of_block = sum(x.slice_move(s![part.clone()]), y.slice_move(s![part]));
    });
    Ok(pairwise(sums))
}

fn pairwise<T: Element>(sums: &[T]) -> T {
    match sums {
        [] => T::zero(),
        [sum] => *sum,
        _ => {
            let (left, right) = sums.split_at(sums.len() / 2);
            pairwise(left) + pairwise(right)
        }
    }
}

/// A block of both operands. `FAR` operands lie in memory, others in the caches.
struct Block<'a, T, const FAR: bool> {
    x: ArrayView1<'a, T>,
    y: ArrayView1<'a, T>,
}

impl<T: Element, const FAR: bool> Kernel<T> for Block<'_, T, FAR> {
    type Output = T;

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) -> T {
        let Self { x, y } = self;
        let (len, x_stride, y_stride) = (x.len(), x.strides()[0], y.strides()[0]);
        let (x, y) = (x.as_ptr(), y.as_ptr());
        let ahead = AHEAD / size_of::<T>();
        let mut i = 0;
        // SAFETY: the caller answers for V; every index is below the length, and the views answer for those.
        unsafe {
            let mut sums = [V::splat(T::zero()); SUMS];
            if x_stride == 1 && y_stride == 1 {
                while i + SUMS * V::LANES <= len {
                    for (s, sum) in sums.iter_mut().enumerate() {
                        let (x, y) = (x.add(i + s * V::LANES), y.add(i + s * V::LANES));
                        if FAR {
                            V::prefetch_far(x.wrapping_add(ahead));
                            V::prefetch_far(y.wrapping_add(ahead));
                        }
                        *sum = V::load(x).mul_add(V::load(y), *sum);
                    }
                    i += SUMS * V::LANES;
                }
                for sum in &mut sums {
                    if i + V::LANES <= len {
                        *sum = V::load(x.add(i)).mul_add(V::load(y.add(i)), *sum);
                        i += V::LANES;
                    }
                }
            }
            while i < len {
                let n = V::LANES.min(len - i);
                let x = V::gather(x.offset(i as isize * x_stride), x_stride, n);
                let y = V::gather(y.offset(i as isize * y_stride), y_stride, n);
                sums[0] = x.mul_add(y, sums[0]);
                i += n;
            }
            let mut width = SUMS;
            while width > 1 {
                width /= 2;
                for s in 0..width {
                    sums[s] = sums[s].add(sums[s + width]);
                }
            }
            sums[0].sum()
        }
    }
}
