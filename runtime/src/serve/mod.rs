//! The child's side of a [`Child`](crate::process::Child): answers requests until one says `quit`, or its parent is
//! gone. It serves the runner of a trial and the workers of `processes` alike.

mod init;
mod operands;

use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use gingham_core::Registry;
use gingham_machine::counters::{Usage, thread_cpu_seconds};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, getpid, kill_process, set_parent_process_death_signal};
use serde_json::Deserializer;

pub use init::init;

use crate::engine::processes::Faults;
use crate::engine::processes::transport::{Carried, Keep};
use crate::engine::processes::worker::{Source, Worker};
use crate::engine::{Engine, Limited};
use crate::process::program::is_kept;
use crate::process::protocol::{Answer, Hello, PROTOCOL, Request};
use crate::workload::{self, Call, Tasks};
use operands::Operands;

/// Serves one parent over standard input and output. Everything that a library prints goes to standard error.
fn serve(registry: &Registry) -> ExitCode {
    match serve_lines(registry) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "gingham: {error}"); // no other stream is left to report a failure on
            ExitCode::FAILURE
        }
    }
}

fn serve_lines(registry: &Registry) -> io::Result<()> {
    let mut answers = File::from(rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)?);
    rustix::stdio::dup2_stdout(io::stderr())?;
    if is_kept() {
        // What stays behind of a process that was killed is gone at once, even where it is stopped.
        set_parent_process_death_signal(Some(Signal::KILL))?;
        send(&mut answers, &Answer::Here)?;
    }
    if thread::Builder::new().name("gingham-parent".into()).spawn(end_with_parent).is_err() {
        // If no thread can be started, the kernel ends this process when the thread that started it ends.
        set_parent_process_death_signal(Some(Signal::KILL))?;
    }
    let mut requests = Deserializer::from_reader(io::stdin().lock()).into_iter::<Request>();
    let mut request = requests.next().transpose()?;
    loop {
        request = match request {
            Some(Request::Hello(hello)) if hello.protocol != PROTOCOL => {
                let reason = format!("protocol {}; this runner speaks {PROTOCOL}", hello.protocol);
                return send(&mut answers, &Answer::Refused { reason });
            }
            Some(Request::Hello(hello)) => serve_workload(registry, &hello, &mut requests, &mut answers)?,
            Some(Request::Quit) => {
                let (peak_rss_bytes, threads) = (Usage::of_self().peak_rss_bytes, thread_cpu_seconds());
                return send(&mut answers, &Answer::Bye { peak_rss_bytes, threads });
            }
            Some(Request::Keep { address, workload }) => {
                let keep = Keep::open(&address, &workload)?;
                send(&mut answers, &Answer::ready([String::new(), String::new()]))?;
                return keep.serve(io::stdin());
            }
            Some(Request::Run { .. }) => return Err(io::Error::other("the first request is not hello")),
            None => return Ok(()),
        }
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

/// Serves what `hello` describes; returns the request that ends it, if one does.
fn serve_workload(
    registry: &Registry,
    hello: &Hello,
    requests: &mut impl Iterator<Item = serde_json::Result<Request>>,
    answers: &mut File,
) -> io::Result<Option<Request>> {
    let mut refuse =
        |error: &dyn std::error::Error| send(answers, &Answer::Refused { reason: error.to_string() }).map(|()| None);
    let engine = match hello.workload.call() {
        Call::Op { .. } => Engine::new(registry, &hello.combination),
        Call::Function(_) => Engine::for_functions(&hello.combination),
    };
    let engine = match engine {
        Ok(mut engine) => {
            // The deadline of a trial is its parent's.
            engine.set_faults(Faults { retries: hello.retries, deadline: None });
            engine
        }
        Err(error) => return refuse(&error),
    };
    let limited = match engine.limited() {
        Ok(limited) => limited,
        Err(error) => return refuse(&error),
    };
    // A function belongs to this program and has its version.
    let ready = Answer::ready(engine.backend().map_or([env!("CARGO_PKG_VERSION").into(), String::new()], |backend| {
        let info = backend.info();
        [info.version, info.kernels]
    }));
    if let Some(mut carried) = Carried::open(hello, registry)? {
        return match carried.check() {
            Ok(()) => sit(hello, Source::Carried(carried), &limited, requests, answers, &ready),
            Err(error) => refuse(&error),
        };
    }
    let mut operands = Operands::open(hello)?;
    let mut tasks = match operands.tasks(&engine, hello, false, registry) {
        Ok(tasks) => tasks,
        Err(error @ workload::Error::Placement(_)) => return Err(io::Error::other(error)),
        Err(error) => return refuse(&error),
    };
    if hello.seat.is_some() {
        return sit(hello, Source::Mapped(tasks), &limited, requests, answers, &ready);
    }
    send(answers, &ready)?;
    loop {
        match requests.next().transpose()? {
            Some(Request::Run { first, count, repeat, check }) => {
                if check {
                    drop(tasks);
                    operands.take_in();
                    tasks = operands.tasks(&engine, hello, true, registry).map_err(io::Error::other)?;
                }
                let answer = timed(tasks.as_mut(), &limited, first, count, repeat);
                if check {
                    drop(tasks);
                    operands.hand_out();
                    tasks = operands.tasks(&engine, hello, false, registry).map_err(io::Error::other)?;
                }
                send(answers, &answer)?;
            }
            other => return Ok(other),
        }
    }
}

/// Does what the board of a pool says, until it says that there is another request; returns that.
fn sit(
    hello: &Hello,
    source: Source<'_>,
    on: &Limited<'_>,
    requests: &mut impl Iterator<Item = serde_json::Result<Request>>,
    answers: &mut File,
    ready: &Answer,
) -> io::Result<Option<Request>> {
    let Some(seat) = &hello.seat else { return Ok(None) };
    let mut worker = Worker::sit_down(seat, source)?;
    send(answers, ready)?;
    worker.work(on, || send(answers, &Answer::Done { wall_s: 0.0 }))?;
    requests.next().transpose().map_err(io::Error::other)
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
