//! Pools of processes and everything that may happen to their workers: how each may die, at which moment, and what the
//! batch, the pool and the machine are like afterwards.
//!
//! Workers are this test, started again, so it has a main of its own. The functions that its tasks call do what their
//! parameters say. `GINGHAM_TEST_ROUNDS` repeats the matrix (`cargo xtask kill-matrix`: 20 times).

#[path = "../../harness/tests/mimic/mod.rs"]
mod mimic;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use gingham_core::{Context, Distribution, Registry};
use gingham_runtime::arena::Arena;
use gingham_runtime::engine::processes::Faults;
use gingham_runtime::serve::init;
use gingham_runtime::workload::{Maker, Sink, Source};
use gingham_runtime::{Combination, Plan, Session, Transport, Workload};
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, WaitId, WaitIdOptions, getpid, kill_process, pidfd_open,
    pidfd_send_signal, setrlimit, test_kill_process, waitid,
};

use mimic::{Check, checks};

const CHECKS: [Check; 20] = checks![
    results_are_those_of_a_serial_run,
    thousands_of_tiny_tasks_are_done_one_at_a_time,
    inputs_have_the_same_bits_whoever_makes_them,
    what_a_function_does_not_write_is_zero_whatever_its_worker_did_before,
    operands_of_the_program_are_copied_there_and_back,
    a_panic_and_an_error_are_told_with_their_task,
    every_death_at_every_moment,
    a_task_that_kills_every_worker_is_given_up_and_the_others_are_done,
    without_retries_the_first_death_ends_the_batch_at_once,
    a_worker_that_hangs_meets_its_deadline,
    what_is_under_way_to_or_from_a_dead_worker_is_done_again,
    a_server_that_dies_is_replaced_and_without_retries_named,
    a_worker_without_memory_is_a_death,
    a_pool_that_is_dropped_leaves_no_process,
    workers_go_with_their_parent_at_any_moment,
    a_parent_that_stalls_is_not_dead,
    callers_in_several_threads_take_turns,
    a_forked_child_has_no_workers_and_leaves_them_alone,
    what_only_this_process_has_is_refused,
    many_batches_leave_nothing_behind,
];

/// A temporary file that a worker makes before its deed, so that the deed is done once.
const ONCE: &str = "GINGHAM_TEST_ONCE";

/// How a worker ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    Kill,
    Fault,
    Abort,
    Exit,
    Panic,
    Hang,
    Exhaust,
}

const DEADLY: [Deed; 5] = [Deed::Kill, Deed::Fault, Deed::Abort, Deed::Exit, Deed::Panic];

/// When it does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Moment {
    Idle,
    Reading,
    Computing,
    Writing,
    Shutdown,
}

const MOMENTS: [Moment; 5] = [Moment::Idle, Moment::Reading, Moment::Computing, Moment::Writing, Moment::Shutdown];

const ITEMS: usize = 40;
const VICTIM: usize = 17;

fn main() -> ExitCode {
    let registry = registry();
    init(&registry);
    if let Some(role) = env::args().nth(1).filter(|role| role.starts_with("role-")) {
        be(&role, env::args().nth(2).and_then(|name| name.parse().ok()).unwrap());
        return ExitCode::SUCCESS;
    }
    mimic::run(&CHECKS)
}

fn registry() -> Registry {
    Registry::new()
        .with_function("squares", |_, item, out: &mut [f64]| {
            out.fill((item * item) as f64);
            Ok(())
        })
        .with_function("halves", |_, item, out: &mut [f64]| {
            let half = if item.is_multiple_of(2) { out.len() / 2 } else { 0 };
            out[..half].fill(1.0);
            Ok(())
        })
        .with_function("sleep", |cx, _, _: &mut [f64]| {
            thread::sleep(Duration::from_secs_f64(cx.parameters()[0]));
            Ok(())
        })
        .with_function("fail", |cx, item, out: &mut [f64]| {
            out.fill(1.0);
            if item >= cx.parameters()[0] as usize {
                return Err(format!("item {item} does not please").into());
            }
            Ok(())
        })
        .with_function("mortal", mortal)
}

/// Squares, but for item [`VICTIM`], whose worker meets its end once; with a third parameter, whenever it is there.
fn mortal(cx: &Context<'_>, item: usize, out: &mut [f64]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let [deed, moment, always] = [0, 1, 2].map(|place| cx.parameters()[place] as usize);
    let deeds = [Deed::Kill, Deed::Fault, Deed::Abort, Deed::Exit, Deed::Panic, Deed::Hang, Deed::Exhaust];
    let (deed, moment) = (deeds[deed], MOMENTS[moment]);
    let fated = item == VICTIM && (always != 0 || once());
    let at = |now| fated && moment == now;
    if at(Moment::Reading) {
        meet(deed);
    }
    if item.is_multiple_of(4) {
        thread::sleep(Duration::from_millis(1));
    }
    if at(Moment::Computing) {
        meet(deed);
    }
    let half = out.len() / 2;
    out[..half].fill((item * item) as f64);
    if at(Moment::Writing) {
        meet(deed);
    }
    out[half..].fill((item * item) as f64);
    if at(Moment::Idle) {
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            meet(deed);
        });
    }
    if at(Moment::Shutdown) {
        SHUTDOWN.store(1 + deed as u32, Relaxed);
        // SAFETY: the function may run when the process exits: it only ends it in another way.
        unsafe { libc::atexit(at_exit) };
    }
    Ok(())
}

static SHUTDOWN: AtomicU32 = AtomicU32::new(0);

extern "C" fn at_exit() {
    match SHUTDOWN.load(Relaxed) {
        1 => meet(Deed::Kill),
        2 => meet(Deed::Fault),
        3 => meet(Deed::Abort),
        // SAFETY: it does not return, and runs nothing more of this program.
        4 => unsafe { libc::_exit(0) },
        // A panic cannot leave a function of C: it would abort.
        _ => meet(Deed::Abort),
    }
}

fn once() -> bool {
    env::var_os(ONCE).is_some_and(|path| fs::OpenOptions::new().create_new(true).write(true).open(path).is_ok())
}

fn meet(deed: Deed) {
    let signal = |signal| {
        kill_process(getpid(), signal).unwrap();
        thread::sleep(Duration::from_secs(5));
    };
    match deed {
        Deed::Kill => signal(Signal::KILL),
        // The signal alone would be taken for a false alarm by the standard library's handler.
        // SAFETY: this is not sound, and is meant to end the process.
        Deed::Fault => unsafe { std::ptr::null_mut::<u8>().write_volatile(1) },
        Deed::Abort => process::abort(),
        Deed::Exit => process::exit(0),
        Deed::Panic => panic!("the victim"),
        Deed::Hang => thread::sleep(Duration::from_secs(600)),
        Deed::Exhaust => {
            let limit = Some(256 << 20);
            setrlimit(Resource::As, Rlimit { current: limit, maximum: limit }).unwrap();
            let mut all = Vec::new();
            loop {
                all.push(std::hint::black_box(vec![1_u8; 16 << 20]));
            }
        }
    }
}

/// A file name that is new in each test, in the environment of the workers that are started after this.
fn fresh() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("gingham-test-{}-{}", process::id(), NUMBER.fetch_add(1, Relaxed));
    env::temp_dir().join(name)
}

fn plan(transport: Transport, workers: usize, chunk: usize, faults: Faults) -> Plan {
    let combination: Combination = format!("fn+processes/{transport}:{workers}:{chunk}").parse().unwrap();
    Plan::for_functions(&combination).unwrap().with_faults(faults)
}

/// How often the matrix is gone through, and whether somebody has asked for all of it.
fn rounds() -> (u64, bool) {
    let asked = env::var("GINGHAM_TEST_ROUNDS").ok();
    (asked.as_ref().map_or(1, |rounds| rounds.parse().expect("a number of rounds")), asked.is_some())
}

fn workload(name: &str, parameters: &[f64]) -> Workload {
    Workload::function(&registry(), name, ITEMS, 6, parameters).unwrap()
}

fn squares() -> Vec<f64> {
    (0..ITEMS).flat_map(|item| [(item * item) as f64; 6]).collect()
}

fn call(plan: &Plan, workload: &Workload) -> Result<Vec<f64>, String> {
    plan.call::<f64>(&registry(), workload).map_err(|error| error.to_string())
}

fn thousands_of_tiny_tasks_are_done_one_at_a_time() {
    // A worker takes the more tasks in a step the shorter these are: without a bound that number once went beyond all
    // numbers, and then nothing was done in a step.
    let registry = registry();
    for chunk in [0, 1, 3] {
        let many = Workload::function(&registry, "squares", 3000, 1, &[]).unwrap();
        let start = Instant::now();
        let results = plan(Transport::Shm, 2, chunk, Faults::default()).call::<f64>(&registry, &many).unwrap();
        assert!(results.iter().enumerate().all(|(item, &x)| x == (item * item) as f64), "{chunk}");
        assert!(start.elapsed() < Duration::from_secs(5), "{chunk}: {:?}", start.elapsed());
    }
}

fn results_are_those_of_a_serial_run() {
    for transport in Transport::ALL {
        for (workers, chunk) in [(1, 0), (1, 1), (2, 0), (2, 1), (3, 7), (5, 1000)] {
            let plan = plan(transport, workers, chunk, Faults::default());
            for _ in 0..3 {
                assert_eq!(call(&plan, &workload("squares", &[])), Ok(squares()), "{workers}:{chunk}");
            }
        }
        let session = Session::without_profile(Registry::new());
        for (shape, tasks) in [([7, 5, 3], 9), ([40, 1, 1], 1), ([0, 3, 2], 4)] {
            let workload = Workload::matmul::<f32>(shape).tasks(tasks);
            let made = |name: &str| {
                let plan = session.apply(&name.parse().unwrap()).unwrap();
                let mut arena = plan.arena(&workload).unwrap();
                for (task, operand) in (0..tasks).flat_map(|task| [(task, 0), (task, 1)]) {
                    let mut input = arena.input_mut::<f32>(task, operand).unwrap();
                    input.iter_mut().enumerate().for_each(|(i, x)| *x = (i + task) as f32 - 3.5 * operand as f32);
                }
                plan.run_in(&mut arena).unwrap();
                (0..tasks).map(|task| arena.output::<f32>(task).unwrap().to_owned()).collect::<Vec<_>>()
            };
            assert_eq!(made(&format!("reference+processes/{transport}:2")), made("reference+serial"));
        }
    }
}

fn inputs_have_the_same_bits_whoever_makes_them() {
    let (session, registry) = (Session::without_profile(Registry::new()), Registry::new());
    let normal = Workload::random::<f64>(Distribution::Normal, [1, 50]).tasks(12);
    for workload in [Workload::matmul::<f64>([9, 8, 7]).tasks(12), Workload::dot::<f32>(1000).tasks(12), normal] {
        let results = |name: &str, source, sink| {
            let plan = session.apply(&name.parse().unwrap()).unwrap();
            let workload = workload.clone().with_source(source).with_sink(sink);
            let mut arena = Arena::new(&Maker::of(&registry), &workload, 5).unwrap();
            plan.run(plan.engine().tasks(&registry, &workload, &mut arena).unwrap().as_mut()).unwrap();
            arena.outputs().to_vec()
        };
        let made_before = results("reference+serial", Source::Parent, Sink::Parent);
        assert!(made_before.iter().any(|&byte| byte != 0));
        let of_processes = Transport::ALL.map(|transport| format!("reference+processes/{transport}:2:5"));
        let others = ["reference+serial", "reference+threads:2:1", "reference+rayon:2"].map(str::to_owned);
        for name in others.iter().chain(&of_processes) {
            for source in [Source::Worker, Source::Files] {
                assert!(results(name, source, Sink::Parent) == made_before, "{workload} {name} {source}");
            }
            for (source, sink) in
                [(Source::Parent, Sink::Drop), (Source::Worker, Sink::Drop), (Source::Files, Sink::Files)]
            {
                assert!(results(name, source, sink) != made_before, "{workload} {name} {source} {sink}");
            }
        }
    }
}

fn what_a_function_does_not_write_is_zero_whatever_its_worker_did_before() {
    let half = |item: usize| if item.is_multiple_of(2) { [1.0, 1.0, 1.0, 0.0, 0.0, 0.0] } else { [0.0; 6] };
    let halves: Vec<f64> = (0..ITEMS).flat_map(half).collect();
    for transport in Transport::ALL {
        let plan = plan(transport, 2, 1, Faults::default());
        for _ in 0..2 {
            assert_eq!(call(&plan, &workload("squares", &[])), Ok(squares()), "{transport}");
            assert_eq!(call(&plan, &workload("halves", &[])).as_ref(), Ok(&halves), "{transport}");
        }
    }
}

fn operands_of_the_program_are_copied_there_and_back() {
    use gingham_core::Product;
    use gingham_core::ndarray::{Array1, Array2};
    for transport in Transport::ALL {
        let session = Session::without_profile(Registry::new());
        let plan = session.apply(&format!("reference+processes/{transport}:2:1").parse().unwrap()).unwrap();
        assert!(plan.note().contains("are copied"), "{}", plan.note());
        let matrix =
            |rows, columns, seed: usize| Array2::from_shape_fn((rows, columns), |(i, j)| (i * 7 + j * seed) as f64);
        // Two sizes in turn, one of the factors transposed; more than fit at once.
        let large = if transport == Transport::Shm { 600 } else { 100 };
        let sizes = |i: usize| if i.is_multiple_of(2) { [3, 4, 5] } else { [large; 3] };
        let factors: Vec<_> =
            (0..8).map(|i| (matrix(sizes(i)[0], sizes(i)[1], i), matrix(sizes(i)[2], sizes(i)[1], 3))).collect();
        let mut results: Vec<_> = (0..8).map(|i| Array2::<f64>::zeros((sizes(i)[0], sizes(i)[2]))).collect();
        let mut products: Vec<_> = factors
            .iter()
            .zip(&mut results)
            .map(|((a, b), c)| Product { a: a.view(), b: b.t(), c: c.view_mut() })
            .collect();
        plan.matmul_many(&mut products).unwrap();
        for ((a, b), c) in factors.iter().zip(&results) {
            assert_eq!(*c, a.dot(&b.t()));
        }
        let vectors: Vec<Array1<f32>> = (1..6).map(|n| Array1::from_elem(n * 10, n as f32)).collect();
        let pairs: Vec<_> = vectors.iter().map(|x| (x.view(), x.view())).collect();
        assert_eq!(plan.dot_many(&pairs).unwrap(), [10.0, 80.0, 270.0, 640.0, 1250.0]);
        assert!(plan.dot_many::<f64>(&[]).unwrap().is_empty());
    }
}

fn a_panic_and_an_error_are_told_with_their_task() {
    for transport in Transport::ALL {
        for (workers, chunk) in [(1, 0), (2, 1), (5, 3)] {
            let pool = plan(transport, workers, chunk, Faults { retries: 2, deadline: None });
            let failed = call(&pool, &workload("fail", &[30.0])).unwrap_err();
            assert_eq!(failed, "task 30 failed: item 30 does not please (and 9 other tasks failed)");
            let processes = pool.engine().processes();
            let panic = workload("mortal", &[Deed::Panic as u32 as f64, 2.0, 1.0]);
            assert_eq!(call(&pool, &panic).unwrap_err(), "task 17 panicked: the victim");
            assert_eq!(pool.engine().processes(), processes, "nobody died");
            assert_eq!(call(&pool, &workload("squares", &[])), Ok(squares()));
        }
    }
}

/// How a batch with this deed at this moment ends without a retry; `None` where nothing is lost by it.
fn told(deed: Deed, moment: Moment) -> Option<&'static str> {
    match (moment, deed) {
        (Moment::Idle | Moment::Shutdown, _) => None,
        (_, Deed::Kill) => Some("killed by signal 9"),
        (_, Deed::Fault) => Some("killed by signal 11"),
        (_, Deed::Abort) => Some("killed by signal 6"),
        (_, Deed::Exit) => Some("exited with status 0"),
        (_, _) => Some("panicked: the victim"),
    }
}

fn every_death_at_every_moment() {
    let (rounds, all) = rounds();
    let numbers = |transport| match transport {
        _ if all => &[1, 2, 5][..],
        Transport::Shm => &[1, 5][..],
        _ => &[2][..],
    };
    // Signals are one kind of death to the pool.
    let some = [Deed::Kill, Deed::Exit, Deed::Panic];
    for transport in (0..rounds).flat_map(|_| Transport::ALL) {
        let deeds = if all || transport == Transport::Shm { &DEADLY[..] } else { &some[..] };
        for (place, moment) in MOMENTS.into_iter().enumerate() {
            for (&deed, &workers) in deeds.iter().flat_map(|deed| numbers(transport).iter().map(move |n| (deed, n))) {
                for retries in [0, 2] {
                    die(transport, deed, moment, place, workers, retries);
                }
            }
        }
    }
}

fn die(transport: Transport, deed: Deed, moment: Moment, place: usize, workers: usize, retries: usize) {
    let case = format!("{transport}: {deed:?} while {moment:?}, {workers} workers, {retries} retries");
    let marker = fresh();
    // SAFETY: no other thread of this process reads or writes the environment meanwhile: tests run one by one.
    unsafe { env::set_var(ONCE, &marker) };
    let pool = plan(transport, workers, 1, Faults { retries, deadline: None });
    let before = pool.engine().processes();
    let mortal = workload("mortal", &[deed as u32 as f64, place as f64, 0.0]);
    let start = Instant::now();
    let ran = call(&pool, &mortal);
    let took = start.elapsed();
    assert!(marker.exists(), "{case}: the deed was not done");
    // Starting a worker and 40 tasks take some 30 ms; the machine may be busy.
    assert!(took < Duration::from_secs(1) * workers.max(2) as u32, "{case}: {took:?}");
    match told(deed, moment) {
        Some(words) if retries == 0 || deed == Deed::Panic => {
            let error = ran.expect_err(&case);
            assert!(error.contains(words), "{case}: {error}");
            assert!(error.starts_with("task 17 "), "{case}: {error}");
            let names_worker = before.iter().any(|process| error.contains(&format!("(process {process})")));
            assert!(names_worker || deed == Deed::Panic, "{case}: {error}");
        }
        _ => assert_eq!(ran, Ok(squares()), "{case}"),
    }
    while moment == Moment::Idle && deed != Deed::Panic && before.iter().all(is_there) {
        assert!(start.elapsed() < Duration::from_secs(5), "{case}: nobody has died");
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(call(&pool, &workload("squares", &[])), Ok(squares()), "{case}: afterwards");
    let (all, start) = (pool.engine().processes(), Instant::now());
    assert_eq!(all.len(), workers, "{case}");
    drop(pool);
    assert!(start.elapsed() < Duration::from_secs(2), "{case}: {:?} to shut down", start.elapsed());
    assert_gone(&[before, all].concat(), Duration::ZERO, &case);
    fs::remove_file(marker).unwrap();
}

/// Whether a process is there that has not ended.
fn is_there(process: &u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"));
    // A zombie has ended; whoever has taken it over may be slow to wait for it.
    stat.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with('Z')))
}

/// Every one of `processes`, children of this process or not, has ended within `most`.
fn assert_gone(processes: &[u32], most: Duration, case: &str) {
    let start = Instant::now();
    loop {
        let left: Vec<&u32> = processes.iter().filter(|process| is_there(process)).collect();
        if left.is_empty() {
            return;
        }
        assert!(start.elapsed() <= most, "{case}: {left:?} are there after {:?}", start.elapsed());
        thread::sleep(Duration::from_millis(5));
    }
}

fn a_task_that_kills_every_worker_is_given_up_and_the_others_are_done() {
    for transport in Transport::ALL {
        for (workers, chunk) in [(1, 0), (2, 1), (2, 0), (3, 5)] {
            let pool = plan(transport, workers, chunk, Faults { retries: 2, deadline: None });
            let mortal = workload("mortal", &[Deed::Kill as u32 as f64, 2.0, 1.0]);
            let engine = pool.engine();
            let (registry, mut arena) = (registry(), pool.arena(&mortal).unwrap());
            let run = engine.tasks(&registry, &mortal, &mut arena).unwrap().run(0..ITEMS, &engine.limited().unwrap());
            let error = run.unwrap_err();
            assert_eq!((error.index, error.others), (17, 0), "{error}");
            assert!(error.to_string().contains("killed by signal 9"), "{error}");
            for item in (0..ITEMS).filter(|&item| item != VICTIM) {
                let result = arena.output::<f64>(item).unwrap();
                assert!(result.iter().all(|&x| x == (item * item) as f64), "item {item}: {result}");
            }
        }
    }
}

fn without_retries_the_first_death_ends_the_batch_at_once() {
    for transport in Transport::ALL {
        // Of two workers one sleeps for a minute, and the other dies: the error does not wait for the minute.
        let pool = plan(transport, 2, 1, Faults::default());
        let sleepers = workload("sleep", &[60.0]);
        let processes = pool.engine().processes();
        let victim = Pid::from_raw(processes[1] as i32).unwrap();
        let killer = thread::spawn(move || {
            let pidfd = pidfd_open(victim, PidfdFlags::empty()).unwrap();
            thread::sleep(Duration::from_millis(300));
            pidfd_send_signal(&pidfd, Signal::KILL).unwrap();
            Instant::now()
        });
        let error = call(&pool, &sleepers).unwrap_err();
        let after = killer.join().unwrap().elapsed();
        assert!(after < Duration::from_secs(1), "{after:?}");
        assert!(error.contains("ended worker 1") && error.contains("(and 39 other tasks not done)"), "{error}");
        assert_eq!(call(&pool, &workload("squares", &[])), Ok(squares()));
    }
}

fn a_worker_that_hangs_meets_its_deadline() {
    for transport in Transport::ALL {
        let marker = fresh();
        // SAFETY: as in `die`.
        unsafe { env::set_var(ONCE, &marker) };
        let deadline = Some(Duration::from_millis(300));
        let hang = workload("mortal", &[Deed::Hang as u32 as f64, 2.0, 0.0]);
        let start = Instant::now();
        let error = call(&plan(transport, 2, 1, Faults { retries: 0, deadline }), &hang).unwrap_err();
        assert!(error.starts_with("task 17 ended worker") && error.contains("no answer within 0.3s"), "{error}");
        fs::remove_file(&marker).unwrap();
        assert_eq!(call(&plan(transport, 2, 1, Faults { retries: 1, deadline }), &hang), Ok(squares()));
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        fs::remove_file(&marker).unwrap();
        // A stopped one takes no SIGTERM. It is given five seconds to become ready.
        if transport != Transport::Shm && !rounds().1 {
            continue;
        }
        let pool = plan(transport, 1, 1, Faults { retries: 1, deadline });
        assert_eq!(call(&pool, &workload("squares", &[])), Ok(squares()));
        let worker = Pid::from_raw(pool.engine().processes()[0] as i32).unwrap();
        kill_process(worker, Signal::STOP).unwrap();
        assert_eq!(call(&pool, &workload("squares", &[])), Ok(squares()));
        assert_ne!(pool.engine().processes()[0], worker.as_raw_nonzero().get() as u32);
    }
}

fn what_is_under_way_to_or_from_a_dead_worker_is_done_again() {
    // Inputs and results of 800 kB do not fit into a socket: whoever is killed leaves half of them.
    let session = Session::without_profile(Registry::new());
    let (sums, rounds) = (Workload::dot::<f64>(100_000).tasks(ITEMS), rounds().0);
    let results = Workload::function(&registry(), "squares", ITEMS, 100_000, &[]).unwrap();
    for transport in Transport::ALL {
        let faults = Faults { retries: 1000, deadline: None };
        let dot = session.apply(&format!("reference+processes/{transport}:2:1").parse().unwrap()).unwrap();
        let (dot, fill) = (dot.with_faults(faults), plan(transport, 2, 1, faults));
        let mut arena = dot.arena(&sums).unwrap();
        for task in 0..ITEMS {
            arena.input_mut::<f64>(task, 0).unwrap().fill(task as f64);
            arena.input_mut::<f64>(task, 1).unwrap().fill(1.0);
        }
        for moment in 0..4 * rounds {
            let pool = if moment % 2 == 0 { &dot } else { &fill };
            let victim =
                pool.engine().processes().get(moment as usize / 2 % 2).map(|&id| Pid::from_raw(id as i32).unwrap());
            thread::scope(|scope| {
                let after = Duration::from_micros(3700 * moment % 50_000 + 300);
                scope.spawn(move || {
                    thread::sleep(after);
                    // It is waited for when the pool sees its end, and no other process has its id so soon.
                    let _ = victim.map(|victim| kill_process(victim, Signal::KILL));
                });
                if moment % 2 == 0 {
                    arena.outputs_mut().fill(0xff);
                    dot.run_in(&mut arena).unwrap();
                    for task in 0..ITEMS {
                        assert_eq!(
                            arena.output::<f64>(task).unwrap()[[0, 0]],
                            task as f64 * 1e5,
                            "{transport}: {task}"
                        );
                    }
                } else {
                    let all = call(&fill, &results).unwrap();
                    let right = |(at, &x): (usize, &f64)| x == ((at / 100_000) * (at / 100_000)) as f64;
                    assert!(all.iter().enumerate().all(right), "{transport}");
                }
            });
        }
    }
}

fn a_server_that_dies_is_replaced_and_without_retries_named() {
    let server = |workers: &[u32]| {
        let others: Vec<u32> = children().into_iter().filter(|child| !workers.contains(child)).collect();
        let [server] = others[..] else { panic!("{others:?} beside {workers:?}") };
        Pid::from_raw(server as i32).unwrap()
    };
    let sleep = workload("sleep", &[0.02]);
    for retries in [0, 1] {
        let pool = plan(Transport::Server, 2, 1, Faults { retries, deadline: None });
        let workers = pool.engine().processes();
        assert_eq!(call(&pool, &workload("squares", &[])), Ok(squares()));
        kill_process(server(&workers), Signal::KILL).unwrap();
        thread::sleep(Duration::from_millis(50));
        assert_eq!(call(&pool, &workload("squares", &[])), Ok(squares()), "it died while it had nothing to do");
        let error = thread::scope(|scope| {
            scope.spawn(|| {
                // Two tasks of 40 are done in 20 ms; the server of the batch before has gone after some 30.
                thread::sleep(Duration::from_millis(250));
                kill_process(server(&workers), Signal::KILL).unwrap();
            });
            call(&pool, &sleep).err()
        });
        match error {
            Some(error) => {
                assert!(retries == 0 && error.contains("the arrays of processes/server are lost"), "{error}");
                assert!(error.contains("killed by signal 9") && error.contains("39 other tasks"), "{error}");
            }
            None => assert_eq!(retries, 1, "nobody has lost anything"),
        }
        assert_eq!(call(&pool, &workload("squares", &[])), Ok(squares()), "afterwards");
    }
    if rounds().1 {
        // One that hangs is given five seconds, as a worker is to become ready.
        let pool = plan(Transport::Server, 2, 1, Faults { retries: 1, deadline: Some(Duration::from_millis(300)) });
        assert_eq!(call(&pool, &workload("squares", &[])), Ok(squares()));
        kill_process(server(&pool.engine().processes()), Signal::STOP).unwrap();
        let mut arena = pool.arena(&sleep).unwrap();
        let registry = registry();
        let mut tasks = pool.engine().tasks(&registry, &sleep, &mut arena).unwrap();
        tasks.run(0..ITEMS, &pool.engine().limited().unwrap()).unwrap();
        kill_process(server(&pool.engine().processes()), Signal::STOP).unwrap();
        let start = Instant::now();
        tasks.run(0..ITEMS, &pool.engine().limited().unwrap()).unwrap();
        assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
    }
}

fn a_worker_without_memory_is_a_death() {
    for transport in Transport::ALL {
        let exhaust = workload("mortal", &[Deed::Exhaust as u32 as f64, 2.0, 1.0]);
        let error = call(&plan(transport, 2, 1, Faults::default()), &exhaust).unwrap_err();
        assert!(error.starts_with("task 17 ended worker") && error.contains("killed by signal 6"), "{error}");
    }
}

fn a_pool_that_is_dropped_leaves_no_process() {
    for transport in Transport::ALL {
        for workers in [1, 2, 5] {
            let pool = plan(transport, workers, 1, Faults::default());
            let processes = pool.engine().processes();
            assert_eq!(processes.len(), workers);
            drop(pool);
            assert_gone(&processes, Duration::ZERO, "before it did anything");
            let pool = plan(transport, workers, 1, Faults::default());
            call(&pool, &workload("squares", &[])).unwrap();
            let (processes, start) = (pool.engine().processes(), Instant::now());
            drop(pool);
            assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
            assert_gone(&processes, Duration::ZERO, "after a batch");
        }
    }
}

/// Processes that this one has started and not waited for.
fn children() -> Vec<u32> {
    let of = |process: u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let parent = stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse::<u32>().ok()?;
        (parent == process::id()).then_some(process)
    };
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    all.filter_map(of).collect()
}

/// The roles of this program when it is started with a word.
fn be(role: &str, transport: Transport) {
    let tell = |processes: &[u32]| {
        println!("{}", processes.iter().map(u32::to_string).collect::<Vec<_>>().join(" "));
    };
    let pool = plan(transport, 2, 1, Faults::default());
    call(&pool, &workload("squares", &[])).unwrap();
    tell(&[&[process::id()], &children()[..]].concat());
    match role {
        "role-idle" => thread::sleep(Duration::from_secs(60)),
        "role-asleep" => drop(call(&pool, &workload("sleep", &[60.0]))),
        "role-busy" => loop {
            call(&pool, &workload("squares", &[])).unwrap();
        },
        "role-starting" => loop {
            let pool = plan(transport, 2, 1, Faults::default());
            tell(&pool.engine().processes());
            call(&pool, &workload("squares", &[])).unwrap();
            tell(&children());
        },
        "role-once" => {
            // A worker that waits for its parent gets on no more than one that hangs.
            let pool = pool.with_faults(Faults { retries: 0, deadline: Some(Duration::from_secs(1)) });
            let done = call(&pool, &workload("sleep", &[0.05])).map(|_| ());
            println!("{done:?}");
        }
        other => panic!("no role {other}"),
    }
}

fn workers_go_with_their_parent_at_any_moment() {
    for (round, transport) in (0..rounds().0).flat_map(|round| Transport::ALL.map(|transport| (round, transport))) {
        for (place, role) in ["role-idle", "role-asleep", "role-busy", "role-starting"].into_iter().enumerate() {
            for stopped in [false, true] {
                let mut parent = Command::new("/proc/self/exe")
                    .args([role, transport.name()])
                    .stdin(Stdio::null())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap();
                let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
                let numbers = |line: String| line.split(' ').map(|n| n.parse().unwrap()).collect::<Vec<u32>>();
                let mut processes = numbers(lines.next().unwrap().unwrap());
                thread::sleep(Duration::from_millis(7 * place as u64 + 13 * round % 97));
                if stopped {
                    // A worker may have gone meanwhile, where pools come and go.
                    let _ = kill_process(Pid::from_raw(processes[1] as i32).unwrap(), Signal::STOP);
                }
                parent.kill().unwrap();
                parent.wait().unwrap();
                processes.extend(lines.map_while(Result::ok).flat_map(numbers));
                assert_gone(&processes, Duration::from_secs(2), &format!("{transport}: {role}, stopped: {stopped}"));
            }
        }
    }
}

fn a_parent_that_stalls_is_not_dead() {
    // All at the same time: each sleeps nearly all of it.
    let parents: Vec<_> = Transport::ALL
        .map(|transport| {
            let mut parent = Command::new("/proc/self/exe")
                .args(["role-once", transport.name()])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
            lines.next().unwrap().unwrap();
            (transport, parent, lines)
        })
        .into();
    thread::sleep(Duration::from_millis(200));
    let signal = |signal| {
        for (_, parent, _) in &parents {
            kill_process(Pid::from_child(parent), signal).unwrap();
        }
    };
    signal(Signal::STOP);
    thread::sleep(Duration::from_millis(2500));
    signal(Signal::CONT);
    for (transport, mut parent, mut lines) in parents {
        assert_eq!(lines.next().unwrap().unwrap(), "Ok(())", "{transport}");
        assert!(parent.wait().unwrap().success(), "{transport}");
    }
}

fn callers_in_several_threads_take_turns() {
    for transport in Transport::ALL {
        let pool = plan(transport, 2, 1, Faults::default());
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        assert_eq!(call(&pool, &workload("squares", &[])), Ok(squares()));
                    }
                });
            }
        });
    }
}

fn a_forked_child_has_no_workers_and_leaves_them_alone() {
    for transport in Transport::ALL {
        let pool = plan(transport, 2, 1, Faults::default());
        assert_eq!(call(&pool, &workload("squares", &[])), Ok(squares()));
        // SAFETY: this test has one thread and the pool's keeper, which holds no lock of the C library while it waits.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let error = call(&pool, &workload("squares", &[])).unwrap_err();
            drop(pool);
            // SAFETY: it does not return.
            unsafe { libc::_exit(i32::from(!error.contains("was forked"))) };
        }
        let child = Pid::from_raw(child).unwrap();
        let status = waitid(WaitId::Pid(child), WaitIdOptions::EXITED).unwrap().unwrap();
        assert_eq!(status.exit_status(), Some(0));
        assert_eq!(call(&pool, &workload("squares", &[])), Ok(squares()));
    }
}

fn what_only_this_process_has_is_refused() {
    for transport in Transport::ALL {
        let pool = plan(transport, 2, 1, Faults::default());
        let error = pool.for_each(3, |_| ()).unwrap_err().to_string();
        assert!(error.contains("register the function by name"), "{error}");
        let unknown = Registry::new().with_function("unknown", |_, _, _: &mut [f64]| Ok(()));
        let workload = Workload::function(&unknown, "unknown", 3, 1, &[]).unwrap();
        let error = pool.call::<f64>(&unknown, &workload).unwrap_err().to_string();
        assert!(error.contains("unknown function `unknown`"), "{error}");
        assert_eq!(call(&pool, &self::workload("squares", &[])), Ok(squares()), "afterwards");
    }
}

/// Pages of this process, its descriptors and its threads.
fn taken() -> [usize; 3] {
    let count = |folder| fs::read_dir(folder).unwrap().count();
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let resident = statm.split(' ').nth(1).unwrap().parse().unwrap();
    [resident, count("/proc/self/fd"), count("/proc/self/task")]
}

/// `GINGHAM_TEST_BATCHES` gives their number: `cargo xtask kill-matrix` runs 100,000.
fn many_batches_leave_nothing_behind() {
    for transport in Transport::ALL {
        let most = if transport == Transport::Shm { 2000 } else { 100 };
        let batches: usize = env::var("GINGHAM_TEST_BATCHES").map_or(most, |n| n.parse().expect("a number of batches"));
        let pool = plan(transport, 2, 1, Faults::default());
        let (squares, other) = (workload("squares", &[]), workload("fail", &[1e9]));
        // Two workloads in turn: each is a new board and new memory.
        let batch = |number: usize| call(&pool, if number.is_multiple_of(50) { &other } else { &squares }).map(|_| ());
        (0..100).for_each(|number| batch(number).unwrap());
        let [before, processes] = [taken(), [pool.engine().processes().len(), 0, 0]];
        (0..batches).for_each(|number| batch(number).unwrap());
        let after = taken();
        assert_eq!(before[1..], after[1..], "descriptors and threads");
        assert!(after[0] <= before[0] + 256, "resident pages: {} and then {}", before[0], after[0]);
        assert_eq!(processes[0], pool.engine().processes().len());
        assert!(test_kill_process(getpid()).is_ok());
    }
}
