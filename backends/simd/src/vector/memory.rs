//! Loads, stores and prefetches.

use super::register::{MAX_LANES, Register};

/// Moves vectors from memory and to it.
pub(crate) trait Memory: Register {
    /// The elements from `p` on.
    ///
    /// # Safety
    /// As [`Register::splat`]; `LANES` elements are readable at `p`.
    unsafe fn load(p: *const Self::Elem) -> Self;

    /// The first `n <= LANES` elements from `p` on, zero in the other lanes. Memory past them is not touched.
    ///
    /// # Safety
    /// As [`Register::splat`]; `n` elements are readable at `p`.
    unsafe fn load_first(p: *const Self::Elem, n: usize) -> Self;

    /// Writes all lanes to `p`.
    ///
    /// # Safety
    /// `LANES` elements are writable at `p`.
    unsafe fn store(self, p: *mut Self::Elem);

    /// Writes the first `n <= LANES` lanes to `p`. Memory past them is not touched.
    ///
    /// # Safety
    /// `n` elements are writable at `p`.
    unsafe fn store_first(self, p: *mut Self::Elem, n: usize);

    /// Writes all lanes to `p` past the caches, so that the CPU does not read the line first; a plain store where the
    /// instruction set has no such instruction. Call [`Memory::fence`] before another thread may read what was written.
    ///
    /// # Safety
    /// As [`Memory::store`]; `p` is a multiple of the vector's size.
    #[inline(always)]
    unsafe fn stream(self, p: *mut Self::Elem) {
        // SAFETY: the caller's.
        unsafe { self.store(p) }
    }

    /// Orders the streaming stores before all later ones.
    ///
    /// # Safety
    /// As [`Register::splat`].
    #[inline(always)]
    unsafe fn fence() {}

    /// Prefetches the cache line at `p`, which need not be readable, if the instruction set has a prefetch.
    #[inline(always)]
    fn prefetch(p: *const Self::Elem) {
        let _ = p;
    }

    /// As [`Memory::prefetch`], but into the second-level cache only. The first-level cache can wait for only a few
    /// lines at a time; prefetches into it take these places, and loads queue behind them. On Zen 4, prefetches into
    /// the first level brought a dot product from memory to 0.8 of its speed, these to 1.1.
    #[inline(always)]
    fn prefetch_far(p: *const Self::Elem) {
        let _ = p;
    }

    /// `n <= LANES` elements, `stride` apart, zero in the other lanes.
    ///
    /// # Safety
    /// As [`Register::splat`]; if `n > 0`, the elements at `p`, `p + stride`, .. `p + (n - 1) stride` are readable.
    #[inline(always)]
    unsafe fn gather(p: *const Self::Elem, stride: isize, n: usize) -> Self {
        // SAFETY: the caller's; the buffer has room for any LANES.
        unsafe {
            match stride {
                0 if n == Self::LANES => Self::splat(*p),
                1 if n == Self::LANES => Self::load(p),
                1 => Self::load_first(p, n),
                _ => {
                    let mut lanes = [<Self::Elem as Default>::default(); MAX_LANES];
                    for (i, lane) in lanes.iter_mut().enumerate().take(n) {
                        *lane = *p.offset(i as isize * stride);
                    }
                    Self::load(lanes.as_ptr())
                }
            }
        }
    }

    /// Writes the first `n <= LANES` lanes to elements `stride` apart.
    ///
    /// # Safety
    /// The elements at `p`, `p + stride`, .. `p + (n - 1) stride` are writable.
    #[inline(always)]
    unsafe fn scatter(self, p: *mut Self::Elem, stride: isize, n: usize) {
        // SAFETY: the caller's; the buffer has room for any LANES.
        unsafe {
            match stride {
                1 if n == Self::LANES => self.store(p),
                1 => self.store_first(p, n),
                _ => {
                    let mut lanes = [<Self::Elem as Default>::default(); MAX_LANES];
                    self.store(lanes.as_mut_ptr());
                    for (i, &lane) in lanes.iter().enumerate().take(n) {
                        *p.offset(i as isize * stride) = lane;
                    }
                }
            }
        }
    }
}
