//! A program that tunes and does not begin with `trial::init`: its trials would tune in turn, without end. It must get
//! an error at once, before anything is started.
//!
//! This test's main is such a program where it is started with a word. It is started under a limit of 64 processes and
//! for ten seconds at most, writes down each of its starts, and stops at the eighth: what it shows would otherwise be
//! seen on the whole machine.

mod mimic;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::time::Duration;

use gingham_core::Registry;
use gingham_harness::check::measure_again;
use gingham_harness::{FnTuner, Tuner};
use gingham_machine::Machine;
use gingham_runtime::profile::{Entry, Evidence, Fingerprint, Ranked};
use gingham_runtime::{Session, Workload};

use mimic::checks;

/// Where each start of this program is written down.
const STARTS: &str = "GINGHAM_TEST_STARTS";

/// More starts than one, which is right, and few enough to be harmless.
const ENOUGH: usize = 8;

/// The ways to start a trial, or a worker.
const WAYS: [&str; 4] = ["tune", "tune_calls", "check", "plan"];

fn main() -> ExitCode {
    if let Some(starts) = std::env::var_os(STARTS) {
        begin(starts.as_ref());
        return ExitCode::SUCCESS;
    }
    mimic::run(&checks![one_process_is_started_and_told_what_to_add])
}

/// The program without `init`; a trial of it begins here too, with the same words.
fn begin(starts: &Path) {
    let mut file = OpenOptions::new().append(true).create(true).open(starts).expect("the list of starts");
    file.write_all(b"x").expect("written");
    if fs::read(starts).expect("the list of starts").len() >= ENOUGH {
        return;
    }
    // A trial has no arguments: one that is not served goes the first way.
    let way = std::env::args().nth(1).unwrap_or_else(|| WAYS[0].into());
    println!("{}", refusal(&way, std::env::current_exe().expect("this test")));
}

/// The error that the program gets.
fn refusal(way: &str, program: PathBuf) -> String {
    let registry = Registry::new().with_function("nothing", |_, _, _: &mut [f64]| Ok(()));
    let workload = Workload::fill::<f64>([1, 8]).tasks(4);
    let budget = Duration::from_secs(2);
    match way {
        "tune" => {
            let mut tuner = Tuner::new(registry, workload, program);
            tuner.budget = budget;
            tuner.tune(&mut |_, _| {}).expect_err("no trial would be served").to_string()
        }
        "tune_calls" => {
            let calls = Workload::function(&registry, "nothing", 4, 1, &[]).expect("calls");
            let mut tuner = FnTuner::default();
            tuner.budget = budget;
            tuner.tune_calls(&registry, program, &calls).expect_err("no trial would be served").to_string()
        }
        "plan" => {
            let combination = "reference+processes/shm:2".parse().expect("a combination");
            Session::without_profile(registry).apply(&combination).expect_err("no worker would be served").to_string()
        }
        _ => measure_again(&answer(workload, &registry), &registry, &program, &mut |_| {}).to_string(),
    }
}

/// A saved answer of this machine.
fn answer(workload: Workload, registry: &Registry) -> Entry {
    let best = Ranked::new("reference+serial".parse().expect("a combination"), 1.0, 1e-6);
    let here = Fingerprint::now(&Machine::probe(), registry);
    Entry::new(workload, here, 0, Evidence::default(), [best].into_iter()).expect("an answer")
}

fn one_process_is_started_and_told_what_to_add() {
    match Limit::new() {
        Ok(limit) => WAYS.iter().for_each(|way| is_started_once_and_told_what_to_add(way, &limit)),
        Err(reason) => println!("SKIPPED: one_process_is_started_and_told_what_to_add: {reason}"),
    }
}

fn is_started_once_and_told_what_to_add(way: &str, limit: &Limit) {
    let folder = tempfile::tempdir().expect("a folder");
    let starts = folder.path().join("starts");
    let Output { status, stdout, stderr } = limit.run(way, &starts);
    let said = String::from_utf8_lossy(&stdout);
    assert!(status.success(), "{way}: {status}: {said}{}", String::from_utf8_lossy(&stderr));
    assert!(said.contains("make `gingham::init(&registry)` the first line of main"), "{way}: {said}");
    assert_eq!(fs::read(&starts).expect("the list of starts").len(), 1, "{way}: processes started");
}

/// What keeps a program from filling the machine with processes.
enum Limit {
    /// A control group, which holds for root too.
    Group(PathBuf),
    /// A limit of the user, which root does not feel.
    User,
}

impl Limit {
    fn new() -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::User);
        }
        // Version 1 of control groups has a hierarchy for the controller, version 2 one for all.
        let mounts = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"].map(Path::new);
        let mount = mounts.iter().find(|mount| mount.join("cgroup.procs").exists());
        let group = mount.ok_or("no control groups")?.join(format!("gingham-test-{}", std::process::id()));
        fs::create_dir(&group).map_err(|e| format!("no control group: {e}"))?;
        let limit = Self::Group(group.clone());
        let most = OpenOptions::new().write(true).open(group.join("pids.max"));
        most.and_then(|mut most| most.write_all(b"64")).map_err(|e| format!("no limit of processes: {e}"))?;
        Ok(limit)
    }

    /// Starts this program under the limit.
    fn run(&self, way: &str, starts: &Path) -> Output {
        // Of a user with other work, those processes count too.
        let script = match self {
            Self::Group(group) => format!("echo $$ > {}/cgroup.procs && exec", group.display()),
            Self::User => "exec prlimit --nproc=$(( $(ps -L -u $(id -u) | wc -l) + 64 ))".into(),
        };
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{script} timeout 10 \"$0\" \"$1\"")]);
        command.arg(std::env::current_exe().expect("this test")).arg(way);
        command.env(STARTS, starts).output().expect("a shell")
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        if let Self::Group(group) = self {
            let _ = fs::remove_dir(group);
        }
    }
}
