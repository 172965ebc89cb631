//! The most that this machine's cores and memory can give, measured in at most two seconds.
//!
//! A rate alone says little: 90 GF/s is excellent on one core of one machine and poor on another. A rate as per cent of
//! the ceiling says how much is left to gain. So the ceilings must be true maxima, and their loops share no code with
//! the kernels that are later compared with them.
//!
//! Each figure is the best of several short runs of several forms of a loop (vector width, number of streams, with and
//! without prefetch): a disturbance can only make a run slower, and no form is the quickest on every CPU. For all
//! cores, every thread runs the same form at once, and the rate is the sum of their work over the time from the first
//! start to the last end: if each thread's own time counted, two threads that the scheduler ran one after the other
//! would count as two cores.

mod bandwidth;
mod fma;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, OnceLock};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::system::{allowed_cpus, bind_to};
use crate::topology::Machine;

/// Time for each of the ten figures: 1 s together, which leaves half of the two seconds for touching the memory and for
/// runs that end late.
const SHARE: Duration = Duration::from_millis(100);

/// Ceilings of one core and of all usable CPUs together; 0 where they were not measured.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ceilings {
    /// One thread, with the machine to itself.
    pub per_core: Rates,
    /// One thread on each usable CPU, all at once.
    pub all_cores: Rates,
    /// Threads of `all_cores`: [`Machine::usable_cpus`], or as many as the system lets this process start at once.
    pub threads: usize,
    /// Bytes that each run of a bandwidth loop goes through once: four times the last-level caches unless memory or
    /// time forbade it. With fewer than twice those caches, a part of them is read from the caches.
    pub footprint_bytes: u64,
}

/// The highest rates, per second.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Rates {
    /// Double-precision FLOP/s out of registers; a fused multiply-add counts as two.
    pub fma_f64: f64,
    /// Single-precision FLOP/s out of registers; a fused multiply-add counts as two.
    pub fma_f32: f64,
    /// Bytes read from memory per second.
    pub read: f64,
    /// Bytes written to memory per second, by stores that do not read the line first where the CPU has them.
    pub write: f64,
    /// Bytes moved per second when copying memory to memory: those read plus those written.
    pub copy: f64,
}

impl Ceilings {
    /// Ceilings that were measured elsewhere, or that a model of a machine has: those of one core, those of `threads`
    /// threads at once, and the bytes that a loop went through.
    #[must_use]
    pub fn new(per_core: Rates, all_cores: Rates, threads: usize, footprint_bytes: u64) -> Self {
        Self { per_core, all_cores, threads, footprint_bytes }
    }

    /// Measures the machine that `machine` describes, which must be this one: its usable CPUs give the number of
    /// threads, its caches and memory the bytes to go through.
    ///
    /// Takes about 1.5 s, up to half a second of it for the first touch of memory, and gives the memory back. It holds
    /// the usable CPUs busy meanwhile; whatever else runs lowers the figures.
    pub fn measure(machine: &Machine) -> Ceilings {
        let mut loops = Loops::new(machine);
        let threads = loops.threads;
        let [per_core, all_cores] = [1, threads].map(|threads| {
            let mut rate = |resource| loops.rate(resource, threads, SHARE).unwrap_or_default();
            Rates {
                fma_f64: rate(Resource::FmaF64),
                fma_f32: rate(Resource::FmaF32),
                read: rate(Resource::Read),
                write: rate(Resource::Write),
                copy: rate(Resource::Copy),
            }
        });
        Ceilings { per_core, all_cores, threads, footprint_bytes: loops.memory.bytes() }
    }

    /// Why the ceilings of all cores are too low, if they are.
    #[must_use]
    pub fn doubt(&self, machine: &Machine) -> Option<String> {
        let (started, wanted) = (self.threads, machine.usable_cpus);
        (started < wanted).then(|| {
            format!(
                "{started} of {wanted} threads could be started: what all cores can do is known of {started} alone; \
                 `ulimit -u` says how many a user may have"
            )
        })
    }
}

/// What a loop uses up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// The multiply-add units, in `f64`.
    FmaF64,
    /// The multiply-add units, in `f32`.
    FmaF32,
    /// The multiply-add units, in `f64`, by instructions of AVX2 alone.
    Avx2F64,
    /// The multiply-add units, in `f32`, by instructions of AVX2 alone.
    Avx2F32,
    /// Memory, read.
    Read,
    /// Memory, written.
    Write,
    /// Memory, copied to memory.
    Copy,
}

/// The loops with the memory that they go through. A caller may run them beside a kernel, as often as the kernel.
pub struct Loops {
    memory: bandwidth::Memory,
    threads: usize,
}

impl Loops {
    /// Allocates the memory, and touches it, for up to as many threads as `machine`, which must be this one, has
    /// usable CPUs and the system lets this process start.
    pub fn new(machine: &Machine) -> Loops {
        let threads = together(vec![(); machine.usable_cpus.max(1)], |_, _, ()| ()).len();
        Loops { memory: bandwidth::Memory::touched(machine, threads), threads }
    }

    /// The highest rate of `resource` in FLOP or bytes a second, on `threads` threads at once (at most as many as the
    /// memory was made for), in as many runs as begin within `share`; the forms of the loop take turns of some
    /// milliseconds. `None` where the CPU lacks the instructions.
    pub fn rate(&mut self, resource: Resource, threads: usize, share: Duration) -> Option<f64> {
        let threads = threads.clamp(1, self.threads);
        let fma = |forms: Vec<Form<()>>| {
            let mut registers = vec![(); threads]; // all that the arithmetic loops need of a part
            (!forms.is_empty()).then(|| best(registers.iter_mut().collect(), &forms, share))
        };
        match resource {
            Resource::FmaF64 => fma(fma::f64_forms()),
            Resource::FmaF32 => fma(fma::f32_forms()),
            Resource::Avx2F64 => fma(fma::avx2_f64().into_iter().collect()),
            Resource::Avx2F32 => fma(fma::avx2_f32().into_iter().collect()),
            Resource::Read => Some(best(self.memory.parts(threads), bandwidth::READ, share)),
            Resource::Write => Some(best(self.memory.parts(threads), bandwidth::WRITE, share)),
            Resource::Copy => Some(best(self.memory.parts(threads), bandwidth::COPY, share)),
        }
    }
}

/// One form of a loop: runs it for some milliseconds on a thread's part and returns the work done (FLOP or bytes).
type Form<S> = fn(&mut S) -> f64;

/// The highest rate (work per second) of any form, run on a thread per part, or on as many as the system starts, in as
/// many runs as begin within `share`.
fn best<S: Send + ?Sized>(parts: Vec<&mut S>, forms: &[Form<S>], share: Duration) -> f64 {
    let (meeting, enough, begin) = (OnceLock::new(), AtomicBool::new(false), Instant::now());
    let threads: Vec<Vec<(f64, Instant, Instant)>> = together(parts, |thread, threads, part: &mut S| {
        let (barrier, gate) = meeting.get_or_init(|| (Barrier::new(threads), Gate::new(threads)));
        if threads > 1 {
            bind(thread);
        }
        let mut runs = Vec::new();
        for form in forms.iter().cycle() {
            // One thread decides for all, before any other reads the decision. Sleeping at the barrier gives each
            // thread a fresh slice of its CPU on a busy machine; passing the gate then starts them together.
            if barrier.wait().is_leader() && !runs.is_empty() && begin.elapsed() >= share {
                enough.store(true, Ordering::Relaxed);
            }
            gate.pass();
            if enough.load(Ordering::Relaxed) {
                break;
            }
            let start = Instant::now();
            let work = form(part);
            runs.push((work, start, Instant::now()));
        }
        runs
    });
    let rate = |run: usize| {
        let (work, start, end) = threads[1..].iter().fold(threads[0][run], |(work, start, end), runs| {
            let (w, s, e) = runs[run];
            (work + w, start.min(s), end.max(e))
        });
        work / (end - start).as_secs_f64()
    };
    (0..threads[0].len()).map(rate).fold(0.0, f64::max)
}

/// Calls `body` for each part on a thread of its own, once all threads have started, with the thread's number and the
/// number of threads. Once the system refuses a thread, no more are started and the other parts are left out; one part
/// is always run.
fn together<S: Send, R: Send>(parts: Vec<S>, body: impl Fn(usize, usize, S) -> R + Sync) -> Vec<R> {
    let (started, body) = (&OnceLock::new(), &body);
    let mut parts = parts.into_iter();
    if parts.len() == 1 {
        return parts.map(|part| body(0, 1, part)).collect();
    }
    std::thread::scope(|scope| {
        let start = |(thread, part)| {
            let run = move || body(thread, *started.wait(), part);
            std::thread::Builder::new().spawn_scoped(scope, run).ok()
        };
        let threads: Vec<_> = (0..).zip(&mut parts).map_while(start).collect();
        let _ = started.set(threads.len());
        if threads.is_empty() {
            return parts.take(1).map(|part| body(0, 1, part)).collect();
        }
        threads.into_iter().map(|thread| thread.join().expect("the loops do not panic")).collect()
    })
}

/// Binds the calling thread to one of the CPUs that it may use, and each `thread` to a different one while there are
/// enough. Without this, two threads that live for some milliseconds were seen to share a CPU to their end (Zen 4).
fn bind(thread: usize) {
    let cpus = allowed_cpus().unwrap_or_default();
    if let Some(&cpu) = cpus.get(thread % cpus.len().max(1)) {
        bind_to(cpu);
    }
}

/// A gate at which threads wait for each other, spinning: from a barrier, one wakes some 45 us after the other.
struct Gate {
    threads: usize,
    arrived: AtomicUsize,
}

impl Gate {
    fn new(threads: usize) -> Self {
        Self { threads, arrived: AtomicUsize::new(0) }
    }

    /// Returns once all threads have arrived as often as this one.
    fn pass(&self) {
        let before = self.arrived.fetch_add(1, Ordering::AcqRel);
        let all = (before / self.threads + 1) * self.threads;
        let mut spins = 0u32;
        while self.arrived.load(Ordering::Acquire) < all {
            spins += 1;
            // The other thread may need this very CPU.
            if spins.is_multiple_of(1 << 12) { std::thread::yield_now() } else { std::hint::spin_loop() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_passes_the_gate_before_all_have_come() {
        let (gate, come) = (Gate::new(3), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for round in 1..=200 {
                        come.fetch_add(1, Ordering::SeqCst);
                        gate.pass();
                        assert_eq!(come.load(Ordering::SeqCst), 3 * round);
                        gate.pass();
                    }
                });
            }
        });
    }

    #[test]
    fn the_rate_is_of_all_parts_and_of_the_quickest_form() {
        let forms: [Form<()>; 2] = [
            |()| {
                std::thread::sleep(Duration::from_millis(40));
                1.0
            },
            |()| {
                std::thread::sleep(Duration::from_millis(1));
                1.0
            },
        ];
        let mut parts = [(), ()];
        let rate = best(parts.iter_mut().collect(), &forms, SHARE);
        assert!(rate > 50.0, "{rate}: the slow form alone gives 2 units in 40 ms at most");
        assert!(rate <= 2000.0, "{rate}: the quick form gives 2 units in 1 ms at most");
    }
}
