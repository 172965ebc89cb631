//! The child's side of a trial: answers requests until one says `quit`, or its parent is gone.

use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use gingham_core::Registry;
use gingham_machine::counters::{Usage, thread_cpu_seconds};
use gingham_runtime::engine::{Engine, Limited};
use gingham_runtime::workload::{self, Call, Tasks};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, getpid, kill_process, set_parent_process_death_signal};
use serde_json::Deserializer;

use super::protocol::{Answer, Hello, PROTOCOL, Request};
use super::transport::Transport;

/// Serves one parent over standard input and output. Everything that a library prints goes to standard error.
pub(super) fn serve(registry: &Registry) -> ExitCode {
    match serve_lines(registry) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "trial: {error}"); // no other stream is left to report a failure on
            ExitCode::FAILURE
        }
    }
}

fn serve_lines(registry: &Registry) -> io::Result<()> {
    let mut answers = File::from(rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)?);
    rustix::stdio::dup2_stdout(io::stderr())?;
    if thread::Builder::new().name("gingham-parent".into()).spawn(end_with_parent).is_err() {
        // If no thread can be started, the kernel ends this process when the thread that started it ends.
        set_parent_process_death_signal(Some(Signal::KILL))?;
    }
    let mut requests = Deserializer::from_reader(io::stdin().lock()).into_iter::<Request>();
    match requests.next().transpose()? {
        Some(Request::Hello(hello)) if hello.protocol != PROTOCOL => {
            let reason = format!("protocol {}; this runner speaks {PROTOCOL}", hello.protocol);
            send(&mut answers, &Answer::Refused { reason })
        }
        Some(Request::Hello(hello)) => serve_workload(registry, &hello, &mut requests, &mut answers),
        Some(_) => Err(io::Error::other("the first request is not hello")),
        None => Ok(()),
    }
}

/// How long the current run may go on after the parent is gone.
const LAST_RUN: Duration = Duration::from_secs(2);

/// Ends this process soon after its parent has ended, even in the middle of a run that hangs. The reliable sign is a
/// pipe that has lost its writer: the signal that Linux has for this comes when the parent's thread ends, not the
/// parent.
fn end_with_parent() {
    let requests = io::stdin();
    // No event is requested: poll always reports a hang-up, and nothing else wakes this thread.
    while poll(&mut [PollFd::new(&requests, PollFlags::empty())], None) == Err(rustix::io::Errno::INTR) {}
    thread::sleep(LAST_RUN);
    let _ = kill_process(getpid(), Signal::KILL);
}

fn refused(error: &dyn std::error::Error) -> Answer {
    Answer::Refused { reason: error.to_string() }
}

fn serve_workload(
    registry: &Registry,
    hello: &Hello,
    requests: &mut impl Iterator<Item = serde_json::Result<Request>>,
    answers: &mut File,
) -> io::Result<()> {
    let engine = match hello.workload.call() {
        Call::Op { .. } => Engine::new(registry, &hello.combination),
        Call::Function(_) => Engine::for_functions(&hello.combination).map_err(Into::into),
    };
    let engine = match engine {
        Ok(engine) => engine,
        Err(error) => return send(answers, &refused(&error)),
    };
    let limited = match engine.limited() {
        Ok(limited) => limited,
        Err(error) => return send(answers, &refused(&error)),
    };
    let mut transport = Transport::open(hello)?;
    let mut tasks = match transport.tasks(hello, registry) {
        Ok(tasks) => tasks,
        Err(error @ workload::Error::Placement(_)) => return Err(io::Error::other(error)),
        Err(error) => return send(answers, &refused(&error)),
    };
    // A function belongs to this program and has its version.
    let [version, kernels] = engine.backend().map_or([env!("CARGO_PKG_VERSION").into(), String::new()], |backend| {
        let info = backend.info();
        [info.version, info.kernels]
    });
    send(answers, &Answer::Ready { protocol: PROTOCOL, version, kernels })?;
    while let Some(request) = requests.next().transpose()? {
        match request {
            Request::Run { first, count, repeat, check } => {
                if check {
                    drop(tasks);
                    transport.take_in();
                    tasks = transport.tasks(hello, registry).map_err(io::Error::other)?;
                }
                let answer = timed(tasks.as_mut(), &limited, first, count, repeat);
                if check {
                    drop(tasks);
                    transport.hand_out();
                    tasks = transport.tasks(hello, registry).map_err(io::Error::other)?;
                }
                send(answers, &answer)?;
            }
            Request::Quit => break,
            Request::Hello(_) => return Err(io::Error::other("hello came twice")),
        }
    }
    send(answers, &Answer::Bye { peak_rss_bytes: Usage::of_self().peak_rss_bytes, threads: thread_cpu_seconds() })
}

/// Runs tasks `first .. first + count`, `repeat` times.
fn timed(tasks: &mut dyn Tasks, on: &Limited<'_>, first: usize, count: usize, repeat: usize) -> Answer {
    let Some(end) = first.checked_add(count).filter(|&end| end <= tasks.len()) else {
        return Answer::Failed { reason: format!("tasks {first}+{count} are beyond the batch") };
    };
    let start = Instant::now();
    let result = (0..repeat).try_for_each(|_| tasks.run(first..end, on));
    let wall_s = start.elapsed().as_secs_f64();
    match result {
        Ok(()) => Answer::Done { wall_s },
        Err(error) => Answer::Failed { reason: error.to_string() },
    }
}

/// Writes a line to `answers`, which was standard output.
fn send(answers: &mut File, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    answers.write_all(&line)
}
