//! Room for packed operands, kept by the calling thread from one product to the next.

use std::cell::Cell;

use gingham_core::Error;

use crate::ID;

thread_local! {
    static KEPT: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

/// A cache line, and the alignment of packed operands.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line([u8; 64]);

/// Cache lines that `len` elements of `T` fill. The lengths here are bounded by [`super::blocking`], far from overflow.
pub(super) fn lines<T>(len: usize) -> usize {
    (len * size_of::<T>()).div_ceil(size_of::<Line>())
}

/// The calling thread's lines, taken out of their place while in use: a product inside a product (another task run
/// while this one waits) finds the place empty and makes its own, and so does one that is run while the thread ends.
pub(super) struct Scratch(Vec<Line>);

impl Scratch {
    /// At least `lines` lines, of any content.
    ///
    /// # Errors
    /// [`Error::Library`] if there is no memory for them.
    pub(super) fn take(lines: usize) -> Result<Self, Error> {
        let mut kept = KEPT.try_with(Cell::take).unwrap_or_default();
        if kept.len() < lines {
            kept.try_reserve_exact(lines - kept.len()).map_err(|_| Error::Library {
                backend: ID,
                message: format!("no memory for {} bytes of packed operands", lines * size_of::<Line>()),
            })?;
            kept.resize(lines, Line([0; 64]));
        }
        Ok(Self(kept))
    }

    /// The lines, to be cut into parts.
    pub(super) fn lines(&mut self) -> &mut [Line] {
        &mut self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mine = std::mem::take(&mut self.0);
        // Where the thread has ended its place is gone, and the lines are freed.
        let _ = KEPT.try_with(|kept| {
            let other = kept.take();
            kept.set(if other.len() > mine.len() { other } else { mine });
        });
    }
}
