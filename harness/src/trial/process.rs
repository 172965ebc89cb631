//! The parent's side of a trial: a child process group that is started, asked, stopped between its samples, and ended.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use gingham_machine::Neighbours;
use gingham_machine::counters::Usage;
use gingham_runtime::environment::Environment;
use gingham_runtime::store;
use rustix::event::{PollFd, PollFlags};
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid};

use super::failed::{failed, late, unexpected, unstarted};
use super::init::MARKER;
use super::patience::{Patience, WAIT};
use super::pipes::{Lines, Tail, nonblocking};
use super::program::Program;
use super::protocol::{Answer, Hello, PROTOCOL, Request};
use crate::reading::Reading;
use crate::reason::Failure;
use crate::sample::Sample;

/// How long a runner may take to exit once it has said goodbye, or has closed its standard output. Pools of workers
/// clear away their semaphores then.
const LAST_RITES: Duration = Duration::from_secs(2);

/// How often to look whether a runner has ended where no descriptor signals it.
const LOOK: Duration = Duration::from_millis(20);

/// A runner process and its group. A trial that has failed cannot be used any more.
#[derive(Debug)]
pub struct Trial {
    child: Child,
    group: Pid,
    /// Becomes readable at the runner's end; some systems refuse it (gVisor, seccomp profiles, kernels before 5.3).
    end: Option<OwnedFd>,
    requests: File,
    answers: Lines,
    stderr: Tail,
    deadline: Duration,
    neighbours: Neighbours,
    /// The runner has been waited for, so its id may be another group's by now.
    reaped: bool,
}

/// What a runner says of itself when it is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The version of the library that does the arithmetic.
    pub version: String,
    /// The kernels it chose; may be empty.
    pub kernels: String,
}

impl Trial {
    /// Starts `program` as a runner and waits until it is ready. It has at most `deadline` for every answer.
    ///
    /// # Errors
    /// [`Failure`], where it does not become ready.
    pub fn start(
        program: &Program,
        hello: Hello,
        environment: &Environment,
        deadline: Duration,
    ) -> Result<(Self, Ready), Failure> {
        program.check().map_err(|e| failed(e.to_string()))?;
        let mut command = program.command();
        environment.apply(&mut command, &hello.combination);
        command.env(MARKER, std::process::id().to_string());
        let mut trial = Self::spawn(&mut command, deadline).map_err(|e| unstarted(&e))?;
        match trial.ask(&Request::Hello(Box::new(hello)))? {
            Answer::Ready { protocol, .. } if protocol != PROTOCOL => {
                Err(failed(format!("speaks protocol {protocol}; this gingham speaks {PROTOCOL}")))
            }
            Answer::Ready { version, .. } if version.is_empty() => {
                Err(failed("it names no version; without a version there is no number"))
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
        let end = pidfd_open(group, PidfdFlags::empty()).ok();
        let neighbours = Neighbours::of_this_thread();
        let no_pipe = || io::Error::other("no pipe");
        let requests = nonblocking(OwnedFd::from(child.stdin.take().ok_or_else(no_pipe)?))?;
        let answers = Lines::new(OwnedFd::from(child.stdout.take().ok_or_else(no_pipe)?))?;
        let stderr = Tail::new(OwnedFd::from(child.stderr.take().ok_or_else(no_pipe)?))?;
        Ok(Self { child, group, end, requests, answers, stderr, deadline, neighbours, reaped: false })
    }

    /// Runs tasks `first .. first + count`, `repeat` times; returns the seconds that they took.
    pub fn run(&mut self, first: usize, count: usize, repeat: usize) -> Result<f64, Failure> {
        self.ask_to_run(Request::Run { first, count, repeat, check: false })
    }

    /// Runs them once. When this returns, the results are in the arena, wherever the runner computes.
    pub fn verify(&mut self, first: usize, count: usize) -> Result<f64, Failure> {
        self.ask_to_run(Request::Run { first, count, repeat: 1, check: true })
    }

    /// A sample of `tasks` tasks, each run `repeat` times. The trial is stopped before and after it, and runs `warm`
    /// tasks untimed first.
    pub fn sample(&mut self, warm: usize, tasks: usize, repeat: usize) -> Result<Sample, Failure> {
        self.resume();
        if warm > 0 {
            self.run(0, warm, 1)?;
        }
        let group = self.pid();
        let used = || Usage::of_group(group);
        let before = Reading::before(used(), &self.neighbours);
        let wall_s = self.run(0, tasks, repeat)?;
        let sample = before.after(used, &self.neighbours, wall_s, [tasks, repeat]);
        self.stop();
        Ok(sample)
    }

    fn ask_to_run(&mut self, run: Request) -> Result<f64, Failure> {
        match self.ask(&run)? {
            Answer::Done { wall_s } if wall_s.is_finite() && wall_s >= 0.0 => Ok(wall_s),
            Answer::Done { wall_s } => Err(failed(format!("says that a run took {wall_s} s"))),
            answer => Err(unexpected(answer)),
        }
    }

    /// Stops the whole group, so that spinning threads of idle libraries do not take a core from the trial that is
    /// measured.
    pub fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets the group go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Ends the trial in good order, and returns its largest resident size in bytes and the CPU seconds of each of its
    /// threads, as far as the runner knows them.
    ///
    /// # Errors
    /// [`Failure`], where it does not answer the request to quit.
    pub fn quit(mut self) -> Result<(u64, Vec<f64>), Failure> {
        self.resume();
        match self.ask(&Request::Quit)? {
            Answer::Bye { peak_rss_bytes, threads } => {
                self.ends_within(LAST_RITES);
                Ok((peak_rss_bytes, threads))
            }
            answer => Err(unexpected(answer)),
        }
    }

    /// The runner's process id, which is also its group's.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Signals the group, unless it has ended.
    fn signal(&self, signal: Signal) {
        if !self.reaped {
            let _ = kill_process_group(self.group, signal);
        }
    }

    /// Sends a request and waits for its answer, the runner's end, or the deadline, whichever comes first.
    fn ask(&mut self, request: &Request) -> Result<Answer, Failure> {
        let mut patience = Patience { left: self.deadline };
        // A line that is here already would be taken for the answer, and then each answer for the next one.
        self.answers.read();
        if !self.answers.is_empty() {
            return Err(failed("answered before it was asked"));
        }
        let mut line = serde_json::to_vec(request).expect("a request has no maps with other keys than strings");
        line.push(b'\n');
        self.send(&line, &mut patience)?;
        let line = self.receive(&mut patience)?;
        serde_json::from_slice(&line).map_err(|e| {
            let said = String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
            failed(format!("answered what is no answer ({}): {said:?}", store::plain(&e)))
        })
    }

    /// Writes a line; this waits while the pipe is full because the runner does not read.
    fn send(&mut self, mut line: &[u8], patience: &mut Patience) -> Result<(), Failure> {
        while !line.is_empty() {
            match self.requests.write(line) {
                Ok(written) => line = &line[written..],
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    let (_, ended) = self.wait(patience, [(&self.requests, PollFlags::OUT)])?;
                    if ended {
                        return Ok(());
                    }
                }
                // If the runner has ended the pipe is broken; `receive` finds out why it ended.
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    fn receive(&mut self, patience: &mut Patience) -> Result<Vec<u8>, Failure> {
        loop {
            if let Some(line) = self.answers.next() {
                return Ok(line);
            }
            if self.answers.too_long() {
                return Err(failed("answered a line without end"));
            }
            let listen = if self.stderr.open { PollFlags::IN } else { PollFlags::empty() };
            let pipes = [(&self.answers.pipe, PollFlags::IN), (&self.stderr.pipe, listen)];
            let ([answered, spoke], ended) = self.wait(patience, pipes)?;
            if spoke {
                self.stderr.read();
            }
            let open = !answered || self.answers.read();
            if ended || !open {
                // Its last words may still lie in the pipes.
                while self.answers.read() && self.answers.pending() {}
                self.stderr.read();
                if let Some(line) = self.answers.next() {
                    return Ok(line);
                }
                return Err(self.death());
            }
        }
    }

    /// Waits until one of `pipes` can be read or the runner ends, or for a while. Returns which pipes can be read, and
    /// whether the runner has ended.
    fn wait<const N: usize>(
        &self,
        patience: &mut Patience,
        pipes: [(&File, PollFlags); N],
    ) -> Result<([bool; N], bool), Failure> {
        if patience.left.is_zero() {
            return Err(late(self.deadline));
        }
        let end = self.end.iter().map(|end| PollFd::new(end, PollFlags::IN));
        let mut fds: Vec<_> = pipes.iter().map(|&(pipe, flags)| PollFd::new(pipe, flags)).chain(end).collect();
        let longest = if self.end.is_some() { WAIT } else { LOOK };
        patience.wait(&mut fds, longest).map_err(|e| failed(e.to_string()))?;
        Ok((std::array::from_fn(|pipe| !fds[pipe].revents().is_empty()), self.has_ended()))
    }

    /// Whether the runner has ended. It is not waited for yet, so that no other process can get its id.
    fn has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(self.group), look), Ok(None))
    }

    /// Waits for the runner's end.
    fn ends_within(&self, most: Duration) -> bool {
        let mut patience = Patience { left: most };
        while !self.has_ended() {
            if self.wait(&mut patience, []).is_err() {
                return false;
            }
        }
        true
    }

    /// Why the runner is gone.
    fn death(&mut self) -> Failure {
        let ended = self.ends_within(LAST_RITES);
        let status = self.reap();
        self.stderr.read();
        let how = match status {
            Ok(_) if !ended => "closed its standard output without an answer".into(),
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("exited with status {code}"),
                (None, Some(signal)) => format!("killed by signal {signal}"),
                (None, None) => "ended".into(),
            },
            Err(e) => e.to_string(),
        };
        failed(match self.stderr.last_line() {
            Some(line) => format!("{how}: {line}"),
            None => how,
        })
    }

    /// Ends the whole group. Its leader is waited for last: until then no other process can get its id.
    fn reap(&mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::KILL);
        self.reaped = true;
        self.child.wait()
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        let _ = self.reap();
    }
}
