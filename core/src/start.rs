//! The thread count that a library reads from the environment once, when it first works.
//!
//! Such a library never says what it read. [`started_threads`] reads the variable by the same rule, and once, too, so
//! that a later change of the environment deceives neither.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// The count that a library in this process works with, which takes the counts `allowed` (rising) from `var`:
/// the largest one that is not above the variable's value.
///
/// An unset or empty variable stands for the physical cores, a value that is no number for 1. These are the rules of
/// matrixmultiply 0.3 (`src/threading.rs`), which counts physical cores as the crate `num_cpus` does.
pub fn started_threads(var: &'static str, allowed: &'static [usize]) -> usize {
    static STARTED: Mutex<BTreeMap<&str, usize>> = Mutex::new(BTreeMap::new());
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    *started.entry(var).or_insert_with(|| round_down(wanted(std::env::var(var).ok()), allowed))
}

fn wanted(value: Option<String>) -> usize {
    match value {
        Some(value) if !value.is_empty() => value.parse().unwrap_or(1),
        _ => physical_cores(),
    }
}

fn round_down(wanted: usize, allowed: &[usize]) -> usize {
    allowed.iter().rev().copied().find(|&count| count <= wanted).unwrap_or(1)
}

/// Physical cores of the machine, those outside this process's affinity included; where the system does not tell, the
/// CPUs that this process may use.
fn physical_cores() -> usize {
    let told = std::fs::read_to_string("/proc/cpuinfo").ok().map(|text| cores_in(&text)).filter(|&cores| cores > 0);
    told.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// The sum of `cpu cores` over the values of `physical id`.
fn cores_in(cpuinfo: &str) -> usize {
    let mut packages = BTreeSet::new();
    let mut package = "";
    for (key, value) in cpuinfo.lines().filter_map(|line| line.split_once(':')) {
        match key.trim() {
            "physical id" => package = value.trim(),
            "cpu cores" => _ = packages.insert((package, value.trim().parse().unwrap_or(0))),
            _ => {}
        }
    }
    packages.into_iter().map(|(_, cores): (_, usize)| cores).sum()
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
    fn what_is_no_number_is_one_and_what_is_empty_is_unset() {
        assert_eq!(wanted(Some("3".into())), 3);
        assert_eq!(wanted(Some(" 3".into())), 1);
        assert_eq!(wanted(Some("many".into())), 1);
        assert_eq!(wanted(Some(String::new())), physical_cores());
        assert_eq!(wanted(None), physical_cores());
    }

    #[test]
    fn cores_are_summed_over_packages() {
        let cpu = |package: u32| format!("processor : 0\nphysical id\t: {package}\nsiblings\t: 16\ncpu cores\t: 8\n\n");
        assert_eq!(cores_in(&cpu(0)), 8);
        assert_eq!(cores_in(&(cpu(0) + &cpu(0) + &cpu(1))), 16);
        assert_eq!(cores_in("processor : 0\nBogoMIPS : 50\n"), 0);
    }
}
