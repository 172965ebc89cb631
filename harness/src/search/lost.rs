//! How much CPU time other programs took while something was measured, and whether that is too much.

use crate::sample::Sample;

/// The standard deviation of a reading of the CPUs' clocks in seconds, for each sample and CPU.
const TICK_S: f64 = 0.0041;

/// A loss counts only beyond this many standard deviations of the clocks.
const DEVIATIONS: f64 = 3.0;

/// The share of the CPU time that other programs may take before the reader is warned.
const MOST: f64 = 0.05;

/// The CPU time that other programs took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lost {
    /// CPU seconds that they had.
    seconds: f64,
    /// CPU seconds in all.
    of_s: f64,
    /// How many times a CPU's clock was read at both ends.
    readings: f64,
}

impl Lost {
    /// What other programs took of `cpus` CPUs during `sample`.
    pub(crate) fn during(sample: &Sample, cpus: usize) -> Self {
        let cpus = cpus as f64;
        Self { seconds: sample.steal_s + sample.others_s, of_s: sample.wall_s * cpus, readings: cpus }
    }

    /// The share of the CPU time; 0 where it is within the error of the clocks.
    pub(crate) fn share(&self) -> f64 {
        if self.seconds > DEVIATIONS * TICK_S * self.readings.sqrt() { self.seconds / self.of_s } else { 0.0 }
    }

    /// A warning to the reader, where so much was lost that the figures cannot be trusted.
    pub(crate) fn told(&self) -> Option<String> {
        let share = self.share();
        (share > MOST).then(|| {
            let percent = share * 100.0;
            format!("other programs, or the host of this machine, had {percent:.0} % of the CPU time meanwhile")
        })
    }
}

impl std::ops::AddAssign for Lost {
    fn add_assign(&mut self, other: Self) {
        self.seconds += other.seconds;
        self.of_s += other.of_s;
        self.readings += other.readings;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_took_is_told_beyond_a_twentieth_and_the_ticks() {
        let lost = |others_s, steal_s| {
            let sample = Sample { wall_s: 1.0, others_s, steal_s, ..Sample::default() };
            Lost::during(&sample, 2).told()
        };
        assert_eq!(lost(0.05, 0.04), None);
        let told = lost(0.4, 0.2).expect("0.6 of 2 CPU seconds");
        assert_eq!(told, "other programs, or the host of this machine, had 30 % of the CPU time meanwhile");
        let short = Sample { wall_s: 0.02, others_s: 0.01, ..Sample::default() };
        assert_eq!(Lost::during(&short, 2).told(), None, "a tick");
    }
}
