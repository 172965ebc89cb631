//! Memory for the pairs that are worked on at once.

/// The part of the available bytes at the start of a run that pairs may take: the rest is for file caches and for what
/// other programs begin to use meanwhile.
const SHARE: f64 = 0.9;

/// What a worker takes beside its arrays: its stack, a block of the file, and the panels that its backend packs (2 MiB
/// to 6 MiB, by the cache sizes).
const WORKER: u64 = 8 << 20;

/// Bytes for pairs if `available` bytes are; without a limit if that is 0, which stands for not known.
pub(super) fn budget(available: u64) -> u64 {
    if available == 0 { u64::MAX } else { (available as f64 * SHARE) as u64 }
}

/// The memory of a pair whose arrays have, with their product, so many bytes.
pub(super) fn needs(arrays: u64) -> u64 {
    arrays.saturating_add(WORKER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_memory_is_no_limit() {
        assert_eq!(budget(0), u64::MAX);
        assert_eq!(budget(1000), 900);
        assert_eq!(needs(u64::MAX), u64::MAX);
    }
}
