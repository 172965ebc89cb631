//! `x_i <- value`, in vectors where the lane is contiguous.

use gingham_core::ndarray::{ArrayViewMut1, Axis};
use gingham_core::{Error, OpThreads};

use crate::arch::Vectors;
use crate::cache::Caches;
use crate::level::Available;
use crate::store::{Values, write};
use crate::team;
use crate::vector::{Element, Kernel, Vector};

/// Writes `value` to every element of `out`.
pub(crate) fn fill<T: Vectors>(
    level: Available,
    value: T,
    mut out: ArrayViewMut1<'_, T>,
    threads: OpThreads,
) -> Result<(), Error> {
    let past_caches = past_caches::<T>(out.len());
    let piece = team::piece(out.len(), threads.get(), team::LEAST);
    let pieces = out.axis_chunks_iter_mut(Axis(0), piece);
    team::share(threads.get(), pieces, |out| level.run(Filled { value, out, past_caches }));
    Ok(())
}

/// Whether to write past the caches. The last cache still holds a part of a lane that is filled again and again. So on
/// Zen 4 plain stores are quicker up to 3/2 of that cache (by 1.2 at its very size), beyond it as quick on huge pages
/// and slower by 1.2 on small ones. On Zen 5 they are slower by 1.3 in memory.
fn past_caches<T>(len: usize) -> bool {
    len.saturating_mul(size_of::<T>()) > Caches::get().l3 / 2 * 3
}

struct Filled<'a, T> {
    value: T,
    out: ArrayViewMut1<'a, T>,
    past_caches: bool,
}

impl<T: Element> Kernel<T> for Filled<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) {
        // SAFETY: the caller answers for V; the constant serves every index.
        unsafe { write(Constant(V::splat(self.value)), self.out, self.past_caches) }
    }
}

#[derive(Clone, Copy)]
struct Constant<V>(V);

impl<V: Vector> Values<V> for Constant<V> {
    const UNROLL: usize = 8;

    #[inline(always)]
    fn are_dense(self) -> bool {
        true
    }

    #[inline(always)]
    unsafe fn load(self, _i: usize) -> V {
        self.0
    }

    #[inline(always)]
    unsafe fn gather(self, _i: usize, _n: usize) -> V {
        self.0
    }
}
