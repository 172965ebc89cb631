//! The parent's side of a trial: a child process group that is started, asked, stopped between its samples, and ended.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use rustix::time::Timespec;

use super::MARKER;
use super::protocol::{Answer, Cost, Hello, Request};
use crate::environment::Environment;

/// A runner process and its group.
#[derive(Debug)]
pub struct Trial {
    child: Child,
    group: Pid,
    exited: OwnedFd,
    requests: File,
    answers: Lines,
    stderr: Tail,
    deadline: Duration,
}

/// What a runner says of itself when it is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The version of the library that does the arithmetic.
    pub version: String,
    /// The kernels it chose; may be empty.
    pub kernels: String,
}

/// Why a trial gives no (more) samples.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Death {
    /// The runner says that this combination is not to be had.
    #[error("{0}")]
    Refused(String),
    /// It was asked and did not answer in time.
    #[error("no answer within {}s", .0.as_secs_f64())]
    Timeout(Duration),
    /// It ended, crashed, failed, or said what no runner says.
    #[error("{0}")]
    Failed(String),
}

impl Trial {
    /// Starts `program` as a runner and waits until it is ready. Every answer of it is waited for at most `deadline`.
    ///
    /// # Errors
    /// [`Death`], where it does not come to be ready.
    pub fn start(
        program: &Path,
        hello: Hello,
        environment: &Environment,
        deadline: Duration,
    ) -> Result<(Self, Ready), Death> {
        let mut command = Command::new(program);
        environment.apply(&mut command, &hello.combination);
        command.env(MARKER, "1");
        let mut trial = Self::spawn(&mut command, deadline).map_err(|e| Death::Failed(format!("cannot start: {e}")))?;
        match trial.ask(&Request::Hello(Box::new(hello)))? {
            Answer::Ready { version, .. } if version.is_empty() => {
                Err(Death::Failed("it names no version; without a version there is no number".into()))
            }
            Answer::Ready { version, kernels, .. } => Ok((trial, Ready { version, kernels })),
            answer => Err(unexpected(answer)),
        }
    }

    fn spawn(command: &mut Command, deadline: Duration) -> io::Result<Self> {
        // A group of its own, so that whatever it starts is stopped and ended with it.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let group = Pid::from_child(&child);
        let exited = pidfd_open(group, PidfdFlags::empty())?;
        let no_pipe = || io::Error::other("no pipe");
        let requests = File::from(OwnedFd::from(child.stdin.take().ok_or_else(no_pipe)?));
        let answers = Lines::new(OwnedFd::from(child.stdout.take().ok_or_else(no_pipe)?))?;
        let stderr = Tail::new(OwnedFd::from(child.stderr.take().ok_or_else(no_pipe)?))?;
        Ok(Self { child, group, exited, requests, answers, stderr, deadline })
    }

    /// Runs tasks `first .. first + count`, `repeat` times over.
    ///
    /// # Errors
    /// [`Death`]; the trial is of no further use then.
    pub fn run(&mut self, first: usize, count: usize, repeat: usize) -> Result<Cost, Death> {
        match self.ask(&Request::Run { first, count, repeat })? {
            Answer::Done(cost) if cost.wall_s.is_finite() && cost.wall_s >= 0.0 => Ok(cost),
            answer => Err(unexpected(answer)),
        }
    }

    /// Stops the whole group: spinning threads of idle libraries take no core from the trial that is measured.
    pub fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets the group go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Ends the trial in good order.
    ///
    /// # Errors
    /// [`Death`], where it does not answer the request to quit.
    pub fn quit(mut self) -> Result<(u64, Vec<f64>), Death> {
        self.resume();
        match self.ask(&Request::Quit)? {
            Answer::Bye { peak_rss_bytes, threads } => Ok((peak_rss_bytes, threads)),
            answer => Err(unexpected(answer)),
        }
    }

    /// The runner's process id, which is also its group's.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The group may have ended already; then there is nobody to tell.
    fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.group, signal);
    }

    /// Sends a request and waits for its answer, the runner's end, or the deadline, whichever comes first.
    fn ask(&mut self, request: &Request) -> Result<Answer, Death> {
        let mut line = serde_json::to_vec(request).expect("a request has no maps with other keys than strings");
        line.push(b'\n');
        // A runner that is gone answers with a broken pipe; why it went is told by `read`.
        let _ = self.requests.write_all(&line);
        let line = self.read(Instant::now() + self.deadline)?;
        serde_json::from_slice(&line).map_err(|e| {
            let said = String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
            Death::Failed(format!("answered what is no answer ({e}): {said}"))
        })
    }

    fn read(&mut self, until: Instant) -> Result<Vec<u8>, Death> {
        loop {
            if let Some(line) = self.answers.next() {
                return Ok(line);
            }
            if self.answers.too_long() {
                return Err(Death::Failed("answered a line without end".into()));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Death::Timeout(self.deadline));
            }
            let [answered, spoke, exited] = self.wait(left).map_err(|e| Death::Failed(e.to_string()))?;
            if spoke {
                self.stderr.read();
            }
            let open = !answered || self.answers.read();
            if exited || !open {
                // What it still had to say may lie in the pipes.
                while self.answers.read() && self.answers.pending() {}
                self.stderr.read();
                if let Some(line) = self.answers.next() {
                    return Ok(line);
                }
                return Err(self.end());
            }
        }
    }

    /// Waits until one of answers, standard error and the runner's end can be had.
    fn wait(&self, left: Duration) -> io::Result<[bool; 3]> {
        let mut fds = [
            PollFd::new(&self.answers.pipe, PollFlags::IN),
            PollFd::new(&self.stderr.pipe, if self.stderr.open { PollFlags::IN } else { PollFlags::empty() }),
            PollFd::new(&self.exited, PollFlags::IN),
        ];
        let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(fds.map(|fd| !fd.revents().is_empty())),
            Err(e) => Err(e.into()),
        }
    }

    /// Why the runner is gone.
    fn end(&mut self) -> Death {
        self.signal(Signal::KILL);
        let status = self.child.wait();
        self.stderr.read();
        let how = match status {
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("exited with status {code}"),
                (None, Some(signal)) => format!("killed by signal {signal}"),
                (None, None) => "ended".into(),
            },
            Err(e) => e.to_string(),
        };
        Death::Failed(match self.stderr.last_line() {
            Some(line) => format!("{how}: {line}"),
            None => how,
        })
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

fn unexpected(answer: Answer) -> Death {
    match answer {
        Answer::Refused { reason } => Death::Refused(reason),
        Answer::Failed { reason } => Death::Failed(reason),
        other => Death::Failed(format!("answered out of turn: {other:?}")),
    }
}

/// Whole lines from a pipe that is never waited for here.
#[derive(Debug)]
struct Lines {
    pipe: File,
    buffer: VecDeque<u8>,
}

/// An answer is a few hundred bytes; a peer with thousands of threads may send some hundred thousand.
const LONGEST_ANSWER: usize = 1 << 20;

impl Lines {
    fn new(pipe: OwnedFd) -> io::Result<Self> {
        Ok(Self { pipe: nonblocking(pipe)?, buffer: VecDeque::new() })
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        let end = self.buffer.iter().position(|&b| b == b'\n')?;
        let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
        line.pop();
        Some(line)
    }

    fn pending(&self) -> bool {
        !self.buffer.contains(&b'\n') && !self.too_long()
    }

    fn too_long(&self) -> bool {
        self.buffer.len() > LONGEST_ANSWER
    }

    /// Takes in what is there; false at the end of the pipe.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        match self.pipe.read(&mut bytes) {
            Ok(n) => {
                self.buffer.extend(&bytes[..n]);
                n > 0
            }
            Err(e) => e.kind() == io::ErrorKind::Interrupted,
        }
    }
}

/// The last bytes from a pipe: enough for a reason.
#[derive(Debug)]
struct Tail {
    pipe: File,
    open: bool,
    last: VecDeque<u8>,
}

impl Tail {
    const KEPT: usize = 4096;

    fn new(pipe: OwnedFd) -> io::Result<Self> {
        Ok(Self { pipe: nonblocking(pipe)?, open: true, last: VecDeque::new() })
    }

    /// Takes in what is there, up to a pipe's worth, so that a flood of words is no reason to miss a deadline.
    fn read(&mut self) {
        let mut bytes = [0; 4096];
        for _ in 0..16 {
            match self.pipe.read(&mut bytes) {
                Ok(0) => {
                    self.open = false;
                    return;
                }
                Ok(n) => {
                    self.last.extend(&bytes[..n]);
                    self.last.drain(..self.last.len().saturating_sub(Self::KEPT));
                }
                Err(_) => return,
            }
        }
    }

    fn last_line(&self) -> Option<String> {
        let bytes: Vec<u8> = self.last.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        // Rust's own note after a panic is no reason.
        let line = text.lines().rfind(|line| !line.trim().is_empty() && !line.starts_with("note: "))?;
        Some(line.trim().to_owned())
    }
}

fn nonblocking(pipe: OwnedFd) -> io::Result<File> {
    fcntl_setfl(pipe.as_fd(), fcntl_getfl(pipe.as_fd())? | OFlags::NONBLOCK)?;
    Ok(File::from(pipe))
}
