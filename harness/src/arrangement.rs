//! The arrangements that the studies compare: one thread in all, all threads inside the operation, all workers outside
//! it.

use gingham_runtime::combination::{Combination, ExecutorKind};
use strum::{IntoStaticStr, VariantArray};

/// How the threads of a combination are spread, where it is one of the ways that the studies compare; as a text, its
/// name in tables. The first is the one that the others are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
pub enum Arrangement {
    /// One thread in all.
    #[strum(to_string = "serial")]
    Serial,
    /// One task at a time, a thread on each CPU inside it.
    #[strum(to_string = "all threads inside")]
    Inside,
    /// A worker on each CPU, one thread inside each task.
    #[strum(to_string = "all workers outside")]
    Outside,
}

impl Arrangement {
    /// Whether a combination is arranged so on `cpus` usable CPUs. A peer never is: it does not say how it spreads its
    /// threads. One CPU has the serial arrangement alone.
    #[must_use]
    pub fn includes(self, combination: &Combination, cpus: usize) -> bool {
        let (workers, threads) = (combination.workers, combination.op_threads.get());
        let is_so = match self {
            Self::Serial => (workers, threads) == (1, 1),
            Self::Inside => (workers, threads) == (1, cpus) && cpus > 1,
            Self::Outside => (workers, threads) == (cpus, 1) && cpus > 1,
        };
        is_so && combination.executor != ExecutorKind::Peer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_arranged_how() {
        let arranged = |name: &str, cpus| {
            let combination: Combination = name.parse().unwrap();
            Arrangement::VARIANTS.iter().copied().filter(|one| one.includes(&combination, cpus)).collect::<Vec<_>>()
        };
        assert_eq!(arranged("a+serial", 4), [Arrangement::Serial]);
        assert_eq!(arranged("a:4+serial", 4), [Arrangement::Inside]);
        assert_eq!(arranged("a+threads:4:8", 4), [Arrangement::Outside]);
        assert_eq!(arranged("a+serial", 1), [Arrangement::Serial]);
        for neither in ["a:2+serial", "a+threads:2", "a:2+threads:4", "peer/numpy"] {
            assert_eq!(arranged(neither, 4), [], "{neither}");
        }
    }
}
