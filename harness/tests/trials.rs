//! Trials that go wrong: each becomes a row with a status and a reason, and the tuning goes on.
//!
//! A trial re-executes the program that tunes, so this test has a main of its own: as a trial it serves, otherwise it
//! tunes over backends with one fault each and looks at their rows.

mod mimic;

use std::process::ExitCode;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gingham_core::ndarray::{ArrayView2, ArrayViewMut2};
use gingham_core::reference::Reference;
use gingham_core::{
    Backend, BackendId, DType, Dot, Elementwise, Error, Fill, Info, Limit, MatMul, Op, OpThreads, Ops, Registry,
    Scalar, Support, Threading,
};
use gingham_harness::outcome::{Row, Status};
use gingham_harness::space::Selection;
use gingham_harness::trial::{Program, init};
use gingham_harness::{Outcome, Tuner, tuner};
use gingham_runtime::workload::{Sink, Source};
use gingham_runtime::{ExecutorKind, Transport, Workload};

use mimic::{Check, checks};

/// A backend for matmul with one fault.
struct Faulty(Fault);

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    PrintsToStdout,
    FloodsStderr,
    WrongElement,
    WrongLater,
    Panics,
    Aborts,
    Exits,
    Hangs,
    Refuses,
    HasNoVersion,
}

const FAULTS: [Fault; 11] = [
    Fault::None,
    Fault::PrintsToStdout,
    Fault::FloodsStderr,
    Fault::WrongElement,
    Fault::WrongLater,
    Fault::Panics,
    Fault::Aborts,
    Fault::Exits,
    Fault::Hangs,
    Fault::Refuses,
    Fault::HasNoVersion,
];

impl Fault {
    fn id(self) -> &'static str {
        match self {
            Self::None => "sound",
            Self::PrintsToStdout => "prints",
            Self::FloodsStderr => "floods",
            Self::WrongElement => "wrong",
            Self::WrongLater => "wrong-later",
            Self::Panics => "panics",
            Self::Aborts => "aborts",
            Self::Exits => "exits",
            Self::Hangs => "hangs",
            Self::Refuses => "refuses",
            Self::HasNoVersion => "no-version",
        }
    }
}

impl<T: Scalar> MatMul<T> for Faulty {
    fn matmul(
        &self,
        alpha: T,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        beta: T,
        mut c: ArrayViewMut2<'_, T>,
        threads: OpThreads,
    ) -> Result<(), Error> {
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        MatMul::<T>::matmul(&Reference, alpha, a, b, beta, c.view_mut(), threads)?;
        let calls = CALLS.fetch_add(1, Ordering::Relaxed);
        match self.0 {
            Fault::PrintsToStdout => println!("a library that talks\n{{\"type\":\"done\"}}"),
            Fault::FloodsStderr => eprint!("{}", "a line of forty characters and one more.\n".repeat(5000)),
            Fault::WrongElement => c[[1, 1]] = c[[1, 1]] + T::from_f64(1e-3),
            Fault::WrongLater if calls > 200 => c[[1, 1]] = T::nan(),
            Fault::Panics => panic!("no luck today"),
            Fault::Aborts => std::process::abort(),
            Fault::Exits => std::process::exit(0),
            Fault::Hangs => std::thread::sleep(Duration::from_secs(3600)),
            _ => {}
        }
        Ok(())
    }
}

impl<T: Scalar> Dot<T> for Faulty {}
impl<T: Scalar> Fill<T> for Faulty {}
impl<T: Scalar> Elementwise<T> for Faulty {}
impl Ops<f32> for Faulty {}
impl Ops<f64> for Faulty {}

impl Backend for Faulty {
    fn info(&self) -> Info {
        let version = if self.0 == Fault::HasNoVersion { "" } else { "1" };
        Info::new(BackendId::new(self.0.id()), "faulty", version)
    }

    fn threading(&self) -> Threading {
        Threading::Single
    }

    fn support(&self, op: Op, _: DType) -> Support {
        if op == Op::MatMul { Support::Native } else { Support::Fallback }
    }

    fn limit(&self, threads: OpThreads) -> Result<Limit<'_>, Error> {
        match self.0 {
            Fault::Refuses => {
                Err(Error::Library { backend: BackendId::new("refuses"), message: "not on a Friday".into() })
            }
            _ => Limit::single(BackendId::new(self.0.id()), threads),
        }
    }
}

fn registry() -> Registry {
    FAULTS.into_iter().fold(Registry::new(), |registry, fault| registry.with(Faulty(fault)))
}

const CHECKS: [Check; 10] = checks![
    every_fault_is_a_row,
    reasons_tell_what_happened,
    the_winner_is_sound,
    inputs_that_workers_make_and_results_that_they_drop_are_judged,
    samples_are_whole,
    a_tuning_ends_in_time,
    no_process_is_left,
    what_is_interrupted_while_it_is_prepared_ends_there,
    what_the_budget_cuts_off_has_not_failed,
    peers_of_one_name_and_workloads_of_nothing_are_refused,
];

fn main() -> ExitCode {
    init(&registry());
    mimic::run(&CHECKS)
}

/// What a tuning over all backends found, and how long it took: once for all that look at it.
fn tuned() -> &'static (Outcome, Duration) {
    static TUNED: LazyLock<(Outcome, Duration)> = LazyLock::new(|| {
        let start = Instant::now();
        (tuner().tune(&mut |_, _| {}).expect("faults are rows, never errors"), start.elapsed())
    });
    &TUNED
}

fn outcome() -> &'static Outcome {
    &tuned().0
}

fn tuner() -> Tuner {
    let workload = Workload::new(Op::MatMul, DType::F64, "8", None, 16).expect("a workload");
    let mut tuner = Tuner::new(registry(), workload, std::env::current_exe().expect("this test"));
    tuner.selection = Selection::default()
        .with_backends(FAULTS.iter().map(|fault| fault.id()))
        .with_executors([ExecutorKind::Serial, ExecutorKind::Threads])
        .with_workers([2])
        .with_chunks([0]);
    tuner.budget = Duration::from_secs(40);
    // Far more than a sound one needs on a busy machine: within 1 s it once did not get a CPU.
    tuner.deadline = Duration::from_secs(5);
    tuner
}

fn inputs_that_workers_make_and_results_that_they_drop_are_judged() {
    for (source, sink) in [(Source::Worker, Sink::Parent), (Source::Parent, Sink::Drop), (Source::Files, Sink::Files)] {
        let mut tuner = tuner();
        tuner.workload = tuner.workload.with_source(source).with_sink(sink);
        tuner.selection = Selection::default()
            .with_backends([Fault::None, Fault::WrongElement].map(Fault::id))
            .with_transports([Transport::Shm])
            .with_workers([2])
            .with_chunks([0]);
        tuner.budget = Duration::from_secs(6);
        let outcome = tuner.tune(&mut |_, _| {}).expect("an outcome");
        for executor in ["serial", "threads", "rayon", "processes"] {
            let status = |fault: Fault| {
                let row = outcome.trials.iter().find(|row| row.backend == fault.id() && row.executor == executor);
                row.unwrap_or_else(|| panic!("a row of {executor}")).status
            };
            let (sound, wrong) = (status(Fault::None), status(Fault::WrongElement));
            assert!(matches!(sound, Status::Ok | Status::Skipped), "{executor}: {sound:?}");
            assert!(matches!(wrong, Status::Wrong | Status::Skipped), "{executor}: {wrong:?}");
        }
        assert!(outcome.best.is_some_and(|best| best.backend == Fault::None.id()), "{sink}");
        let judged = outcome.trials.iter().filter(|row| row.executor == "processes" && row.status == Status::Ok);
        assert!(judged.count() > 0, "processes ran");
    }
}

/// The rows of a backend that were started: one that is slow because of its fault is not, beyond its first.
fn rows(outcome: &Outcome, fault: Fault) -> Vec<&Row> {
    let own = outcome.trials.iter().filter(|row| row.backend == fault.id());
    let rows: Vec<_> = own.filter(|row| row.status != Status::Skipped).collect();
    assert!(!rows.is_empty(), "{} has rows", fault.id());
    rows
}

fn every_fault_is_a_row() {
    let outcome = outcome();
    let expected = |fault| match fault {
        Fault::None | Fault::PrintsToStdout | Fault::FloodsStderr => Status::Ok,
        Fault::WrongElement | Fault::WrongLater => Status::Wrong,
        Fault::Panics | Fault::Aborts | Fault::Exits | Fault::HasNoVersion => Status::Failed,
        Fault::Hangs => Status::Timeout,
        Fault::Refuses => Status::Refused,
    };
    for fault in FAULTS {
        for row in rows(outcome, fault) {
            // A backend that goes wrong late is caught at the end, unless it has left before.
            let left = fault == Fault::WrongLater && row.eliminated.is_some();
            assert!(row.status == Status::Ok || row.median_s.is_none(), "{}: a figure", row.combination);
            assert!(left || row.status == expected(fault), "{}: {:?} {:?}", row.combination, row.status, row.reason);
        }
    }
}

fn reasons_tell_what_happened() {
    let outcome = outcome();
    for (fault, words) in [
        (Fault::WrongElement, "element 9"),
        (Fault::Panics, "task 0 panicked: no luck today"),
        (Fault::Aborts, "killed by signal 6"),
        (Fault::Exits, "exited with status 0"),
        (Fault::Hangs, "no answer within 5s"),
        (Fault::Refuses, "not on a Friday"),
        (Fault::HasNoVersion, "no version"),
    ] {
        for row in rows(outcome, fault) {
            let reason = row.reason.as_deref().unwrap_or_default();
            assert!(reason.contains(words), "{}: {reason}", row.combination);
            assert!(row.median_s.is_none() && row.samples.is_empty(), "no figure without a result");
        }
    }
}

fn the_winner_is_sound() {
    let outcome = outcome();
    let best = outcome.best_row().expect("sound ones finish");
    assert!(["sound", "prints"].contains(&best.backend.as_str()), "{}", best.combination);
    assert!(outcome.tied.iter().all(|tied| tied.backend != "wrong-later"), "{:?}", outcome.tied);
}

fn samples_are_whole() {
    let outcome = outcome();
    for row in rows(outcome, Fault::None) {
        assert!(row.samples.len() >= 2 && row.cold_s.is_some() && row.error_ratio.is_some(), "{row:?}");
        assert!(row.peak_rss_bytes.is_some_and(|bytes| bytes > 0) && !row.threads.is_empty(), "{row:?}");
        for sample in &row.samples {
            assert!(sample.wall_s > 0.0 && sample.batch() >= 4 && sample.tasks % sample.repeat == 0, "{sample:?}");
        }
    }
}

fn a_tuning_ends_in_time() {
    assert!(tuned().1 < Duration::from_secs(400), "a budget of 40 s, ten times over");
}

fn no_process_is_left() {
    outcome();
    let own = std::process::id().to_string();
    let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
    assert_eq!(children.trim(), "", "children of this process");
}

fn what_is_interrupted_while_it_is_prepared_ends_there() {
    let tuner = tuner();
    tuner.interrupt.store(true, Ordering::Relaxed);
    let mut told = 0;
    assert!(matches!(tuner.tune(&mut |_, _| told += 1), Err(tuner::Error::Interrupted)));
    assert_eq!(told, 2, "of the ceilings and of the operands; nothing is started");
}

fn what_the_budget_cuts_off_has_not_failed() {
    let mut short = tuner();
    short.budget = Duration::from_secs(3);
    short.deadline = Duration::from_secs(30);
    short.selection.backends = Some([Fault::None, Fault::Hangs].map(|fault| fault.id().to_owned()).into());
    let outcome = short.tune(&mut |_, _| {}).expect("an outcome");
    let hung = || outcome.trials.iter().filter(|row| row.backend == Fault::Hangs.id());
    assert!(hung().all(|row| row.status == Status::Skipped), "{hung:?}", hung = hung().collect::<Vec<_>>());
    assert!(hung().any(|row| row.reason.as_deref() == Some("the budget ended before it answered")));
}

fn peers_of_one_name_and_workloads_of_nothing_are_refused() {
    let peer = Program::peer("same=true").expect("a peer");
    let mut twice = tuner();
    twice.peers = vec![peer.clone(), peer];
    assert!(matches!(twice.tune(&mut |_, _| {}), Err(tuner::Error::Twice(name)) if name == "same"));
    for (op, shape) in [(Op::MatMul, "0"), (Op::MatMul, "4x0x4"), (Op::Dot, "0"), (Op::Fill, "3x0")] {
        let workload = Workload::new(op, DType::F64, shape, None, 16).expect("a workload");
        let mut nothing = tuner();
        nothing.workload = workload;
        assert!(matches!(nothing.tune(&mut |_, _| {}), Err(tuner::Error::Nothing(_))), "{op} {shape}");
    }
}
