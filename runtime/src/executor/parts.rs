//! How `n` indices are cut into ranges, for every executor.

use std::ops::Range;

/// The ranges that `n` indices fall into, in order and none of them empty.
///
/// With `chunk` 0 each worker has one range, or each index if the indices are fewer; lengths differ by one at most, the
/// longer ones first. With another `chunk` each range has `chunk` indices, and the last may be shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    n: usize,
    chunk: usize,
    len: usize,
}

impl Parts {
    /// Cuts `0..n` for `workers` workers.
    pub fn new(n: usize, chunk: usize, workers: usize) -> Self {
        let len = if chunk == 0 { workers.min(n) } else { n.div_ceil(chunk) };
        Self { n, chunk, len }
    }

    /// The number of ranges.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether that number is 0.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Range number `part`, or `None` from [`Parts::len`] on.
    pub fn get(&self, part: usize) -> Option<Range<usize>> {
        if part >= self.len {
            return None;
        }
        Some(if self.chunk == 0 {
            let (length, longer) = (self.n / self.len, self.n % self.len);
            let start = part * length + part.min(longer);
            start..start + length + usize::from(part < longer)
        } else {
            let start = part * self.chunk;
            start..self.n.min(start.saturating_add(self.chunk))
        })
    }

    /// All ranges, in order.
    pub fn iter(self) -> impl Iterator<Item = Range<usize>> {
        (0..self.len).filter_map(move |part| self.get(part))
    }
}
