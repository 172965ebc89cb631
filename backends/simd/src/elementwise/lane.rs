//! A function along a lane: any strides, in pieces for the op threads.
//!
//! Lanes that are not contiguous are gathered into vectors and scattered from them, so that every layout is computed by
//! the same code.

use gingham_core::OpThreads;
use gingham_core::ndarray::{ArrayView1, ArrayViewMut1, Axis, s};

use crate::level::Available;
use crate::team;
use crate::vector::{Element, Kernel, Vector};

/// Elements below which a second thread does not pay: 1 MiB of `f64` is written in the time that a thread takes to start.
const LEAST: usize = 1 << 17;

/// A function of one argument.
pub(super) trait Map: Copy + Sync {
    fn apply<V: Vector>(self, x: V) -> V;
}

/// A function of two arguments.
pub(super) trait Zip: Copy + Sync {
    fn apply<V: Vector>(self, x: V, y: V) -> V;
}

/// `out_i <- f(x_i)`, in place where `x` is `None`, on at most `threads` threads.
pub(super) fn map<T: Element>(
    level: Available,
    f: impl Map,
    x: Option<ArrayView1<'_, T>>,
    mut out: ArrayViewMut1<'_, T>,
    threads: OpThreads,
) {
    let piece = team::piece(out.len(), threads.get(), LEAST);
    let pieces = out.axis_chunks_iter_mut(Axis(0), piece).enumerate();
    team::share(threads.get(), pieces, |(i, out)| {
        let x = x.map(|x| part(x, i * piece, out.len()));
        level.run(Mapped { f, x, out });
    });
}

/// `out_i <- f(x_i, y_i)`, in place where `x` is `None`, on at most `threads` threads.
pub(super) fn zip<T: Element>(
    level: Available,
    f: impl Zip,
    x: Option<ArrayView1<'_, T>>,
    y: ArrayView1<'_, T>,
    mut out: ArrayViewMut1<'_, T>,
    threads: OpThreads,
) {
    let piece = team::piece(out.len(), threads.get(), LEAST);
    let pieces = out.axis_chunks_iter_mut(Axis(0), piece).enumerate();
    team::share(threads.get(), pieces, |(i, out)| {
        let x = x.map(|x| part(x, i * piece, out.len()));
        let y = part(y, i * piece, out.len());
        level.run(Zipped { f, x, y, out });
    });
}

fn part<T>(x: ArrayView1<'_, T>, start: usize, len: usize) -> ArrayView1<'_, T> {
    x.slice_move(s![start..start + len])
}

/// `out_i <- f(x_i)`, in place where `x` is `None`.
struct Mapped<'a, T, F> {
    f: F,
    x: Option<ArrayView1<'a, T>>,
    out: ArrayViewMut1<'a, T>,
}

impl<T: Element, F: Map> Kernel<T> for Mapped<'_, T, F> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(mut self) {
        let (len, out_stride, out) = (self.out.len(), self.out.strides()[0], self.out.as_mut_ptr());
        let (x, x_stride) = self.x.map_or((out.cast_const(), out_stride), |x| (x.as_ptr(), x.strides()[0]));
        let mut i = 0;
        // SAFETY: the caller answers for V; every index is below `len`, and the views answer for those.
        unsafe {
            if (x_stride, out_stride) == (1, 1) {
                while i + V::LANES <= len {
                    self.f.apply(V::load(x.add(i))).store(out.add(i));
                    i += V::LANES;
                }
            }
            while i < len {
                let (at, n) = (i as isize, V::LANES.min(len - i));
                let x = V::gather(x.offset(at * x_stride), x_stride, n);
                self.f.apply(x).scatter(out.offset(at * out_stride), out_stride, n);
                i += n;
            }
        }
    }
}

/// `out_i <- f(x_i, y_i)`, in place where `x` is `None`.
struct Zipped<'a, T, F> {
    f: F,
    x: Option<ArrayView1<'a, T>>,
    y: ArrayView1<'a, T>,
    out: ArrayViewMut1<'a, T>,
}

impl<T: Element, F: Zip> Kernel<T> for Zipped<'_, T, F> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(mut self) {
        let (len, out_stride, out) = (self.out.len(), self.out.strides()[0], self.out.as_mut_ptr());
        let (x, x_stride) = self.x.map_or((out.cast_const(), out_stride), |x| (x.as_ptr(), x.strides()[0]));
        let (y, y_stride) = (self.y.as_ptr(), self.y.strides()[0]);
        let mut i = 0;
        // SAFETY: the caller answers for V; every index is below `len`, and the views answer for those.
        unsafe {
            if (x_stride, y_stride, out_stride) == (1, 1, 1) {
                while i + V::LANES <= len {
                    self.f.apply(V::load(x.add(i)), V::load(y.add(i))).store(out.add(i));
                    i += V::LANES;
                }
            }
            while i < len {
                let (at, n) = (i as isize, V::LANES.min(len - i));
                let x = V::gather(x.offset(at * x_stride), x_stride, n);
                let y = V::gather(y.offset(at * y_stride), y_stride, n);
                self.f.apply(x, y).scatter(out.offset(at * out_stride), out_stride, n);
                i += n;
            }
        }
    }
}
