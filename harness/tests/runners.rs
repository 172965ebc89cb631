//! Runners as their parent meets them: peers with one fault each, an honest one, private memory, and a parent that
//! dies.
//!
//! Peers are shell scripts. Where a runner of this program is needed this test is started anew, so it has a main of its
//! own: as a trial it serves the reference, as a parent it starts a trial and waits to be killed.

mod mimic;

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use gingham_core::{OpThreads, Registry};
use gingham_harness::search::{Failure, FailureKind, SAMPLE_S};
use gingham_harness::trial::protocol::Hello;
use gingham_harness::trial::{Program, Ready, Trial, init};
use gingham_runtime::arena::Arena;
use gingham_runtime::environment::Environment;
use gingham_runtime::workload::Maker;
use gingham_runtime::{Combination, Workload};

use mimic::{Check, checks};

/// Far more than a sound runner needs on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

const CHECKS: [Check; 11] = checks![
    an_honest_peer_is_served,
    a_peer_is_measured_with_all_its_processes,
    every_fault_is_a_death_and_leaves_no_process,
    a_runner_that_does_not_read_is_not_waited_for,
    a_runner_that_has_said_goodbye_may_clear_away,
    a_command_that_is_not_there_is_a_death,
    an_empty_batch_costs_a_hundredth_of_a_sample_at_most,
    private_results_are_shown_when_they_are_checked,
    a_program_whose_file_is_replaced_starts_trials_of_itself,
    a_trial_ends_with_its_parent_while_it_runs,
    a_trial_ends_with_its_parent_while_it_is_stopped,
];

fn main() -> ExitCode {
    init(&Registry::new());
    if std::env::args().nth(1).as_deref() == Some("replaced") {
        be_replaced();
        return ExitCode::SUCCESS;
    }
    if let Some(state) = std::env::args().nth(1).filter(|arg| arg == "running" || arg == "stopped") {
        be_a_parent(&state);
    }
    mimic::run(&CHECKS)
}

/// Answers every request as it should.
const HONEST: &str = r#"
    while read -r line; do
        case $line in
            *'"type":"hello"'*) echo '{"type":"ready","version":"2.4","of":"a field to come"}' ;;
            *'"check":true'*) echo '{"type":"done","wall_s":0.5}' ;;
            *'"type":"run"'*) echo '{"type":"done","wall_s":0.25}' ;;
            *'"type":"quit"'*) echo '{"type":"bye"}'; exit ;;
        esac
    done"#;

fn peer(script: &str, argument: &Path) -> Program {
    let words = ["sh", "-c", script, argument.to_str().expect("a path of ours")];
    Program::Peer { name: "script".into(), words: words.map(String::from).into() }
}

fn own() -> Program {
    Program::Own(std::env::current_exe().expect("this test"))
}

fn arena(side: usize, tasks: usize) -> (Workload, Arena) {
    let workload = Workload::matmul::<f64>([side, side, side]).tasks(tasks);
    let arena = Arena::new(&Maker::default(), &workload, 1).expect("memory");
    (workload, arena)
}

fn hello(workload: &Workload, arena: &Arena, combination: Combination) -> Hello {
    Hello::new(workload, &combination, arena)
}

fn start(program: &Program, hello: Hello, deadline: Duration) -> Result<(Trial, Ready), Failure> {
    Trial::start(program, hello, &Environment::new(&Registry::new(), false), deadline)
}

/// Starts a peer, which finds the name of a file in `$0`.
fn start_peer(script: &str, argument: &Path, deadline: Duration) -> Result<Trial, Failure> {
    let (workload, arena) = arena(4, 2);
    start(&peer(script, argument), hello(&workload, &arena, Combination::peer("script")), deadline)
        .map(|(trial, _)| trial)
}

/// The living processes of a group. Those that have ended and wait to be waited for by the process that has inherited
/// them, are not among them.
fn alive(group: u32) -> Vec<PathBuf> {
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten().map(|entry| entry.path());
    let in_group = |path: &PathBuf| {
        let stat = std::fs::read_to_string(path.join("stat")).unwrap_or_default();
        let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
        let fields: Vec<&str> = fields.split_ascii_whitespace().take(3).collect();
        matches!(fields[..], [state, _, of] if of == group.to_string() && !"ZX".contains(state))
    };
    processes.filter(in_group).collect()
}

/// A killed process is gone a moment after the signal.
fn assert_gone(group: u32, what: &str) {
    let start = Instant::now();
    while !alive(group).is_empty() {
        assert!(start.elapsed() < DEADLINE, "{what}: {:?} are left", alive(group));
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn an_honest_peer_is_served() {
    let (workload, arena) = arena(4, 2);
    let hello = hello(&workload, &arena, Combination::peer("script"));
    let (mut trial, ready) = start(&peer(HONEST, Path::new("-")), hello, DEADLINE).expect("an honest peer");
    assert_eq!(ready, Ready { version: "2.4".into(), kernels: String::new() });
    for _ in 0..3 {
        assert_eq!(trial.run(0, 2, 1), Ok(0.25));
        trial.stop();
        trial.resume();
    }
    assert_eq!(trial.verify(0, 2), Ok(0.5));
    let group = trial.pid();
    assert_eq!(trial.quit(), Ok((0, Vec::new())), "it does not know");
    assert_gone(group, "an honest peer");
}

fn a_peer_is_measured_with_all_its_processes() {
    // The work is done by a child of a child, which stays.
    let script = r#"
        read -r hello
        echo '{"type":"ready","version":"1"}'
        read -r run
        (i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo '{"type":"done","wall_s":0.25}'; exec sleep 300) &
        wait"#;
    let mut trial = start_peer(script, Path::new("-"), DEADLINE).expect("a peer");
    let start = Instant::now();
    let measured = trial.sample(0, 1, 1).expect("an answer");
    let cpu_s = measured.user_s + measured.sys_s;
    let most = start.elapsed().as_secs_f64() * 2.0 + 0.1;
    assert_eq!(measured.wall_s, 0.25);
    assert!(cpu_s > 0.005 && cpu_s < most, "some 100 ms of work: {measured:?}");
    assert!(measured.minor_faults > 0, "a fork touches memory: {measured:?}");
    assert!(measured.others_s.is_finite() && measured.steal_s >= 0.0, "{measured:?}");
}

/// What a peer does, and the reason that its row gets. Each leaves a process behind that would outlive it.
const FAULTS: [(&str, &str); 16] = [
    ("sleep 300 & exit 7", "exited with status 7"),
    ("sleep 300 & read -r hello; echo no numpy here >&2; exit 3", "exited with status 3: no numpy here"),
    ("sleep 300 & read -r hello; kill -9 $$", "killed by signal 9"),
    (
        "sleep 300 & read -r hello; echo hello there; wait",
        "no answer (expected value at line 1 column 1): \"hello there\"",
    ),
    (r#"sleep 300 & read -r hello; printf '\377\033[1m\n'; wait"#, r"\u{1b}[1m"),
    (
        r#"sleep 300 & read -r hello; echo '{"type":"ready","protocol":7,"version":"1"}'; wait"#,
        "speaks protocol 7; this gingham speaks 1",
    ),
    (r#"sleep 300 & read -r hello; echo '{"type":"ready"}'; wait"#, "no version"),
    (r#"sleep 300 & read -r hello; echo '{"type":"ready","version":['; wait"#, "what is no answer"),
    (r#"sleep 300 & read -r hello; echo '{"type":"done","wall_s":1}'; wait"#, "out of turn"),
    ("sleep 300 & read -r hello; tr '\\0' x </dev/zero", "a line without end"),
    ("sleep 300 & read -r hello; wait", "no answer within 0.5s"),
    ("sleep 300 >/dev/null & read -r hello; exec >/dev/null; wait", "closed its standard output without an answer"),
    (r#"sleep 300 & read -r hello; echo '{"type":"refused","reason":"not on a Friday"}'; wait"#, "not on a Friday"),
    (
        r#"sleep 300 & read -r hello; echo '{"type":"ready","version":"1"}'; read -r run; exit 9"#,
        "exited with status 9",
    ),
    (
        r#"sleep 300 & read -r hello; echo '{"type":"ready","version":"1"}'; read -r run
           echo '{"type":"done","wall_s":-1}'; wait"#,
        "says that a run took -1 s",
    ),
    (
        r#"sleep 300 & read -r hello; echo '{"type":"ready","version":"1"}'; read -r run
           printf '{"type":"done","wall_s":1}\n{"type":"done","wall_s":1}\n'; wait"#,
        "answered before it was asked",
    ),
];

fn every_fault_is_a_death_and_leaves_no_process() {
    let directory = tempfile::tempdir().expect("a directory");
    for (fault, words) in FAULTS {
        let pid = directory.path().join("pid");
        // One that is to time out does so soon.
        let deadline = if words.contains("0.5s") { Duration::from_millis(500) } else { DEADLINE };
        let script = format!("echo $$ >\"$0\"; {fault}");
        let begin = Instant::now();
        let outcome = start_peer(&script, &pid, deadline).and_then(|mut trial| {
            trial.run(0, 1, 1)?;
            trial.run(0, 1, 1)
        });
        let death = outcome.expect_err(fault);
        assert!(death.to_string().contains(words), "{fault}: {death}");
        assert_eq!(death.kind == FailureKind::Refused, words.contains("Friday"), "{fault}: {death:?}");
        assert_eq!(death.kind == FailureKind::Timeout, words.contains("0.5s"), "{fault}: {death:?}");
        assert!(begin.elapsed() < DEADLINE, "{fault}: {:?}", begin.elapsed());
        let group = std::fs::read_to_string(&pid).expect("it wrote its number").trim().parse().expect("a number");
        assert_gone(group, fault);
    }
}

fn a_runner_that_does_not_read_is_not_waited_for() {
    let (workload, arena) = arena(4, 2);
    let mut hello = hello(&workload, &arena, Combination::peer("script"));
    hello.tensors[0].name = "a".repeat(1 << 20); // more than a pipe holds
    let death = start(&peer("sleep 300", Path::new("-")), hello, Duration::from_millis(500)).expect_err("it sleeps");
    assert_eq!((death.kind, &death.reason[..]), (FailureKind::Timeout, "no answer within 0.5s"));
}

fn a_runner_that_has_said_goodbye_may_clear_away() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("semaphore");
    std::fs::write(&file, "").expect("a file");
    let script = r#"
        read -r hello; echo '{"type":"ready","version":"1"}'
        read -r quit; echo '{"type":"bye","peak_rss_bytes":7,"threads":[1.5]}'
        sleep 0.1; rm "$0""#;
    let trial = start_peer(script, &file, DEADLINE).expect("a peer");
    assert_eq!(trial.quit(), Ok((7, vec![1.5])));
    assert!(!file.exists(), "it was killed before it could remove its file");

    let trial = start_peer(&format!("{script}; sleep 300"), &file, DEADLINE).expect("a peer");
    let (group, begin) = (trial.pid(), Instant::now());
    trial.quit().expect("a goodbye");
    assert!(begin.elapsed() < DEADLINE, "one that stays is ended");
    assert_gone(group, "one that stays");
}

fn a_command_that_is_not_there_is_a_death() {
    let (workload, arena) = arena(4, 2);
    let program = Program::peer("none=/no/such/runner --fast").expect("a peer");
    let death = start(&program, hello(&workload, &arena, Combination::peer("none")), DEADLINE).expect_err("no runner");
    assert!(death.kind == FailureKind::Failed && death.reason.starts_with("cannot start: "), "{death:?}");
}

/// What is timed beside the tasks: some microseconds of hand-out, where a hundredth of the shortest sample is 130.
fn an_empty_batch_costs_a_hundredth_of_a_sample_at_most() {
    for combination in ["reference+serial", "reference+threads:2", "reference+rayon:2:1"] {
        let (workload, arena) = arena(8, 4);
        let hello = hello(&workload, &arena, combination.parse().expect("a combination"));
        let (mut trial, _) = start(&own(), hello, DEADLINE).expect("it is ready");
        let empty = |_| trial.run(0, 0, 1).expect("an empty run");
        let least = (0..50).map(empty).min_by(f64::total_cmp).expect("fifty runs");
        assert!(least < 0.01 * SAMPLE_S / 1.5, "{combination}: {least} s for nothing");
    }
}

fn private_results_are_shown_when_they_are_checked() {
    let (workload, mut arena) = arena(8, 3);
    let combination = Combination::serial("reference", OpThreads::ONE);
    let shared = hello(&workload, &arena, combination);
    let mut private = shared.clone();
    private.private = true;

    let judge = workload.judge(arena.placement(), arena.inputs(), 1).expect("a judge");
    let poison = |arena: &mut Arena| judge.poison(arena.outputs_mut(), 3);
    let results = |arena: &Arena| bytemuck::cast_slice::<u8, f64>(arena.outputs())[..3 * 64].to_vec();
    poison(&mut arena);
    let (mut trial, _) = start(&own(), shared, DEADLINE).expect("a trial");
    trial.run(0, 3, 1).expect("a run");
    let right = results(&arena);
    assert!(right.iter().all(|x| x.is_finite()), "{right:?}");
    trial.quit().expect("a goodbye");

    poison(&mut arena);
    let (mut trial, _) = start(&own(), private, DEADLINE).expect("a trial");
    trial.run(0, 3, 1).expect("a run");
    assert!(results(&arena).iter().all(|x| x.is_nan()), "a run that is not checked writes nothing here");
    trial.verify(0, 2).expect("a run");
    assert_eq!(results(&arena)[..2 * 64], right[..2 * 64]);
    assert!(results(&arena)[2 * 64..].iter().all(|x| x.is_nan()), "the run before this one is not shown");
    trial.verify(0, 3).expect("a run");
    assert_eq!(results(&arena), right);
    assert!(trial.verify(2, 2).is_err_and(|death| death.to_string().contains("beyond the batch")));
}

/// Puts something else in the place of its own file, as `cargo build` does, and starts a trial all the same.
fn be_replaced() {
    let own = own();
    let Program::Own(path) = &own else { unreachable!("it is our own") };
    std::fs::remove_file(path).expect("it is in a folder of its own");
    std::fs::write(path, "not a program").expect("its place is free");
    let (workload, arena) = arena(4, 2);
    let serial = || Combination::serial("reference", OpThreads::ONE);
    let (first, ready) = start(&own, hello(&workload, &arena, serial()), DEADLINE).expect("a trial");
    // What the system calls this program from here on is not the name of a file.
    let (second, _) = start(&self::own(), hello(&workload, &arena, serial()), DEADLINE).expect("another trial");
    drop((first, second));
    println!("{}", ready.version);
}

fn a_program_whose_file_is_replaced_starts_trials_of_itself() {
    let directory = tempfile::tempdir().expect("a directory");
    let copy = directory.path().join("copy");
    std::fs::copy(std::env::current_exe().expect("this test"), &copy).expect("a copy");
    let output = Command::new(&copy).arg("replaced").output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), env!("CARGO_PKG_VERSION"));
}

/// Starts a trial that computes for days, tells its number, and waits to be killed.
fn be_a_parent(state: &str) -> ! {
    let (workload, arena) = arena(64, 1);
    let hello = hello(&workload, &arena, Combination::serial("reference", OpThreads::ONE));
    let (mut trial, _) = start(&own(), hello, Duration::from_secs(600)).expect("a trial");
    println!("{}", trial.pid());
    if state == "stopped" {
        trial.stop();
        std::thread::sleep(Duration::from_secs(600));
    }
    panic!("{:?}", trial.run(0, 1, usize::MAX));
}

fn a_trial_ends_with_its_parent_while_it_runs() {
    a_trial_ends_with_its_parent("running");
}

fn a_trial_ends_with_its_parent_while_it_is_stopped() {
    a_trial_ends_with_its_parent("stopped");
}

fn a_trial_ends_with_its_parent(state: &str) {
    let Program::Own(program) = own() else { unreachable!("it is our own") };
    let mut parent = Command::new(program).arg(state).stdout(Stdio::piped()).spawn().expect("a parent");
    let mut line = String::new();
    BufReader::new(parent.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let group = line.trim().parse().expect("a number");
    assert_eq!(alive(group).len(), 1, "the trial of {line}");
    std::thread::sleep(Duration::from_millis(50)); // it is at work, or stopped
    parent.kill().expect("a kill");
    assert_eq!(parent.wait().expect("a status").signal(), Some(9));
    assert_gone(group, state);
}
