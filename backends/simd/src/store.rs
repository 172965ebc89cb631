//! Writes a lane from start to end in aligned vectors, past the caches where that pays.
//!
//! A [`Values`] says what is written: a constant, or a function of other lanes. Lanes that are not contiguous are
//! gathered into vectors and scattered from them, so that the same code computes every layout.

use gingham_core::ndarray::{ArrayView1, ArrayViewMut1};

use crate::vector::Vector;

/// A lane of at least this many vectors begins with a masked store that ends at an aligned address, so that no later
/// one crosses a cache line. In a shorter lane the masked store is too large a part of the work.
const ALIGNED_FROM: usize = 16;

/// The most vectors that one turn of a loop computes.
const MOST: usize = 8;

/// The values to write to a lane, by index.
pub(crate) trait Values<V: Vector>: Copy {
    /// Vectors that one turn of the loop computes, at most [`MOST`]: 8 if a vector takes an instruction or two, so that
    /// the loop itself costs nothing; 1 if a vector is work enough.
    const UNROLL: usize;

    /// Whether [`Values::load`] may be called.
    fn are_dense(self) -> bool;

    /// Elements `i` to `i + LANES`.
    ///
    /// # Safety
    /// The values are dense, and they are at least `i + LANES`.
    unsafe fn load(self, i: usize) -> V;

    /// Elements `i` to `i + n`, `n <= LANES`.
    ///
    /// # Safety
    /// The values are at least `i + n`.
    unsafe fn gather(self, i: usize, n: usize) -> V;
}

/// A lane that is read.
#[derive(Clone, Copy)]
pub(crate) struct Input<V: Vector> {
    start: *const V::Elem,
    stride: isize,
    /// The first element in all lanes. If the stride is 0, every load gives it.
    first: V,
}

impl<V: Vector> Input<V> {
    /// The lane `x`, or `out` itself if `x` is `None`; the lane has at least one element.
    ///
    /// # Safety
    /// The CPU has the instructions of `V`.
    #[inline(always)]
    pub(crate) unsafe fn new(x: Option<ArrayView1<'_, V::Elem>>, out: &mut ArrayViewMut1<'_, V::Elem>) -> Self {
        let (start, stride) = match x {
            Some(x) => (x.as_ptr(), x.strides()[0]),
            None => (out.as_mut_ptr().cast_const(), out.strides()[0]),
        };
        // SAFETY: the caller's.
        Self { start, stride, first: unsafe { V::splat(*start) } }
    }

    /// Whether [`Input::load`] may be called: the elements are neighbours, or one and the same.
    #[inline(always)]
    pub(crate) fn is_dense(self) -> bool {
        self.stride == 1 || self.stride == 0
    }

    /// Elements `i` to `i + LANES`.
    ///
    /// # Safety
    /// The lane is dense, has at least `i + LANES` elements, and lives.
    #[inline(always)]
    pub(crate) unsafe fn load(self, i: usize) -> V {
        // SAFETY: the caller's.
        if self.stride == 0 { self.first } else { unsafe { V::load(self.start.add(i)) } }
    }

    /// Elements `i` to `i + n`, `n <= LANES`.
    ///
    /// # Safety
    /// The lane has at least `i + n` elements, and lives.
    #[inline(always)]
    pub(crate) unsafe fn gather(self, i: usize, n: usize) -> V {
        // SAFETY: the caller's.
        unsafe { V::gather(self.start.offset(i as isize * self.stride), self.stride, n) }
    }
}

/// `out_i <- values_i`. With `past_caches`, streaming stores write a lane that is long enough to be aligned; they do
/// not read the cache line first.
///
/// # Safety
/// The CPU has the instructions of `V`; `values` are as many as the elements of `out`.
#[inline(always)]
pub(crate) unsafe fn write<V: Vector, F: Values<V>>(values: F, mut out: ArrayViewMut1<'_, V::Elem>, past_caches: bool) {
    let (len, stride, out) = (out.len(), out.strides()[0], out.as_mut_ptr());
    let turn = F::UNROLL * V::LANES;
    let mut i = 0;
    // SAFETY: the caller answers for V; every index is below `len`, and the view and the caller answer for those.
    unsafe {
        if stride == 1 && values.are_dense() {
            if len >= ALIGNED_FROM * V::LANES {
                let head = (out.addr().wrapping_neg() % size_of::<V>()) / size_of::<V::Elem>();
                values.gather(0, head).store_first(out, head);
                i = head;
                if past_caches {
                    // Writes in two places at once: on small pages of Zen 4 that was 1.05 times as quick.
                    let half = (len - i) / (2 * turn) * turn;
                    for at in (i..i + half).step_by(turn) {
                        for start in [at, at + half] {
                            for at in (start..start + turn).step_by(V::LANES) {
                                values.load(at).stream(out.add(at));
                            }
                        }
                    }
                    V::fence();
                    i += 2 * half;
                }
            }
            while i + turn <= len {
                // Loads everything first: a load waits for an earlier store whose address differs by about a multiple
                // of 4 KiB. With loads and stores in turn, additions ran at 0.6 of the speed on Zen 4.
                let mut vectors = [values.load(i); MOST];
                for (u, vector) in vectors.iter_mut().enumerate().take(F::UNROLL).skip(1) {
                    *vector = values.load(i + u * V::LANES);
                }
                for (u, vector) in vectors.into_iter().enumerate().take(F::UNROLL) {
                    vector.store(out.add(i + u * V::LANES));
                }
                i += turn;
            }
            // If a turn is one vector, this equals the loop above; `const` keeps it from being compiled again.
            if const { F::UNROLL > 1 } {
                while i + V::LANES <= len {
                    values.load(i).store(out.add(i));
                    i += V::LANES;
                }
            }
        }
        while i < len {
            let n = V::LANES.min(len - i);
            values.gather(i, n).scatter(out.offset(i as isize * stride), stride, n);
            i += n;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Vectors;
    use crate::level::{Available, Level};
    use crate::vector::Kernel;

    /// `out_i <- x_i`, past the caches whatever the length.
    struct Copied<'a, T> {
        x: ArrayView1<'a, T>,
        out: ArrayViewMut1<'a, T>,
    }

    impl<T: Vectors> Kernel<T> for Copied<'_, T> {
        type Output = ();

        #[inline(always)]
        unsafe fn run<V: Vector<Elem = T>>(mut self) {
            // SAFETY: the caller answers for V; the lanes are equally long.
            unsafe { write(Same(Input::<V>::new(Some(self.x), &mut self.out)), self.out, true) }
        }
    }

    #[derive(Clone, Copy)]
    struct Same<V: Vector>(Input<V>);

    impl<V: Vector> Values<V> for Same<V> {
        const UNROLL: usize = 4;

        #[inline(always)]
        fn are_dense(self) -> bool {
            self.0.is_dense()
        }

        #[inline(always)]
        unsafe fn load(self, i: usize) -> V {
            // SAFETY: the caller's.
            unsafe { self.0.load(i) }
        }

        #[inline(always)]
        unsafe fn gather(self, i: usize, n: usize) -> V {
            // SAFETY: the caller's.
            unsafe { self.0.gather(i, n) }
        }
    }

    fn every_element_is_streamed_once<T: Vectors>() {
        for level in Level::ALL.into_iter().filter_map(|level| Available::new(level).ok()) {
            // Every offset from a multiple of the vector's size, wherever the allocation begins.
            for (len, offset) in (1..700).step_by(13).flat_map(|len| (0..17).map(move |offset| (len, offset))) {
                let x: Vec<T> = (0..len + 17).map(|i| T::from_f64(i as f64)).collect();
                let mut out = vec![-T::one(); len + 34];
                let x = ArrayView1::from(&x[17 - offset..][..len]);
                level.run(Copied { x, out: ArrayViewMut1::from(&mut out[offset..][..len]) });
                assert!(out[offset..][..len].iter().eq(x), "{len} elements at {offset}");
                let [before, after] = [&out[..offset], &out[offset + len..]];
                assert!(before.iter().chain(after).all(|&x| x == -T::one()), "{len} elements at {offset}");
            }
        }
    }

    #[test]
    fn every_element_is_streamed_once_f64() {
        every_element_is_streamed_once::<f64>();
    }

    #[test]
    fn every_element_is_streamed_once_f32() {
        every_element_is_streamed_once::<f32>();
    }
}
