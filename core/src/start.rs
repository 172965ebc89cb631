//! The thread count that a library reads from the environment once, when it first works.
//!
//! Such a library never says what it read. [`started_threads`] reads the variable by the same rule, and once, too, so
//! that a later change of the environment deceives neither.
//!
//! It keeps those threads as long as the process lives, and never notices that a forked child has none of them:
//! [`enter`] does.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::fork::Home;
use crate::{BackendId, Error};

/// The count that a library in this process works with, which takes the counts `allowed` (rising) from `var`:
/// the largest one that is not above the variable's value.
///
/// An unset or empty variable stands for the physical cores, a value that is no number for 1. These are the rules of
/// matrixmultiply 0.3 (`src/threading.rs`), which counts physical cores by the crate `num_cpus`, too.
pub fn started_threads(var: &'static str, allowed: &'static [usize]) -> usize {
    static STARTED: Mutex<BTreeMap<&str, usize>> = Mutex::new(BTreeMap::new());
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    *started.entry(var).or_insert_with(|| round_down(wanted(std::env::var(var).ok()), allowed))
}

/// To be called before each product of m x k by k x n in matrixmultiply 0.3, on behalf of `backend`; the threads are
/// those of [`started_threads`].
///
/// # Errors
/// [`Error::Forked`] where the product would wait for threads that this process has not got.
pub fn enter(
    backend: BackendId,
    var: &'static str,
    allowed: &'static [usize],
    [m, k, n]: [usize; 3],
) -> Result<(), Error> {
    /// The library starts its threads at the first product, whatever its size, once for all backends that call it.
    static THREADS: Home = Home::unknown();
    THREADS.settle();
    match uses_threads(m, k, n) && THREADS.is_elsewhere() && started_threads(var, allowed) > 1 {
        true => Err(Error::Forked { backend }),
        false => Ok(()),
    }
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

fn round_down(wanted: usize, allowed: &[usize]) -> usize {
    allowed.iter().rev().copied().find(|&count| count <= wanted).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_rounded_down_to_an_allowed_one() {
        let rounded: Vec<_> = [0, 1, 2, 3, 4, 64].iter().map(|&n| round_down(n, &[1, 2, 4])).collect();
        assert_eq!(rounded, [1, 1, 2, 2, 4, 4]);
    }

    #[test]
    fn small_products_use_no_thread() {
        assert!(!uses_threads(127, 128, 127) && uses_threads(128, 128, 128));
    }

    #[test]
    fn what_is_no_number_is_one_and_what_is_empty_is_unset() {
        assert_eq!(wanted(Some("3".into())), 3);
        assert_eq!(wanted(Some(" 3".into())), 1);
        assert_eq!(wanted(Some("many".into())), 1);
        assert_eq!(wanted(Some(String::new())), num_cpus::get_physical());
        assert_eq!(wanted(None), num_cpus::get_physical());
    }
}
