//! `sum x_i y_i`, in several wide accumulators.
//!
//! The shape of the sum is fixed by the length and the level alone: at most [`BLOCKS`] equal blocks, then their sums
//! pairwise. The number of threads decides who sums a block, never what is added to what.

use gingham_core::ndarray::{ArrayView1, Axis, s};
use gingham_core::{Error, OpThreads};

use crate::Simd;
use crate::team;
use crate::vector::{Element, Kernel, MAX_LANES, Vector};

/// Elements of each stream in the smallest block where there is more than one. Handing it out (some 20 ns) costs nothing
/// beside the 3 us that it takes.
const BLOCK: usize = 1 << 13;

/// Blocks at most: their sums need no allocation, and enough is left to share out when a thread comes late.
const BLOCKS: usize = 256;

/// Elements below which a second thread does not pay: 2 MiB of `f64` are read in the time that a thread takes to start.
const LEAST: usize = 1 << 17;

/// Places that each operand is read from at once, half of it apart. Hardware prefetchers stop at the end of a page: on
/// Zen 4 two streams were 1.2 times as quick as one from pages of 4 KiB, and as quick from huge ones; four were slower
/// by 0.9 from those. Streams half a block apart were slower by 0.95 than streams half the operand apart.
const STREAMS: usize = 2;

/// Vectors in a row from each stream. With the streams they make eight independent sums: two FMA units, each with a
/// latency of four cycles.
const ROW: usize = 4;

const SUMS: usize = STREAMS * ROW;

/// Bytes that a prefetch runs ahead.
const AHEAD: usize = 8 * 64;

/// What lengths of streams and blocks are multiples of: the longest turn of the loop, so that the masked end is paid once.
const UNIT: usize = ROW * MAX_LANES;

pub(crate) fn dot<T: Element>(
    simd: &Simd,
    x: ArrayView1<'_, T>,
    y: ArrayView1<'_, T>,
    threads: OpThreads,
) -> Result<T, Error> {
    let level = simd.level()?;
    assert_eq!(x.len(), y.len(), "the checked entry lets equal lengths through alone");
    let half = x.len() / (STREAMS * UNIT) * UNIT;
    let block = half.div_ceil(BLOCKS).next_multiple_of(UNIT).max(BLOCK);
    let ([x0, x1], [y0, y1]) = (halves(x, half), halves(y, half));
    if half <= block {
        return Ok(level.run(Block { x: [x0, x1], y: [y0, y1] }));
    }
    let mut sums = [T::zero(); BLOCKS];
    let sums = &mut sums[..half.div_ceil(block)];
    let last = sums.len() - 1;
    let threads = threads.get().min(x.len().div_ceil(LEAST));
    team::share(threads, sums.iter_mut().enumerate(), |(i, sum)| {
        // The second half may be longer, by less than two units: the last block takes what is left of both.
        let part = |len| i * block..if i == last { len } else { (i + 1) * block };
        let [x, y] = [[x0, x1], [y0, y1]].map(|halves| halves.map(|half| half.slice_move(s![part(half.len())])));
        *sum = level.run(Block { x, y });
    });
    Ok(pairwise(sums))
}

fn halves<T>(x: ArrayView1<'_, T>, half: usize) -> [ArrayView1<'_, T>; STREAMS] {
    let (x0, x1) = x.split_at(Axis(0), half);
    [x0, x1]
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

/// The streams of a block, the second at least as long as the first.
struct Block<'a, T> {
    x: [ArrayView1<'a, T>; STREAMS],
    y: [ArrayView1<'a, T>; STREAMS],
}

impl<T: Element> Kernel<T> for Block<'_, T> {
    type Output = T;

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) -> T {
        // SAFETY: the caller answers for V; every index is below the length of its stream, and the views answer for those.
        unsafe {
            let mut sums = [V::splat(T::zero()); SUMS];
            let mut done = 0;
            let contiguous = |x: &ArrayView1<'_, T>| x.strides()[0] == 1;
            if contiguous(&self.x[1]) && contiguous(&self.y[1]) {
                let (x, y) = (self.x.map(|x| x.as_ptr()), self.y.map(|y| y.as_ptr()));
                let (len0, len) = (self.x[0].len(), self.x[1].len());
                let ahead = AHEAD / size_of::<T>();
                for i in (0..len0).step_by(ROW * V::LANES) {
                    for (s, sum) in sums.iter_mut().enumerate() {
                        let (stream, at) = (s / ROW, i + s % ROW * V::LANES);
                        V::prefetch(x[stream].wrapping_add(at + ahead));
                        V::prefetch(y[stream].wrapping_add(at + ahead));
                        *sum = V::load(x[stream].add(at)).mul_add(V::load(y[stream].add(at)), *sum);
                    }
                }
                done = len0;
                while done + V::LANES <= len {
                    for sum in &mut sums {
                        if done + V::LANES <= len {
                            *sum = V::load(x[1].add(done)).mul_add(V::load(y[1].add(done)), *sum);
                            done += V::LANES;
                        }
                    }
                }
            }
            for (x, y) in self.x.iter().zip(&self.y) {
                let (len, x_stride, y_stride, mut i) = (x.len(), x.strides()[0], y.strides()[0], done);
                while i < len {
                    let n = V::LANES.min(len - i);
                    let x = V::gather(x.as_ptr().offset(i as isize * x_stride), x_stride, n);
                    let y = V::gather(y.as_ptr().offset(i as isize * y_stride), y_stride, n);
                    sums[0] = x.mul_add(y, sums[0]);
                    i += n;
                }
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
