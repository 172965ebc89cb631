//! `x_i <- value`, in vectors where the lane is contiguous.

use gingham_core::ndarray::{ArrayViewMut1, Axis};
use gingham_core::{Error, Fill, OpThreads};

use crate::Simd;
use crate::team;
use crate::vector::{Element, Kernel, Vector};

/// Elements below which a second thread does not pay: 1 MiB of `f64` is filled in the time that a thread takes to start.
const LEAST: usize = 1 << 17;

impl<T: Element> Fill<T> for Simd {
    fn fill(&self, value: T, mut out: ArrayViewMut1<'_, T>, threads: OpThreads) -> Result<(), Error> {
        let level = self.level()?;
        let piece = team::piece(out.len(), threads.get(), LEAST);
        let pieces = out.axis_chunks_iter_mut(Axis(0), piece);
        team::share(threads.get(), pieces, |out| level.run(Constant { value, out }));
        Ok(())
    }
}

struct Constant<'a, T> {
    value: T,
    out: ArrayViewMut1<'a, T>,
}

impl<T: Element> Kernel<T> for Constant<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(mut self) {
        let (len, stride, out) = (self.out.len(), self.out.strides()[0], self.out.as_mut_ptr());
        let mut i = 0;
        // SAFETY: the caller answers for V; every index is below `len`, and the view answers for those.
        unsafe {
            let value = V::splat(self.value);
            if stride == 1 {
                while i + V::LANES <= len {
                    value.store(out.add(i));
                    i += V::LANES;
                }
            }
            while i < len {
                let n = V::LANES.min(len - i);
                value.scatter(out.offset(i as isize * stride), stride, n);
                i += n;
            }
        }
    }
}
