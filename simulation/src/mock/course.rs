//! The mock machine: every candidate has a true time, and samples advance the clock.

use gingham_harness::journal::Resumable;
use gingham_harness::outcome::Sample;
use gingham_harness::search::{Course, Failure, Process, Started, Stopped, sampling};

use super::fields::MockCandidate;
use super::noise::{Noise, bits, uniform};
use super::{CPUS, Setting};

/// Seconds that a start takes, and everything around a sample.
const START_S: f64 = 0.05;
const AROUND_S: f64 = 0.001;

/// A burst: how long it lasts, how far they are apart on average, and how much slower everything is meanwhile.
const BURST_S: f64 = 0.2;
const BURST_EVERY_S: f64 = 2.0;
const BURST_FACTOR: f64 = 2.0;

/// The part of the machine's CPU time that other programs take during a burst.
const BURST_SHARE: f64 = 0.5;

/// Rounds vary, for all candidates alike, by this many times the paired log-sd.
const ROUND_EFFECT: f64 = 2.0;

/// What happens to the machine during a tuning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Disturbance {
    /// Nothing.
    None,
    /// Everything becomes slower, by 30 % in this many seconds.
    Drift(f64),
    /// Every two seconds, on average, everything is half as fast for a fifth of a second, and the kernel counts that
    /// time as other programs'.
    Bursts,
    /// The same, but no counter shows it.
    SilentBursts,
}

/// The mock machine.
#[derive(Debug)]
pub struct Machine<'a> {
    field: &'a [MockCandidate],
    setting: &'a Setting<'a>,
    disturbance: Disturbance,
    seed: u64,
    clock_s: f64,
    /// When bursts begin, up to some time after `clock_s`.
    bursts: Vec<f64>,
}

impl<'a> Machine<'a> {
    /// At the start of its clock.
    pub fn new(field: &'a [MockCandidate], setting: &'a Setting<'a>, disturbance: Disturbance, seed: u64) -> Self {
        Self { field, setting, disturbance, seed, clock_s: 0.0, bursts: Vec::new() }
    }

    /// The same machine at another time.
    pub fn at(self, clock_s: f64) -> Self {
        Self { clock_s, ..self }
    }

    /// The log of a sample's time over its true time. Draws depend on the candidate's name, not on its place.
    fn log(&self, process: Process, round: usize) -> f64 {
        let candidate = &self.field[process.candidate];
        let name = candidate.name.bytes().fold(0, |hash, byte| bits(&[hash, u64::from(byte)]));
        let process = bits(&[self.seed, name, process.role as u64]);
        let Setting { noise, paired_sd, process_sd, .. } = *self.setting;
        let own = candidate.noisy * noise.draw(bits(&[process, round as u64]));
        let shared = noise.draw(bits(&[self.seed, round as u64]));
        paired_sd * total(own, shared) + process_sd * noise.draw(process)
    }

    /// Advances the clock by the time that `work` takes; returns the seconds of it that lay in bursts.
    fn pass(&mut self, work: f64) -> f64 {
        let mut in_bursts = 0.0;
        let mut left = work;
        while left > 0.0 {
            let (slow, until) = self.weather();
            let factor = if slow { BURST_FACTOR } else { 1.0 };
            let span = (left * factor).min(until - self.clock_s);
            left -= span / factor;
            self.clock_s += span;
            in_bursts += if slow { span } else { 0.0 };
            if left < 1e-12 {
                break;
            }
        }
        in_bursts
    }

    /// Whether a burst is on, and when that changes.
    fn weather(&mut self) -> (bool, f64) {
        if !matches!(self.disturbance, Disturbance::Bursts | Disturbance::SilentBursts) {
            return (false, f64::INFINITY);
        }
        loop {
            let now = self.clock_s + 1e-12;
            let after = self.bursts.iter().position(|&start| start > now);
            let Some(next) = after else {
                // Exponential gaps between the end of one burst and the start of the next.
                let last = self.bursts.last().map_or(0.0, |start| start + BURST_S);
                let gap = -(1.0 - uniform(bits(&[self.seed, 7, self.bursts.len() as u64]))).ln();
                self.bursts.push(last + gap * (BURST_EVERY_S - BURST_S));
                continue;
            };
            return match next.checked_sub(1).map(|last| self.bursts[last] + BURST_S) {
                Some(end) if end > now => (true, end),
                _ => (false, self.bursts[next]),
            };
        }
    }
}

impl Course for Machine<'_> {
    fn admit(&mut self, _: Process) -> Result<Started, Failure> {
        self.pass(START_S);
        let mut started = Started::default();
        started.version = "mock".into();
        Ok(started)
    }

    fn sample(&mut self, process: Process, round: usize, tasks: usize) -> Result<Sample, Failure> {
        let seconds = self.field[process.candidate].seconds;
        let repeat = sampling::repeats(tasks as f64 * seconds);
        let drift = match self.disturbance {
            Disturbance::Drift(span_s) => 1.0 + 0.3 * self.clock_s / span_s,
            _ => 1.0,
        };
        let started = self.clock_s;
        let in_bursts = self.pass((tasks * repeat) as f64 * seconds * self.log(process, round).exp() * drift);
        let wall_s = self.clock_s - started;
        let told = if self.disturbance == Disturbance::Bursts { in_bursts } else { 0.0 };
        let steal_s = told * CPUS as f64 * BURST_SHARE;
        self.pass(AROUND_S);
        let mut sample = Sample::new(round, wall_s, tasks * repeat);
        (sample.repeat, sample.steal_s) = (repeat, steal_s);
        Ok(sample)
    }

    fn dismiss(&mut self, _: Process, _: bool) -> Result<Stopped, Failure> {
        self.pass(AROUND_S);
        let mut stopped = Stopped::default();
        stopped.peak_rss_bytes = 1 << 26;
        Ok(stopped)
    }

    fn elapsed_s(&self) -> f64 {
        self.clock_s
    }
}

impl Resumable for Machine<'_> {
    fn restart(&mut self, _: Process, _: &Started) -> Result<(), Failure> {
        Ok(())
    }
}

/// The log of a time in paired log-sds, from standardised draws.
fn total(own: f64, shared: f64) -> f64 {
    own * std::f64::consts::FRAC_1_SQRT_2 + shared * ROUND_EFFECT
}

/// The median log of a time over its true time, in paired log-sds: the median of a sum is not the sum of the medians.
pub(super) fn median_log(noise: &Noise) -> f64 {
    let draws = (0..40_000).map(|i| total(noise.draw(bits(&[1, i])), noise.draw(bits(&[2, i]))));
    gingham_harness::stats::median(&draws.collect::<Vec<_>>())
}
