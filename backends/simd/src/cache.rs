//! The sizes of this CPU's caches: kernels choose blocks, prefetches and stores by them.

use std::sync::OnceLock;

/// Bytes of data that each cache level holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caches {
    /// Of one core.
    pub(crate) l1: usize,
    /// Of one core.
    pub(crate) l2: usize,
    /// Of all the cores that share one. Equals `l2` if the CPU has no third level.
    pub(crate) l3: usize,
}

/// Assumed if the CPU does not tell its sizes: those of a small CPU of the last ten years.
const USUAL: Caches = Caches { l1: 32 << 10, l2: 512 << 10, l3: 8 << 20 };

impl Caches {
    /// The caches of this CPU, looked up once.
    pub(crate) fn get() -> Self {
        static CACHES: OnceLock<Caches> = OnceLock::new();
        *CACHES.get_or_init(|| Self::detect().unwrap_or(USUAL))
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn detect() -> Option<Self> {
        None
    }

    /// Reads the CPUID leaf that lists the caches: 4 on Intel's CPUs (Software Developer's Manual, volume 2, CPUID),
    /// 8000001Dh in the same layout on AMD's (Programmer's Manual, volume 3, appendix E).
    #[cfg(target_arch = "x86_64")]
    fn detect() -> Option<Self> {
        use std::arch::x86_64::{__cpuid, __cpuid_count};
        const AMD: u32 = 0x8000_001d;
        let leaf = match __cpuid(0).eax >= 4 && __cpuid_count(4, 0).eax & 0x1f != 0 {
            true => 4,
            false if __cpuid(0x8000_0000).eax >= AMD => AMD,
            false => return None,
        };
        let mut bytes = [0; 4];
        // Type 0 ends the list; the bound is for a hypervisor that does not end it.
        for cache in (0..16).map(|i| __cpuid_count(leaf, i)).take_while(|cache| cache.eax & 0x1f != 0) {
            let holds_data = cache.eax & 0x1f != 2;
            let level = (cache.eax >> 5 & 0x7) as usize;
            let [line, partitions, ways] = [cache.ebx & 0xfff, cache.ebx >> 12 & 0x3ff, cache.ebx >> 22];
            let size = [line, partitions, ways, cache.ecx].iter().map(|&less_one| less_one as usize + 1).product();
            if let (true, Some(bytes)) = (holds_data, bytes.get_mut(level)) {
                *bytes = size;
            }
        }
        let [_, l1, l2, l3] = bytes;
        (l1 > 0 && l2 > 0).then_some(Self { l1, l2, l3: l3.max(l2) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sizes_are_those_of_a_cpu() {
        let caches = Caches::get();
        assert!((4 << 10..=1 << 20).contains(&caches.l1), "{caches:?}");
        assert!(caches.l1 <= caches.l2 && caches.l2 <= caches.l3 && caches.l3 <= 4 << 30, "{caches:?}");
    }
}
