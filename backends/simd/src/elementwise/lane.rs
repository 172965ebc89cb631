//! Applies a function along lanes of any stride, in pieces for the op threads.

use gingham_core::OpThreads;
use gingham_core::ndarray::{ArrayView1, ArrayViewMut1, Axis, s};

use crate::arch::Vectors;
use crate::cache::Caches;
use crate::level::Available;
use crate::store::{Input, Values, write};
use crate::team;
use crate::vector::{Element, Kernel, Vector};

/// A function of one argument.
pub(super) trait Map<T: Element>: Copy + Sync {
    /// Vectors in one turn of the loop. More than one pays only if the function takes an instruction or two.
    const UNROLL: usize;

    /// The function of each lane.
    fn apply<V: Vector<Elem = T>>(self, x: V) -> V;
}

/// A function of two arguments.
pub(super) trait Zip<T: Element>: Copy + Sync {
    /// As [`Map::UNROLL`].
    const UNROLL: usize;

    /// The function of each pair of lanes.
    fn apply<V: Vector<Elem = T>>(self, x: V, y: V) -> V;
}

/// Makes each function a type, so that each is compiled into a loop of its own.
macro_rules! functions {
    ($family:ident of $bound:ident, $unroll:literal a turn: $(
        $(#[$doc:meta])* $name:ident($($argument:ident),*) = $value:expr;
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(in crate::elementwise) struct $name;

        impl<T: $bound> $family<T> for $name {
            const UNROLL: usize = $unroll;

            #[inline(always)]
            fn apply<V: Vector<Elem = T>>(self, $($argument: V),*) -> V {
                $value
            }
        }
    )*};
}

pub(super) use functions;

/// `out_i <- f(x_i)`, in place where `x` is `None`, on at most `threads` threads.
pub(super) fn map<T: Vectors>(
    level: Available,
    f: impl Map<T>,
    x: Option<ArrayView1<'_, T>>,
    mut out: ArrayViewMut1<'_, T>,
    threads: OpThreads,
) {
    let past_caches = past_caches([x], out.len());
    let piece = team::piece(out.len(), threads.get(), team::LEAST);
    let pieces = out.axis_chunks_iter_mut(Axis(0), piece).enumerate();
    team::share(threads.get(), pieces, |(i, out)| {
        let x = x.map(|x| part(x, i * piece, out.len()));
        level.run(Mapped { f, x, out, past_caches });
    });
}

/// `out_i <- f(x_i, y_i)`, in place where `x` is `None`, on at most `threads` threads.
pub(super) fn zip<T: Vectors>(
    level: Available,
    f: impl Zip<T>,
    x: Option<ArrayView1<'_, T>>,
    y: ArrayView1<'_, T>,
    mut out: ArrayViewMut1<'_, T>,
    threads: OpThreads,
) {
    let past_caches = past_caches([x, Some(y)], out.len());
    let piece = team::piece(out.len(), threads.get(), team::LEAST);
    let pieces = out.axis_chunks_iter_mut(Axis(0), piece).enumerate();
    team::share(threads.get(), pieces, |(i, out)| {
        let x = x.map(|x| part(x, i * piece, out.len()));
        let y = part(y, i * piece, out.len());
        level.run(Zipped { f, x, y, out, past_caches });
    });
}

fn part<T>(x: ArrayView1<'_, T>, start: usize, len: usize) -> ArrayView1<'_, T> {
    x.slice_move(s![start..start + len])
}

/// Whether to write the output past the caches: never in place, where its lines have been read anyway, else if the
/// operands together exceed half of the last cache. On Zen 4 plain stores are quicker up to a third of that cache, and
/// slower by 1.3 or more from a half on.
fn past_caches<T, const N: usize>(inputs: [Option<ArrayView1<'_, T>>; N], len: usize) -> bool {
    let read = inputs.iter().flatten().filter(|x| x.strides()[0] != 0).count();
    let bytes = (read + 1).saturating_mul(len).saturating_mul(size_of::<T>());
    inputs.iter().all(Option::is_some) && bytes > Caches::get().l3 / 2
}

struct Mapped<'a, T, F> {
    f: F,
    x: Option<ArrayView1<'a, T>>,
    out: ArrayViewMut1<'a, T>,
    past_caches: bool,
}

impl<T: Element, F: Map<T>> Kernel<T> for Mapped<'_, T, F> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(mut self) {
        if self.out.is_empty() {
            return;
        }
        // SAFETY: the caller answers for V; the lanes are not empty, and as long as the output.
        unsafe {
            let x = Input::<V>::new(self.x, &mut self.out);
            write(Image { f: self.f, x }, self.out, self.past_caches);
        }
    }
}

/// The values of a function of one argument.
#[derive(Clone, Copy)]
struct Image<F, V: Vector> {
    f: F,
    x: Input<V>,
}

impl<V: Vector, F: Map<V::Elem>> Values<V> for Image<F, V> {
    const UNROLL: usize = F::UNROLL;

    #[inline(always)]
    fn are_dense(self) -> bool {
        self.x.is_dense()
    }

    #[inline(always)]
    unsafe fn load(self, i: usize) -> V {
        // SAFETY: the caller's.
        self.f.apply(unsafe { self.x.load(i) })
    }

    #[inline(always)]
    unsafe fn gather(self, i: usize, n: usize) -> V {
        // SAFETY: the caller's.
        self.f.apply(unsafe { self.x.gather(i, n) })
    }
}

struct Zipped<'a, T, F> {
    f: F,
    x: Option<ArrayView1<'a, T>>,
    y: ArrayView1<'a, T>,
    out: ArrayViewMut1<'a, T>,
    past_caches: bool,
}

impl<T: Element, F: Zip<T>> Kernel<T> for Zipped<'_, T, F> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(mut self) {
        if self.out.is_empty() {
            return;
        }
        // SAFETY: the caller answers for V; the lanes are not empty, and as long as the output.
        unsafe {
            let x = Input::<V>::new(self.x, &mut self.out);
            let y = Input::<V>::new(Some(self.y), &mut self.out);
            write(Image2 { f: self.f, x, y }, self.out, self.past_caches);
        }
    }
}

/// The values of a function of two arguments.
#[derive(Clone, Copy)]
struct Image2<F, V: Vector> {
    f: F,
    x: Input<V>,
    y: Input<V>,
}

impl<V: Vector, F: Zip<V::Elem>> Values<V> for Image2<F, V> {
    const UNROLL: usize = F::UNROLL;

    #[inline(always)]
    fn are_dense(self) -> bool {
        self.x.is_dense() && self.y.is_dense()
    }

    #[inline(always)]
    unsafe fn load(self, i: usize) -> V {
        // SAFETY: the caller's.
        unsafe { self.f.apply(self.x.load(i), self.y.load(i)) }
    }

    #[inline(always)]
    unsafe fn gather(self, i: usize, n: usize) -> V {
        // SAFETY: the caller's.
        unsafe { self.f.apply(self.x.gather(i, n), self.y.gather(i, n)) }
    }
}
