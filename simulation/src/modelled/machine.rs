//! A simulated machine: the time of a batch on 16 CPUs, from a stated cost model and the noise of recordings.
//!
//! Backends differ in the rate of one thread, in how their threads scale (Amdahl) and in what it costs to start them;
//! memory and CPUs are shared; tasks end in waves; executors cost a wake-up for each worker and a hand-out for each
//! chunk.

use gingham_core::{Backend, BackendId, Dot, Elementwise, Fill, MatMul, Ops, Registry};
use gingham_core::{DType, Error, Info, Limit, Op, OpThreads, Scalar, Support, Threading};
use gingham_harness::outcome::Sample;
use gingham_harness::replay::Recording;
use gingham_harness::search::{Course, Failure, Process, Role, Started, Stopped, sampling};
use gingham_runtime::waves::makespan;
use gingham_runtime::workload::Unit;
use gingham_runtime::{Combination, ExecutorKind, Workload};
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use crate::recordings::{logs, polish};

/// Usable CPUs.
pub const CPUS: usize = 16;

/// FLOP/s of one core, in double precision.
pub(super) const CORE: f64 = 60e9;

/// Bytes per second that one core moves.
pub(super) const CORE_MEMORY: f64 = 12e9;

/// How many cores the memory keeps busy.
pub(super) const MEMORY_GAIN: f64 = 5.0;

/// Seconds of a start: a process, its libraries, its first run.
const START_S: f64 = 0.06;

/// Seconds that waking one worker takes, and handing it one chunk.
const WAKE_S: f64 = 5e-6;
const HAND_OUT_S: f64 = 4e-7;

/// By how much each thread beyond the CPUs slows all others.
const CONTENTION: f64 = 0.15;

/// A backend of the model.
#[derive(Debug, Clone, Copy)]
struct Model {
    id: &'static str,
    threading: Threading,
    /// Which of the operations it does itself.
    arrays: bool,
    /// The share of the core's rate, or of its memory's, that one thread gets.
    rate: f64,
    /// The part of an operation that its threads do not share.
    serial: f64,
    /// Seconds that each further thread costs an operation.
    fork_s: f64,
}

const BACKENDS: [Model; 4] = [
    Model { id: "simd", threading: PER_CALL, arrays: true, rate: 0.88, serial: 0.02, fork_s: 3e-6 },
    Model { id: "openblas", threading: PROCESS, arrays: false, rate: 0.84, serial: 0.015, fork_s: 6e-6 },
    Model { id: "faer", threading: RAYON, arrays: false, rate: 0.80, serial: 0.03, fork_s: 4e-6 },
    Model { id: "ndarray", threading: AT_START, arrays: true, rate: 0.62, serial: 0.06, fork_s: 8e-6 },
];

const PER_CALL: Threading = Threading::PerCall { rayon: false };
const RAYON: Threading = Threading::PerCall { rayon: true };
const PROCESS: Threading = Threading::Process { var: "OPENBLAS_NUM_THREADS" };
const AT_START: Threading = Threading::AtStart { var: "MATMUL_NUM_THREADS", allowed: &[1, 2, 4] };

/// The reference: plain loops.
const REFERENCE_RATE: f64 = 0.03;

impl Backend for Model {
    fn info(&self) -> Info {
        Info::new(BackendId::new(self.id), "simulated", "1")
    }

    fn threading(&self) -> Threading {
        self.threading
    }

    fn support(&self, op: Op, _dtype: DType) -> Support {
        if op == Op::MatMul || self.arrays { Support::Native } else { Support::Fallback }
    }

    fn limit(&self, _threads: OpThreads) -> Result<Limit<'_>, Error> {
        Ok(Limit::empty())
    }
}

impl<T: Scalar> MatMul<T> for Model {}
impl<T: Scalar> Dot<T> for Model {}
impl<T: Scalar> Fill<T> for Model {}
impl<T: Scalar> Elementwise<T> for Model {}
impl Ops<f32> for Model {}
impl Ops<f64> for Model {}

/// The backends of the model, for the list of candidates.
pub(super) fn registry() -> Registry {
    BACKENDS.into_iter().fold(Registry::new(), Registry::with)
}

/// What a batch of `tasks` takes without noise, in seconds.
pub(super) fn seconds(combination: &Combination, workload: &Workload, tasks: usize) -> f64 {
    let Combination { backend, op_threads, executor, workers, chunk } = combination;
    let (threads, workers) = (op_threads.get(), (*workers).min(tasks).max(1));
    let of_memory = workload.unit() == Unit::Byte;
    let model = BACKENDS.iter().find(|model| model.id == backend);
    let (rate, serial, fork_s) = model.map_or((REFERENCE_RATE, 1.0, 0.0), |m| (m.rate, m.serial, m.fork_s));
    let alone = workload.work(1) / (rate * if of_memory { CORE_MEMORY } else { CORE });

    let threads_s = alone * (serial + (1.0 - serial) / threads.min(CPUS) as f64) + fork_s * (threads - 1) as f64;
    let busy = (workers * threads) as f64;
    let beyond = (busy / CPUS as f64).max(1.0);
    // If one operation has more threads than the machine has CPUs, the cost of sharing them has been counted already.
    let shared = beyond / (threads as f64 / CPUS as f64).max(1.0) * (1.0 + CONTENTION * (beyond - 1.0));
    let memory = if of_memory { (busy.min(CPUS as f64) / MEMORY_GAIN).max(1.0) } else { 1.0 };

    let rows = makespan(tasks, workers, *chunk);
    let executor_s = match executor {
        ExecutorKind::Serial | ExecutorKind::Peer => 0.0,
        ExecutorKind::Threads | ExecutorKind::Rayon | ExecutorKind::Processes(_) => {
            let chunks = if *chunk == 0 { workers } else { tasks.div_ceil(*chunk) };
            WAKE_S * workers as f64 + HAND_OUT_S * chunks as f64
        }
    };
    rows as f64 * threads_s * shared * memory + executor_s
}

/// Differences between recorded samples that combination and round do not explain, in logs.
#[derive(Debug, Clone)]
pub struct Noise {
    /// What the samples of a round have in common.
    rounds: Vec<f64>,
    /// What is left of each sample.
    samples: Vec<f64>,
}

impl Noise {
    /// The noise of recordings, all taken together.
    #[must_use]
    pub fn of(recordings: &[Recording]) -> Self {
        let mut noise = Self { rounds: Vec::new(), samples: Vec::new() };
        for recording in recordings {
            let mut trials: Vec<_> = recording.outcome().trials.iter().map(logs).collect();
            noise.rounds.extend(polish(&mut trials));
            let mut left = trials.concat();
            left.sort_by_key(|(round, _)| *round);
            noise.samples.extend(left.into_iter().map(|(_, log)| log));
        }
        noise
    }
}

/// A course on that machine.
pub(super) struct Simulated<'a> {
    combinations: Vec<Combination>,
    workload: &'a Workload,
    noise: &'a Noise,
    rng: ChaCha8Rng,
    rounds: Vec<f64>,
    elapsed_s: f64,
}

impl<'a> Simulated<'a> {
    /// `seed` sets the noise.
    pub(super) fn new(combinations: Vec<Combination>, workload: &'a Workload, noise: &'a Noise, seed: u64) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        Self { combinations, workload, noise, rng, rounds: Vec::new(), elapsed_s: 0.0 }
    }
}

impl Course for Simulated<'_> {
    fn admit(&mut self, process: Process) -> Result<Started, Failure> {
        let cold_s = 2.0 * seconds(&self.combinations[process.candidate], self.workload, 1);
        self.elapsed_s += START_S + cold_s;
        let mut started = Started::default();
        (started.version, started.cold_s) = ("1".into(), cold_s);
        Ok(started)
    }

    fn sample(&mut self, process: Process, round: usize, tasks: usize) -> Result<Sample, Failure> {
        while self.rounds.len() <= round {
            self.rounds.push(*self.noise.rounds.choose(&mut self.rng).unwrap_or(&0.0));
        }
        let noise = self.rounds[round] + self.noise.samples.choose(&mut self.rng).unwrap_or(&0.0);
        let once = seconds(&self.combinations[process.candidate], self.workload, tasks) * noise.exp();
        let repeat = sampling::repeats(once);
        let wall_s = once * repeat as f64;
        self.elapsed_s += wall_s + self.rng.random_range(0.001..0.004);
        let mut sample = Sample::new(round, wall_s, tasks * repeat);
        sample.repeat = repeat;
        Ok(sample)
    }

    fn dismiss(&mut self, process: Process, _judge: bool) -> Result<Stopped, Failure> {
        let threads = self.combinations[process.candidate].runnable() as u64;
        let private = u64::from(process.role == Role::Private) * self.workload.batch_bytes();
        let mut stopped = Stopped::default();
        stopped.peak_rss_bytes = (20 << 20) + (threads << 20) + private;
        Ok(stopped)
    }

    fn elapsed_s(&self) -> f64 {
        self.elapsed_s
    }
}
