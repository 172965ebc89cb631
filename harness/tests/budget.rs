//! What a tuning of long tasks does with its budget, on a mock machine of two cores whose clock goes by the work: the
//! studies' own sizes get an answer in time, and a budget that the program advises is enough.

use gingham_harness::outcome::Sample;
use gingham_harness::search::{
    Course, Failure, Found, Model, Needed, Process, Rules, Started, Stopped, Unstarted, Warning, sampling, search,
};
use gingham_harness::space::Candidate;
use gingham_runtime::Combination;
use gingham_runtime::waves::{makespan, wave};

const CPUS: usize = 2;

/// Seconds of a start without its first run, and of everything around a sample.
const START_S: f64 = 0.05;
const AROUND_S: f64 = 0.004;

/// Backends, with the part of a core's ceiling that one thread reaches on a small task and on a large one.
const BACKENDS: [(&str, f64, f64); 7] = [
    ("openblas", 0.75, 0.85),
    ("ndarray", 0.62, 0.62),
    ("simd", 0.93, 0.90),
    ("reference", 0.04, 0.03),
    ("nalgebra", 0.60, 0.58),
    ("faer", 0.88, 0.80),
    ("matrixmultiply", 0.64, 0.62),
];

/// How a backend's threads, and more threads than CPUs, fall short of what they should do.
const INSIDE: f64 = 0.95;
const CROWDED: f64 = 0.93;

/// A batch of products of n x n on cores of `core` FLOP/s.
struct Machine {
    combinations: Vec<Combination>,
    budget_s: f64,
    held: usize,
    /// Seconds of a task at the ceiling of a core.
    task_s: f64,
    clock_s: f64,
    interrupted_after_s: f64,
}

impl Machine {
    fn rates(&self, candidate: usize) -> (f64, f64) {
        let name = &self.combinations[candidate].backend;
        let (_, small, large) = BACKENDS.into_iter().find(|(backend, ..)| backend == name).expect("a known backend");
        (small, large)
    }

    /// Seconds that `tasks` tasks take.
    fn seconds(&self, candidate: usize, tasks: usize) -> f64 {
        let combination = &self.combinations[candidate];
        let threads = combination.op_threads.get();
        let one = self.task_s / self.rates(candidate).1;
        let one = if threads > 1 { one / (threads.min(CPUS) as f64 * INSIDE) } else { one };
        let together = (combination.workers * threads).min(CPUS) as f64 / threads.min(CPUS) as f64;
        let crowded = if combination.workers * threads > CPUS { CROWDED } else { 1.0 };
        let rows = makespan(tasks, combination.workers, combination.chunk) as f64;
        rows * one * combination.workers.min(tasks) as f64 / together.min(tasks as f64) / crowded
    }

    /// Advances the clock, by a little more or less each time.
    fn work(&mut self, seconds: f64) -> f64 {
        let noise = 1.0 + 0.01 * ((self.clock_s * 1e4).sin());
        self.clock_s += seconds * noise;
        seconds * noise
    }

    fn part(&self, candidate: usize) -> usize {
        let combination = &self.combinations[candidate];
        let wave = wave(combination, self.held);
        let task_s = self.seconds(candidate, wave) / wave as f64;
        sampling::part(self.budget_s, task_s, wave, self.held)
    }
}

impl Course for Machine {
    fn probe(&mut self, candidate: usize) -> Option<f64> {
        self.work(START_S);
        Some(self.task_s / self.rates(candidate).0)
    }

    fn admit(&mut self, process: Process) -> Result<Started, Failure> {
        self.work(START_S);
        let wave = wave(&self.combinations[process.candidate], self.held);
        let cold_s = self.work(self.seconds(process.candidate, wave));
        let most = self.part(process.candidate);
        let mut started = Started::default();
        (started.cold_s, started.most_tasks) = (cold_s, (most < self.held).then_some(most));
        Ok(started)
    }

    fn sample(&mut self, process: Process, round: usize, tasks: usize) -> Result<Sample, Failure> {
        let tasks = tasks.min(self.part(process.candidate));
        let repeat = sampling::repeats(self.seconds(process.candidate, tasks));
        let workers = self.combinations[process.candidate].workers;
        let warm_s = self.seconds(process.candidate, workers.min(self.held));
        self.work(AROUND_S + if sampling::warms(warm_s) { warm_s } else { 0.0 });
        let wall_s = self.work(self.seconds(process.candidate, tasks) * repeat as f64);
        let mut sample = Sample::new(round, wall_s, tasks * repeat);
        sample.repeat = repeat;
        Ok(sample)
    }

    fn dismiss(&mut self, process: Process, judge: bool) -> Result<Stopped, Failure> {
        if judge {
            self.work(self.seconds(process.candidate, self.part(process.candidate)));
        }
        Ok(Stopped::default())
    }

    fn elapsed_s(&self) -> f64 {
        self.clock_s
    }

    fn interrupted(&self) -> bool {
        self.clock_s > self.interrupted_after_s
    }
}

/// What a tuning found, and when it was over.
struct Tuned {
    combinations: Vec<Combination>,
    found: Found,
    elapsed_s: f64,
}

/// Every backend serial, with its own threads, over workers, and both.
fn combinations() -> Vec<Combination> {
    let forms = [
        "+serial",
        ":2+serial",
        "+threads:2",
        "+rayon:2",
        ":2+threads:2",
        "+threads:2:1",
        "+rayon:2:1",
        ":2+threads:2:1",
    ];
    let of = |(backend, ..): (&'static str, f64, f64)| {
        let forms = if backend == "reference" { &forms[..1] } else { &forms[..] };
        forms.iter().map(move |form| format!("{backend}{form}").parse().expect("a combination")).collect::<Vec<_>>()
    };
    BACKENDS.into_iter().flat_map(of).collect()
}

fn model(n: usize, tasks: usize, core: f64) -> Model {
    let task_bytes = 24.0 * (n * n) as f64;
    let beyond_cache = (64e6 / task_bytes).ceil() as usize;
    let task_s = 2.0 * (n as f64).powi(3) / core;
    Model { tasks, cpus: CPUS, gain: CPUS as f64, beyond_cache: beyond_cache.min(tasks), task_s }
}

/// Tunes `tasks` products of n x n after a usual preparation.
fn tune(n: usize, tasks: usize, core: f64, budget_s: f64) -> Tuned {
    tune_after(prepared_s(n, held(n, tasks)), n, tasks, core, budget_s)
}

/// The tasks that memory holds.
fn held(n: usize, tasks: usize) -> usize {
    tasks.min(((512e6 / 24.0 / (n * n) as f64) as usize / CPUS * CPUS).max(CPUS))
}

/// Tunes `tasks` products of n x n once `prepared_s` seconds are gone.
fn tune_after(prepared_s: f64, n: usize, tasks: usize, core: f64, budget_s: f64) -> Tuned {
    let held = held(n, tasks);
    let model = model(n, held, core);
    let combinations = combinations();
    let candidates: Vec<Candidate> =
        combinations.iter().map(|c| Candidate { combination: c.clone(), skipped: None }).collect();
    let mut rules = Rules::new(model);
    rules.budget_s = budget_s;
    let mut machine = Machine {
        combinations: combinations.clone(),
        budget_s,
        held,
        task_s: model.task_s,
        clock_s: prepared_s,
        interrupted_after_s: f64::INFINITY,
    };
    let found = search(&candidates, &rules, &mut machine, &mut |_| {});
    Tuned { combinations, found, elapsed_s: machine.clock_s }
}

/// Ceilings, and operands at 0.5 GB/s.
fn prepared_s(n: usize, held: usize) -> f64 {
    1.5 + held as f64 * 24.0 * (n * n) as f64 / 0.5e9
}

impl Tuned {
    fn is_confirmed(&self) -> bool {
        let best = self.found.best.expect("a mock machine has no faults");
        self.found.confirmed.iter().any(|c| c.process.candidate == best && c.samples.len() >= 6)
    }

    /// Candidates on both CPUs that ran in rounds.
    fn raced_on_both(&self) -> usize {
        let both = |id: &usize| self.combinations[*id].runnable() > 1 && !self.found.runs[*id].samples.is_empty();
        (0..self.combinations.len()).filter(both).count()
    }

    fn best(&self) -> String {
        self.combinations[self.found.best.expect("a mock machine has no faults")].to_string()
    }
}

/// Cores of Zen 3, Zen 4 and Zen 5.
const CORES: [f64; 3] = [47e9, 59e9, 118e9];

#[test]
fn the_studies_sizes_are_confirmed_within_a_minute() {
    for core in CORES {
        for (n, tasks) in [(1000, 20), (2000, 2), (2000, 32), (2000, 100)] {
            let tuned = tune(n, tasks, core, 60.0);
            let name = format!("{tasks} x {n} at {core:e}: {:.1} s, {}", tuned.elapsed_s, tuned.best());
            assert!(tuned.elapsed_s <= 61.0, "{name}");
            assert!(tuned.raced_on_both() >= 5, "{name}: {}", tuned.raced_on_both());
            assert!(tuned.is_confirmed(), "{name}");
            assert!(tuned.best().starts_with("simd") && !tuned.best().ends_with("1+serial"), "{name}");
            let reference = tuned.combinations.iter().position(|c| c.backend == "reference").unwrap();
            let skipped = tuned.found.runs[reference].skipped.as_ref().expect("it would take minutes");
            assert!(matches!(skipped, Unstarted::Hopeless { than, .. } if than.backend == "simd"), "{skipped}");
        }
    }
}

#[test]
fn what_the_budget_cannot_confirm_says_which_would() {
    for core in CORES {
        let tuned = tune(4000, 8, core, 60.0);
        let name = format!("at {core:e}: {:.1} s, {}", tuned.elapsed_s, tuned.best());
        assert!(tuned.elapsed_s <= 63.0, "{name}");
        assert!(tuned.raced_on_both() >= 2, "{name}: {}", tuned.raced_on_both());
        assert!(tuned.best().starts_with("simd") && !tuned.best().ends_with("1+serial"), "{name}");
        assert_eq!(tuned.is_confirmed(), tuned.found.advised_s.is_none(), "{name}");
        if core > 80e9 {
            assert!(tuned.is_confirmed(), "{name}");
        }
        if let Some(advised_s) = tuned.found.advised_s {
            assert!(advised_s <= 240.0, "{name}: {advised_s}");
            let warning = Warning::NotConfirmed { advised_s };
            assert!(tuned.found.warnings.contains(&warning), "{name}");
            assert!(warning.to_string().contains(&format!("--budget {advised_s:.0}s")), "{name}");
            let again = tune(4000, 8, core, advised_s);
            assert!(again.is_confirmed() && again.elapsed_s <= advised_s * 1.05, "{name}: {}", again.elapsed_s);
        }
    }
}

#[test]
fn a_budget_that_is_too_short_for_any_answer_is_told_before() {
    for core in CORES {
        let needed = Needed::new(&model(8000, 2, core), prepared_s(8000, 2));
        assert!(needed.least_s > 60.0, "{needed:?}");
        let tuned = tune(8000, 2, core, needed.advised_s);
        let name = format!("at {core:e}: {:.1} of {needed:?}, {}", tuned.elapsed_s, tuned.best());
        assert!(tuned.is_confirmed() && tuned.raced_on_both() >= 2, "{name}");
        assert!(tuned.elapsed_s <= needed.advised_s * 1.05, "{name}");
    }
    let short = Needed::new(&model(4000, 8, CORES[0]), prepared_s(4000, 2));
    assert!(short.least_s < 60.0, "{short:?}");
}

#[test]
fn a_slow_preparation_leaves_an_answer() {
    let tuned = tune_after(50.0, 1000, 20, 59e9, 60.0);
    assert!(tuned.elapsed_s <= 61.0 && tuned.raced_on_both() >= 2, "{:.1} s, {}", tuned.elapsed_s, tuned.best());
    // Not even a round is left: the one started candidate is a poor answer, but no answer would be worse.
    let tuned = tune_after(59.9, 1000, 20, 59e9, 60.0);
    assert_eq!(tuned.found.runs.iter().filter(|run| run.started.is_some()).count(), 1);
}

#[test]
fn chunks_that_long_tasks_cannot_feel_are_not_started() {
    let tuned = tune(2000, 100, 59e9, 60.0);
    let reason = |name: &str| {
        let id = tuned.combinations.iter().position(|c| c.to_string() == name).unwrap();
        tuned.found.runs[id].skipped.clone()
    };
    let to = "simd:1+threads:2:1".parse().unwrap();
    assert_eq!(reason("simd:1+threads:2"), Some(Unstarted::Equal(to)));
    assert_eq!(reason("simd:1+threads:2:1"), None);
    // Of short tasks each chunk is measured.
    let short = tune(64, 100, 59e9, 60.0);
    assert!(short.found.runs.iter().all(|run| !matches!(run.skipped, Some(Unstarted::Equal { .. }))));
}
