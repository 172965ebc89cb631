//! Room for packed operands, kept by the calling thread from one product to the next.

use std::alloc::{Layout, alloc, dealloc};
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::{ptr, slice};

use gingham_core::Error;

use crate::error::library;
use crate::vector::Element;

thread_local! {
    static KEPT: Cell<Room> = const { Cell::new(Room::NONE) };
}

/// A cache line, and the alignment of packed operands.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line([MaybeUninit<u8>; 64]);

/// Cache lines that `len` elements of `T` fill. [`super::blocking`] keeps the lengths far from overflow.
pub(super) fn lines<T>(len: usize) -> usize {
    (len * size_of::<T>()).div_ceil(size_of::<Line>())
}

/// All elements of `T` that fit into `lines`, zero.
pub(super) fn zeroed<T: Element>(lines: &mut [Line]) -> &mut [T] {
    let len = size_of_val(lines) / size_of::<T>();
    let start = lines.as_mut_ptr().cast::<T>();
    // SAFETY: the lines are borrowed for as long as the elements, which they have room for and are aligned for; zero
    // bytes are a value of T, `f32` or `f64`.
    unsafe {
        start.write_bytes(0, len);
        slice::from_raw_parts_mut(start, len)
    }
}

/// A huge page of x86-64 and of most AArch64 systems. A room of at least this size asks the system for huge pages.
const HUGE: usize = 2 << 20;

/// Memory that this value owns, with any content.
struct Room {
    start: *mut Line,
    lines: usize,
}

impl Room {
    const NONE: Self = Self { start: ptr::dangling_mut(), lines: 0 };

    /// Allocates `lines` lines. `None` if the system lacks the memory, or if they exceed the address space.
    fn new(lines: usize) -> Option<Self> {
        let layout = Self::layout(lines)?;
        if layout.size() == 0 {
            return Some(Self::NONE);
        }
        // SAFETY: the size is not zero.
        let start = unsafe { alloc(layout) };
        if start.is_null() {
            return None;
        }
        #[cfg(target_os = "linux")]
        if layout.size() >= HUGE {
            // SAFETY: the range is what was just allocated, and this advice does not change what it holds. A refusal
            // leaves ordinary pages.
            let _ = unsafe { rustix::mm::madvise(start.cast(), layout.size(), rustix::mm::Advice::LinuxHugepage) };
        }
        Some(Self { start: start.cast(), lines })
    }

    fn layout(lines: usize) -> Option<Layout> {
        let bytes = lines.checked_mul(size_of::<Line>())?;
        let unit = if bytes >= HUGE { HUGE } else { size_of::<Line>() };
        Layout::from_size_align(bytes.checked_next_multiple_of(unit)?, unit).ok()
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::NONE
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(layout) = Self::layout(self.lines).filter(|layout| layout.size() > 0) {
            // SAFETY: `new` has allocated it, with this layout.
            unsafe { dealloc(self.start.cast(), layout) };
        }
    }
}

/// The calling thread's room, taken out of its place while in use. A product inside a product (another task, run while
/// this one waits) finds the place empty and makes its own room; so does one that runs while the thread ends.
pub(super) struct Scratch(Room);

impl Scratch {
    /// Takes at least `lines` lines, with any content.
    ///
    /// # Errors
    /// [`Error::Library`] if the system lacks memory for them.
    pub(super) fn take(lines: usize) -> Result<Self, Error> {
        let mut kept = KEPT.try_with(Cell::take).unwrap_or_default();
        if kept.lines < lines {
            // The old room goes first, so that memory need not hold both.
            drop(kept);
            kept = Room::new(lines).ok_or_else(|| {
                let bytes = lines.saturating_mul(size_of::<Line>());
                library(format!("no memory for {bytes} bytes of packed operands"))
            })?;
        }
        Ok(Self(kept))
    }

    /// The lines, to be cut into parts.
    pub(super) fn lines(&mut self) -> &mut [Line] {
        // SAFETY: the room has these lines, which are valid whatever their bytes, and they are borrowed with it.
        unsafe { slice::from_raw_parts_mut(self.0.start, self.0.lines) }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mine = std::mem::take(&mut self.0);
        // If the thread is ending, its place is gone, and the lines are freed.
        let _ = KEPT.try_with(|kept| {
            let other = kept.take();
            kept.set(if other.lines > mine.lines { other } else { mine });
        });
    }
}
