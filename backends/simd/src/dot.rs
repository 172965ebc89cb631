//! `sum x_i y_i`, in several wide accumulators.
//!
//! The shape of the sum is fixed by the length and the level alone: at most [`BLOCKS`] equal blocks, then their sums
//! pairwise. The number of threads decides who sums a block, never what is added to what.

use gingham_core::ndarray::{ArrayView1, Axis};
use gingham_core::{Dot, Error, OpThreads};

use crate::Simd;
use crate::team;
use crate::vector::{Element, Kernel, Vector};

/// Elements of the smallest block where there is more than one. It takes over 4 us, so that handing it out (some 20 ns)
/// costs nothing, and the turn from one block to the next little.
const BLOCK: usize = 1 << 15;

/// Blocks at most: their sums need no allocation, and enough is left to share out when a thread comes late.
const BLOCKS: usize = 256;

/// Elements below which a second thread does not pay: 2 MiB of `f64` are read in the time that a thread takes to start.
const LEAST: usize = 1 << 17;

/// Places that a block is read from at once, in each operand. Hardware prefetchers stop at the end of a page: on Zen 4
/// two streams were 1.25 times as quick as one from pages of 4 KiB, and as quick from huge ones. Four were no better.
const STREAMS: usize = 2;

/// Vectors in a row from each stream. With the streams they make eight independent sums: two FMA units, each with a
/// latency of four cycles.
const ROW: usize = 4;

const SUMS: usize = STREAMS * ROW;

/// Bytes that a prefetch runs ahead.
const AHEAD: usize = 8 * 64;

impl<T: Element> Dot<T> for Simd {
    fn dot(&self, x: ArrayView1<'_, T>, y: ArrayView1<'_, T>, threads: OpThreads) -> Result<T, Error> {
        let level = self.level()?;
        assert_eq!(x.len(), y.len(), "the checked entry lets equal lengths through alone");
        if x.len() <= BLOCK {
            return Ok(level.run(Block { x, y }));
        }
        let len = x.len().div_ceil(BLOCKS).max(BLOCK);
        let mut sums = [T::zero(); BLOCKS];
        let sums = &mut sums[..x.len().div_ceil(len)];
        let blocks = x.axis_chunks_iter(Axis(0), len).zip(y.axis_chunks_iter(Axis(0), len));
        let threads = threads.get().min(x.len().div_ceil(LEAST));
        team::share(threads, sums.iter_mut().zip(blocks), |(sum, (x, y))| *sum = level.run(Block { x, y }));
        Ok(pairwise(sums))
    }
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

struct Block<'a, T> {
    x: ArrayView1<'a, T>,
    y: ArrayView1<'a, T>,
}

impl<T: Element> Kernel<T> for Block<'_, T> {
    type Output = T;

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) -> T {
        let len = self.x.len();
        let (x, y) = (self.x.as_ptr(), self.y.as_ptr());
        let (x_stride, y_stride) = (self.x.strides()[0], self.y.strides()[0]);
        // SAFETY: the caller answers for V; every index is below `len`, and the views answer for those.
        unsafe {
            let mut sums = [V::splat(T::zero()); SUMS];
            let mut i = 0;
            if (x_stride, y_stride) == (1, 1) {
                let ahead = AHEAD / size_of::<T>();
                let stream = len / (SUMS * V::LANES) * ROW * V::LANES;
                for at in (0..stream).step_by(ROW * V::LANES) {
                    for (s, sum) in sums.iter_mut().enumerate() {
                        let at = at + s / ROW * stream + s % ROW * V::LANES;
                        V::prefetch(x.wrapping_add(at + ahead));
                        V::prefetch(y.wrapping_add(at + ahead));
                        *sum = V::load(x.add(at)).mul_add(V::load(y.add(at)), *sum);
                    }
                }
                i = STREAMS * stream;
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
