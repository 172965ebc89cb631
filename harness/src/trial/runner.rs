//! The child's side of a trial: answers requests until it is told to quit, or its parent goes.

use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use gingham_core::{Backend, DType, OpThreads, Registry, Scalar};
use gingham_machine::counters::{Usage, thread_cpu_seconds};

use super::MARKER;
use super::protocol::{Answer, Cost, Hello, PROTOCOL, Request};
use crate::arena::{ReadOnly, Writable};
use crate::executor::{self, Executor};
use crate::operands;
use crate::task::Task;

/// Whether this process was started as a trial.
#[must_use]
pub fn is_trial() -> bool {
    std::env::var_os(MARKER).is_some()
}

/// Serves one parent over standard input and output. Everything that a library prints goes to standard error.
#[must_use]
pub fn serve(registry: &Registry) -> ExitCode {
    match serve_lines(registry) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trial: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve_lines(registry: &Registry) -> io::Result<()> {
    let mut answers = Answers(File::from(rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)?));
    rustix::stdio::dup2_stdout(io::stderr())?;
    let mut requests = Requests(io::stdin().lines());
    match requests.next()? {
        Some(Request::Hello(hello)) => match hello.workload.dtype() {
            DType::F32 => converse::<f32>(registry, &hello, &mut requests, &mut answers),
            DType::F64 => converse::<f64>(registry, &hello, &mut requests, &mut answers),
        },
        Some(_) => Err(io::Error::other("the first request is not hello")),
        None => Ok(()),
    }
}

fn converse<T: Scalar>(
    registry: &Registry,
    hello: &Hello,
    requests: &mut Requests,
    answers: &mut Answers,
) -> io::Result<()> {
    if hello.protocol != PROTOCOL {
        let reason = format!("protocol {}; this runner speaks {PROTOCOL}", hello.protocol);
        return answers.send(&Answer::Refused { reason });
    }
    let combination = &hello.combination;
    let threads = combination.op_threads;
    let refused = |error: &dyn std::error::Error| Answer::Refused { reason: error.to_string() };
    let backend = match registry.get(&combination.backend) {
        Ok(backend) => backend.as_ref(),
        Err(error) => return answers.send(&refused(&error)),
    };
    let _limit = match backend.limit(threads) {
        Ok(limit) => limit,
        Err(error) => return answers.send(&refused(&error)),
    };
    let executor = match combination.executor() {
        Ok(executor) => executor,
        Err(error) => return answers.send(&refused(&error)),
    };
    let inputs = ReadOnly::open(&hello.arenas.inputs.path, hello.arenas.inputs.bytes)?;
    let mut outputs = Writable::open(&hello.arenas.outputs.path, hello.arenas.outputs.bytes)?;
    let mut tasks = operands::tasks::<T>(&hello.workload, &hello.tensors, inputs.as_slice(), outputs.as_mut_slice())
        .map_err(io::Error::other)?;

    let info = backend.info();
    answers.send(&Answer::Ready { version: info.version, kernels: info.kernels, pids: vec![std::process::id()] })?;
    let batch = Batch { backend, threads, executor: executor.as_ref(), chunk: combination.chunk };
    while let Some(request) = requests.next()? {
        match request {
            Request::Run { first, count, repeat } => {
                let tasks = first.checked_add(count).and_then(|end| tasks.get_mut(first..end));
                let answer = match tasks {
                    Some(tasks) => batch.run(tasks, repeat),
                    None => Answer::Failed { reason: format!("tasks {first}+{count} are beyond the batch") },
                };
                answers.send(&answer)?;
            }
            Request::Quit => break,
            Request::Hello(_) => return Err(io::Error::other("hello came twice")),
        }
    }
    answers.send(&Answer::Bye { peak_rss_bytes: Usage::of_self().peak_rss_bytes, threads: thread_cpu_seconds() })
}

/// All that a run needs, beside its tasks.
struct Batch<'a> {
    backend: &'a dyn Backend,
    threads: OpThreads,
    executor: &'a dyn Executor,
    chunk: usize,
}

impl Batch<'_> {
    fn run<T: Scalar>(&self, tasks: &mut [Task<'_, T>], repeat: usize) -> Answer {
        let before = Usage::of_self();
        let start = Instant::now();
        let result = (0..repeat).try_for_each(|_| {
            executor::for_each_mut(self.executor, tasks, self.chunk, |_, task: &mut Task<'_, T>| {
                Ok(task.run(self.backend, self.threads)?)
            })
        });
        let wall_s = start.elapsed().as_secs_f64();
        let used = Usage::of_self().since(&before);
        match result {
            Ok(()) => Answer::Done(Cost {
                wall_s,
                user_s: used.user_s,
                sys_s: used.sys_s,
                minor_faults: used.minor_faults,
                voluntary_switches: used.voluntary_switches,
                involuntary_switches: used.involuntary_switches,
            }),
            Err(error) => Answer::Failed { reason: error.to_string() },
        }
    }
}

/// Requests, a line each; their end is the end of the parent.
struct Requests(io::Lines<io::StdinLock<'static>>);

impl Requests {
    fn next(&mut self) -> io::Result<Option<Request>> {
        let Some(line) = self.0.next().transpose()? else { return Ok(None) };
        Ok(Some(serde_json::from_str(&line)?))
    }
}

/// Answers, a line each, on what was standard output.
struct Answers(File);

impl Answers {
    fn send(&mut self, answer: &Answer) -> io::Result<()> {
        let mut line = serde_json::to_vec(answer)?;
        line.push(b'\n');
        self.0.write_all(&line)
    }
}
