//! The threads of matrixmultiply 0.3, which every library that multiplies by it shares: `ndarray` and `nalgebra`, too.
//!
//! The library reads their count from the environment once, at its first product, and does not report it. This module
//! reads it by the same rule, also once, so that a later change of the environment misleads neither.
//!
//! The library keeps these threads as long as the process lives, and waits for them even in a forked child, which lacks
//! them; [`enter`] refuses that.

use std::sync::OnceLock;

use gingham_core::fork::Home;
use gingham_core::{BackendId, Error, Limit, OpThreads, Threading, Variable};

/// The variable that sets the threads, read once a process.
pub const VAR: &str = "MATMUL_NUM_THREADS";

/// The counts that the library can use: it splits its loops in two, once or twice.
const ALLOWED: &[usize] = &[1, 2, 4];

/// How op threads reach a backend whose products are matrixmultiply's.
pub const THREADING: Threading = Threading::AtStart { var: VAR, allowed: ALLOWED };

/// The variables that such a backend reads.
pub const VARIABLES: [Variable; 1] = [Variable::new(VAR, "op threads: 1, 2 or 4; all cores where it is unset")];

/// The answer of such a backend to [`Backend::limit`](gingham_core::Backend::limit).
///
/// # Errors
/// [`Error::Threads`] unless the library works with as many.
pub fn limit(backend: BackendId, threads: OpThreads) -> Result<Limit<'static>, Error> {
    Limit::at_start(backend, VAR, started(), threads)
}

/// Is called before each product of m x k by k x n, on behalf of `backend`.
///
/// # Errors
/// [`Error::Forked`] where the product would wait for threads that this process does not have.
pub fn enter(backend: BackendId, [m, k, n]: [usize; 3]) -> Result<(), Error> {
    /// The library starts its threads at the first product, whatever its size, once for all backends that call it.
    static THREADS: Home = Home::unknown();
    THREADS.settle();
    match uses_threads(m, k, n) && THREADS.is_elsewhere() && started() > 1 {
        true => Err(Error::Forked { backend }),
        false => Ok(()),
    }
}

/// The count that the library works with in this process: the largest possible count that is not above the value of
/// [`VAR`]. An unset or empty variable stands for the physical cores, a value that is not a number for 1. These are the
/// rules of `src/threading.rs`, which counts physical cores by the crate `num_cpus`, too.
fn started() -> usize {
    static STARTED: OnceLock<usize> = OnceLock::new();
    *STARTED.get_or_init(|| round_down(wanted(std::env::var(VAR).ok())))
}

/// Whether a product is large enough for a second thread (`LoopThreadConfig` in `src/threading.rs`).
fn uses_threads(m: usize, k: usize, n: usize) -> bool {
    m.saturating_add(n).saturating_mul(k) >= 2 << 14
}

fn wanted(value: Option<String>) -> usize {
    match value {
        Some(value) if !value.is_empty() => value.parse().unwrap_or(1),
        _ => num_cpus::get_physical(),
    }
}

fn round_down(wanted: usize) -> usize {
    ALLOWED.iter().rev().copied().find(|&count| count <= wanted).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_rounded_down_to_an_allowed_one() {
        let rounded: Vec<_> = [0, 1, 2, 3, 4, 64].iter().map(|&n| round_down(n)).collect();
        assert_eq!(rounded, [1, 1, 2, 2, 4, 4]);
    }

    #[test]
    fn small_products_use_no_thread() {
        assert!(!uses_threads(127, 128, 127) && uses_threads(128, 128, 128));
    }

    #[test]
    fn what_is_not_a_number_is_one_and_what_is_empty_is_unset() {
        assert_eq!(wanted(Some("3".into())), 3);
        assert_eq!(wanted(Some(" 3".into())), 1);
        assert_eq!(wanted(Some("many".into())), 1);
        assert_eq!(wanted(Some(String::new())), num_cpus::get_physical());
        assert_eq!(wanted(None), num_cpus::get_physical());
    }
}
