//! What other programs took of the CPUs that this process may use, while a sample ran.
//!
//! Programs on other CPUs take nothing: an affinity mask keeps a sample away from those. A quota leaves some CPUs idle,
//! and other programs take something only once they keep more CPUs busy than that. Off Linux every figure is zero.

use crate::system::{allowed_cpus, read, tick_seconds};

/// The CPUs that this process may use, and how many of them its quota leaves to others.
#[derive(Debug, Clone)]
pub struct Neighbours {
    /// Empty: all of the machine's.
    cpus: Vec<usize>,
    spare: f64,
}

/// The clocks of the CPUs at one moment, in seconds since the machine started, summed over them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Clocks {
    /// Seconds in which they ran something of this machine; to wait for a disk is not to run.
    busy_s: f64,
    /// Seconds that the host of a virtual machine ran something else.
    steal_s: f64,
}

/// CPU seconds that a sample did not get. The kernel counts in ticks, of 10 ms as a rule, for each CPU.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Taken {
    /// By the host of a virtual machine.
    pub steal_s: f64,
    /// By other processes of this machine. May be some ticks below zero, and is not cut off there: the figure of one
    /// short run says little, and a sum over many must not be biased.
    pub others_s: f64,
}

impl Neighbours {
    /// The CPUs of the calling thread, and of the processes that it starts.
    #[must_use]
    pub fn of_this_thread() -> Self {
        let cpus = allowed_cpus().unwrap_or_default();
        let spare = crate::cgroup::cpu_quota().map_or(0.0, |quota| (cpus.len() as f64 - quota).max(0.0));
        Self { cpus, spare }
    }

    /// The clocks now.
    #[must_use]
    pub fn clocks(&self) -> Clocks {
        read("/proc/stat").map(|stat| self.clocks_in(&stat)).unwrap_or_default()
    }

    /// What other programs took between two readings of the clocks, `wall_s` seconds apart, of which the sample itself
    /// used `own_s` CPU seconds.
    #[must_use]
    pub fn took(&self, [from, to]: [Clocks; 2], wall_s: f64, own_s: f64) -> Taken {
        let others_s = to.busy_s - from.busy_s - own_s;
        // So much of it the quota kept from us anyway.
        let spare_s = (self.spare * wall_s).min(others_s.max(0.0));
        Taken { steal_s: (to.steal_s - from.steal_s).max(0.0), others_s: others_s - spare_s }
    }

    /// The clocks of these CPUs, or of all if the text lacks one of them: some containers renumber theirs.
    fn clocks_in(&self, stat: &str) -> Clocks {
        let each = || self.cpus.iter().map(|cpu| clocks(stat, &format!("cpu{cpu} "))).collect::<Option<Vec<_>>>();
        let listed = each().filter(|each| !each.is_empty());
        let sum = |a: Clocks, b: Clocks| Clocks { busy_s: a.busy_s + b.busy_s, steal_s: a.steal_s + b.steal_s };
        match listed {
            Some(each) => each.into_iter().fold(Clocks::default(), sum),
            None => clocks(stat, "cpu ").unwrap_or_default(),
        }
    }
}

/// What a line of `/proc/stat` says. Its numbers are ticks of user, nice, system, idle, waiting for a disk, interrupts,
/// soft interrupts and stolen, in this order; what guests used is inside the first.
fn clocks(stat: &str, name: &str) -> Option<Clocks> {
    let line = stat.lines().find_map(|line| line.strip_prefix(name))?;
    let numbers = line.split_ascii_whitespace().take(8).map(|field| field.parse().ok());
    let numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
    let [user, nice, system, _idle, _iowait, interrupts, soft_interrupts, stolen] = numbers[..] else { return None };
    let busy = [user, nice, system, interrupts, soft_interrupts].into_iter().try_fold(0, u64::checked_add)?;
    Some(Clocks { busy_s: busy as f64 * tick_seconds(), steal_s: stolen as f64 * tick_seconds() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STAT: &str = "cpu  300 10 100 9000 0 20 30 70 0 0
cpu0 200 0 50 4000 0 10 10 60 0 0
cpu1 100 10 50 5000 0 10 20 10 0 0
cpu10 7 7 7 7 7 7 7 7 0 0
";

    fn of(cpus: &[usize], spare: f64) -> Neighbours {
        Neighbours { cpus: cpus.into(), spare }
    }

    #[test]
    fn only_the_cpus_that_may_be_used_count() {
        let ticks = |busy, stolen| {
            let (busy_s, steal_s) = (f64::from(busy) * tick_seconds(), f64::from(stolen) * tick_seconds());
            Clocks { busy_s, steal_s }
        };
        let close = |a: Clocks, b: Clocks| (a.busy_s - b.busy_s).abs() + (a.steal_s - b.steal_s).abs() < 1e-9;
        for (cpus, expected) in [
            (&[0][..], ticks(270, 60)),
            (&[1], ticks(190, 10)),
            (&[0, 1], ticks(460, 70)),
            (&[], ticks(460, 70)),
            (&[0, 2], ticks(460, 70)), // one that is not listed: the machine's
        ] {
            let read = of(cpus, 0.0).clocks_in(STAT);
            assert!(close(read, expected), "{cpus:?}: {read:?}, not {expected:?}");
        }
    }

    #[test]
    fn under_a_quota_others_may_have_the_rest() {
        let clocks = |busy_s| Clocks { busy_s, steal_s: 0.0 };
        // Ten seconds on four CPUs, of which the quota leaves two and a half.
        let took = |others: f64| of(&[0, 1, 2, 3], 2.5).took([clocks(0.0), clocks(others + 15.0)], 10.0, 15.0).others_s;
        assert_eq!(
            [took(0.0), took(25.0), took(28.0), took(-0.01)].map(|s| (s * 1e6).round() / 1e6),
            [0.0, 0.0, 3.0, -0.01]
        );
        let without = of(&[0, 1], 0.0).took([clocks(0.0), clocks(20.0)], 10.0, 15.0);
        assert_eq!(without, Taken { steal_s: 0.0, others_s: 5.0 });
    }

    #[test]
    fn hostile_texts_give_nothing() {
        for text in ["", "cpu ", "cpu0 1 2 3", "cpu  1 2 3 4 5 6 7 -8", "cpu  18446744073709551615 1 0 0 0 0 0 0"] {
            assert_eq!(of(&[0], 0.0).clocks_in(text), Clocks::default(), "{text:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_clocks() {
        let neighbours = Neighbours::of_this_thread();
        assert!(!neighbours.cpus.is_empty() && neighbours.clocks().busy_s > 0.0, "{neighbours:?}");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(cpu[0-9]* |[0-9 \n-]|\\PC){0,60}") {
            let _ = of(&[0, 1], 0.0).clocks_in(&text);
        }
    }
}
