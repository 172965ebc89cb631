//! Operands: aligned to cache lines on every side, touched before anything is timed, and on huge pages from 4 MiB up,
//! as NumPy requests them.

use gingham::core::Scalar;

/// Bytes from which NumPy requests huge pages (`numpy/_core/src/multiarray/alloc.c`).
const HUGE: usize = 4 << 20;

/// Operands repeat after so many elements, so that another process gets these alone and repeats them itself.
pub(crate) const PERIOD: usize = 1 << 16;

#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Line([u64; 8]);

/// A vector whose first element is at the beginning of a cache line.
pub(crate) struct Buffer<T> {
    lines: Vec<Line>,
    first: std::marker::PhantomData<T>,
    len: usize,
}

impl<T: Scalar> Buffer<T> {
    /// `len` elements, all 0, on pages that have been written to.
    pub(crate) fn new(len: usize) -> Self {
        let count = (len * size_of::<T>()).div_ceil(size_of::<Line>());
        let mut lines = Vec::with_capacity(count);
        if count * size_of::<Line>() >= HUGE {
            huge_pages(&mut lines);
        }
        lines.resize(count, Line([0; 8]));
        Self { lines, first: std::marker::PhantomData, len }
    }

    /// `len` elements that repeat `period`.
    pub(crate) fn repeating(period: &[T], len: usize) -> Self {
        let mut buffer = Self::new(len);
        for part in buffer.chunks_mut(period.len().max(1)) {
            part.copy_from_slice(&period[..part.len()]);
        }
        buffer
    }
}

/// Asks for huge pages where the allocation covers whole pages; if the kernel refuses, they are ordinary ones.
fn huge_pages(lines: &mut Vec<Line>) {
    #[cfg(target_os = "linux")]
    {
        let page = rustix::param::page_size();
        let begin = lines.as_mut_ptr() as usize;
        let end = (begin + lines.capacity() * size_of::<Line>()) / page * page;
        let from = begin.next_multiple_of(page);
        let pointer = lines.as_mut_ptr().wrapping_byte_add(from - begin).cast();
        // SAFETY: the range lies in the vector's own allocation, and this advice does not change what it holds.
        let _ = unsafe { rustix::mm::madvise(pointer, end - from, rustix::mm::Advice::LinuxHugepage) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = lines;
}

impl<T> std::ops::Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the lines hold at least `len` elements, aligned, and any bits are a number of f32 or f64.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<T> std::ops::DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`; the vector is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}
