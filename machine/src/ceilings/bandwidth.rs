//! The memory ceilings: reading, writing and copying more bytes than the caches hold.
//!
//! Bytes are counted once each, as the program reads or writes them. An ordinary store to a line that is not in cache
//! reads the line first, so that memory moves twice as many bytes. The non-temporal stores here do not read, so the
//! figures for writing and copying hide nothing. Plain loops run too, and count where they are quicker.

use std::hint::black_box;
use std::sync::Mutex;

use super::{Form, together};
use crate::topology::Machine;

/// Alignment and unit of the memory: a huge page of x86-64 and of most AArch64 systems.
#[repr(C, align(2097152))]
struct Page([Line; PAGE_LINES]);

/// A cache line, by which the streams advance.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
pub(super) struct Line([u64; 8]);

const PAGE_LINES: usize = (2 << 20) / 64;

/// Memory for the loops, touched once by the threads that will be measured.
pub(super) struct Memory(Vec<Page>);

impl Memory {
    /// Allocates four times the last-level caches (a cache that does not evict strictly by age keeps a part of anything
    /// only twice its size), and touches all of it with `threads` threads at once.
    ///
    /// The first touch can be as slow as 0.3 GB/s. So the bytes are limited to 64 MiB a thread (but 128 MiB are always
    /// allowed), to 1 GiB, and to a quarter of the available memory.
    pub(super) fn touched(machine: &Machine, threads: usize) -> Memory {
        let slowest_touch = (threads << 6).clamp(128, 1024) << 20;
        let quarter = usize::try_from(crate::available_memory() / 4).unwrap_or(usize::MAX);
        let wanted = usize::try_from(machine.last_level_bytes().saturating_mul(4)).unwrap_or(usize::MAX);
        let bytes = wanted.max(64 << 20).min(slowest_touch).min(quarter);
        let mut count = (bytes / size_of::<Page>()).max(threads);

        let mut pages = Vec::<Page>::new();
        // A limit on the address space does not show in the memory available: under `ulimit -v 450000` an allocation of
        // 128 MiB fails.
        while count > threads && pages.try_reserve_exact(count).is_err() {
            count = (count / 2).max(threads);
        }
        pages.reserve_exact(count);
        huge_pages(&mut pages);
        let untouched = Mutex::new(pages.spare_capacity_mut()[..count].chunks_mut(count.div_ceil(threads)));
        let next = || untouched.lock().expect("no thread panics").next();
        together(vec![(); threads], |_, _, ()| {
            while let Some(part) = next() {
                // SAFETY: `part` is a valid exclusive slice, and any bytes may be written to uninitialised memory.
                unsafe { part.as_mut_ptr().write_bytes(1, part.len()) };
            }
        });
        // SAFETY: all `count` pages, within the capacity, were written above; integers have no invalid bytes.
        unsafe { pages.set_len(count) };
        Memory(pages)
    }

    /// Bytes of all parts together.
    pub(super) fn bytes(&self) -> u64 {
        (self.0.len() * size_of::<Page>()) as u64
    }

    /// The memory in `threads` parts of equal size.
    pub(super) fn parts(&mut self, threads: usize) -> Vec<&mut [Line]> {
        // SAFETY: a Page is PAGE_LINES lines without padding, so the lines lie in one borrowed allocation.
        let lines =
            unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast::<Line>(), self.0.len() * PAGE_LINES) };
        let part = lines.len() / threads;
        lines.chunks_exact_mut(part).take(threads).collect()
    }
}

/// Asks for huge pages, so that address translation does not slow the loops; if that is refused, pages are ordinary.
fn huge_pages(pages: &mut Vec<Page>) {
    #[cfg(target_os = "linux")]
    {
        let bytes = pages.capacity() * size_of::<Page>();
        // SAFETY: the range is the vector's own allocation, and this advice does not change what it holds.
        let _ = unsafe { rustix::mm::madvise(pages.as_mut_ptr().cast(), bytes, rustix::mm::Advice::LinuxHugepage) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = pages;
}

/// A form of reading, writing, or copying the first half to the second, over a thread's part of the memory; returns
/// the bytes moved.
type Pass = Form<[Line]>;

#[cfg(not(target_arch = "x86_64"))]
pub(super) use plain::{COPY, READ, WRITE};
#[cfg(target_arch = "x86_64")]
pub(super) use x86::{COPY, READ, WRITE};

/// Loops for every CPU, as the compiler and the system's library make them.
mod plain {
    use super::{Line, Pass, black_box};

    pub(crate) const READ: &[Pass] = &[|part| read(part)];
    pub(crate) const WRITE: &[Pass] = &[write];
    pub(crate) const COPY: &[Pass] = &[copy];

    fn read(part: &[Line]) -> f64 {
        let folded = part.iter().fold([0; 8], |sums: [u64; 8], line| std::array::from_fn(|i| sums[i] ^ line.0[i]));
        black_box(folded);
        size_of_val(part) as f64
    }

    fn write(part: &mut [Line]) -> f64 {
        part.fill(Line([black_box(1); 8]));
        black_box(&*part);
        size_of_val(part) as f64
    }

    fn copy(part: &mut [Line]) -> f64 {
        let half = part.len() / 2;
        let (from, to) = part.split_at_mut(half);
        to[..half].copy_from_slice(black_box(from));
        black_box(&*to);
        (2 * half * size_of::<Line>()) as f64
    }
}

/// Loops of several streams, with the instructions that every x86-64 has: stores of 64 bytes are not quicker.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Line, Pass, black_box, plain};
    use std::arch::x86_64::*;

    /// Here and below, the forms that proved quickest on Zen 5 come first, lest time run out.
    pub(crate) const READ: &[Pass] = &[
        |part| read::<4, AHEAD>(part),
        |part| read::<2, AHEAD>(part),
        |part| read::<2, 0>(part),
        |part| read::<4, 0>(part),
        |part| read::<1, AHEAD>(part),
        |part| read::<1, 0>(part),
        plain::READ[0],
    ];

    pub(crate) const WRITE: &[Pass] = &[write::<1>, write::<2>, write::<4>, plain::WRITE[0]];

    pub(crate) const COPY: &[Pass] = &[
        copy::<4, 0>,
        copy::<2, 0>,
        copy::<4, AHEAD>,
        copy::<2, AHEAD>,
        copy::<1, 0>,
        copy::<1, AHEAD>,
        plain::COPY[0],
    ];

    /// Lines that a prefetching form runs ahead. Reading four streams on one core of Zen 5, 8 lines gave 41 GB/s, 16
    /// gave 34, none 35.
    const AHEAD: usize = 8;

    /// Reads `STREAMS` equal runs of lines side by side; prefetches each `AHEAD` lines before, unless that is 0.
    fn read<const STREAMS: usize, const AHEAD: usize>(part: &[Line]) -> f64 {
        let run = part.len() / STREAMS;
        let mut sums = [0; 8];
        for i in 0..run {
            for stream in 0..STREAMS {
                let line = &part[stream * run + i];
                prefetch::<AHEAD>(line);
                for (sum, x) in sums.iter_mut().zip(line.0) {
                    *sum ^= x;
                }
            }
        }
        black_box(sums);
        (STREAMS * run * size_of::<Line>()) as f64
    }

    /// Writes `STREAMS` equal runs of lines side by side with non-temporal stores.
    fn write<const STREAMS: usize>(part: &mut [Line]) -> f64 {
        let run = part.len() / STREAMS;
        let line = Line([black_box(1); 8]);
        for i in 0..run {
            for stream in 0..STREAMS {
                store(&mut part[stream * run + i], &line);
            }
        }
        fence();
        (STREAMS * run * size_of::<Line>()) as f64
    }

    /// Copies the first half of `part` to the second in `STREAMS` equal runs of lines side by side.
    fn copy<const STREAMS: usize, const AHEAD: usize>(part: &mut [Line]) -> f64 {
        let half = part.len() / 2;
        let (from, to) = part.split_at_mut(half);
        let run = half / STREAMS;
        for i in 0..run {
            for stream in 0..STREAMS {
                let line = &from[stream * run + i];
                prefetch::<AHEAD>(line);
                store(&mut to[stream * run + i], line);
            }
        }
        fence();
        (2 * STREAMS * run * size_of::<Line>()) as f64
    }

    /// Copies a line past the caches.
    #[inline(always)]
    fn store(to: &mut Line, from: &Line) {
        let to = std::ptr::from_mut(to).cast::<__m128i>();
        let from = std::ptr::from_ref(from).cast::<__m128i>();
        for quarter in 0..4 {
            // SAFETY: both lines are four 16-byte quarters, aligned to 64 bytes and borrowed; SSE2 is part of x86-64.
            unsafe { _mm_stream_si128(to.add(quarter), _mm_load_si128(from.add(quarter))) };
        }
    }

    /// Waits until non-temporal stores are done, so that the time holds all of them.
    fn fence() {
        // SAFETY: SSE is part of x86-64.
        unsafe { _mm_sfence() };
    }

    #[inline(always)]
    fn prefetch<const AHEAD: usize>(line: &Line) {
        if AHEAD > 0 {
            // SAFETY: a prefetch never faults, and the address is computed without a claim that it lies in the slice.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(line).wrapping_add(AHEAD).cast()) };
        }
    }
}
