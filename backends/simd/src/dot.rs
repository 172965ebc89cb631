//! `sum x_i y_i`, in several wide accumulators.
//!
//! The shape of the sum is fixed by the length and the level alone: blocks of [`BLOCK`] elements, then their sums
//! pairwise. The number of threads decides who sums a block, never what is added to what.

use gingham_core::ndarray::{ArrayView1, Axis};
use gingham_core::{Dot, Error, OpThreads};

use crate::Simd;
use crate::team;
use crate::vector::{Element, Kernel, Vector};

/// Elements summed in one go. A block takes over 2 us, so that handing it out (some 20 ns) costs nothing.
const BLOCK: usize = 1 << 14;

/// Elements below which a second thread does not pay: 2 MiB of `f64` are read in the time that a thread takes to start.
const LEAST: usize = 1 << 17;

/// Independent sums in a block: two FMA units, each with a latency of four cycles.
const SUMS: usize = 8;

impl<T: Element> Dot<T> for Simd {
    fn dot(&self, x: ArrayView1<'_, T>, y: ArrayView1<'_, T>, threads: OpThreads) -> Result<T, Error> {
        let level = self.level()?;
        assert_eq!(x.len(), y.len(), "the checked entry lets equal lengths through alone");
        if x.len() <= BLOCK {
            return Ok(level.run(Block { x, y }));
        }
        let mut sums = vec![T::zero(); x.len().div_ceil(BLOCK)];
        let blocks = x.axis_chunks_iter(Axis(0), BLOCK).zip(y.axis_chunks_iter(Axis(0), BLOCK));
        let threads = threads.get().min(x.len().div_ceil(LEAST));
        team::share(threads, sums.iter_mut().zip(blocks), |(sum, (x, y))| *sum = level.run(Block { x, y }));
        Ok(pairwise(&sums))
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
                while i + SUMS * V::LANES <= len {
                    for (s, sum) in sums.iter_mut().enumerate() {
                        let at = i + s * V::LANES;
                        *sum = V::load(x.add(at)).mul_add(V::load(y.add(at)), *sum);
                    }
                    i += SUMS * V::LANES;
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
