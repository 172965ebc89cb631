//! The parent's side of a child that answers: it is started, asked, stopped, continued, and ended.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{self, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, pidfd_open, waitid,
};

use super::error::{Ended, Error};
use super::patience::{Patience, WAIT};
use super::pipes::{Lines, Tail, nonblocking};
use super::program;
use super::protocol::{Answer, Request};
use crate::store;

/// How long a child may take to exit once it has said goodbye, or has closed its standard output. Pools of workers
/// clear away their semaphores then.
const LAST_RITES: Duration = Duration::from_secs(2);

/// How often to look whether a child has ended where no descriptor signals it.
const LOOK: Duration = Duration::from_millis(20);

/// What a child is to this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The runner of a trial. It leads a group of its own, so that whatever it starts is stopped and ended with it. Its
    /// standard error is read: the last line of it can tell why it ended.
    Runner,
    /// A worker, started by a thread that lives as long as it may: at the end of that thread the kernel kills it. It
    /// leads a group of its own, so that Ctrl-C at the terminal reaches this process alone. Its standard error is this
    /// process'.
    Worker,
    /// A worker of a runner, in whose group it is: whoever stops and ends the runner means it too.
    RunnersWorker,
}

/// A child process. Once an error has come of it, it cannot be used any more.
#[derive(Debug)]
pub struct Child {
    child: process::Child,
    id: Pid,
    role: Role,
    /// Becomes readable at the child's end; some systems refuse it (gVisor, seccomp profiles, kernels before 5.3).
    end: Option<OwnedFd>,
    requests: File,
    answers: Lines,
    /// What it writes to standard error, unless that is the parent's.
    stderr: Option<Tail>,
    /// The child has been waited for, so its id may be another process' by now.
    reaped: bool,
}

impl Child {
    /// Starts what `command` says.
    ///
    /// # Errors
    /// [`Error::Unstarted`]
    pub fn start(command: &mut Command, role: Role) -> Result<Self, Error> {
        Self::spawn(command, role).map_err(Error::Unstarted)
    }

    fn spawn(command: &mut Command, role: Role) -> io::Result<Self> {
        program::mark(command, role != Role::Runner);
        if role != Role::RunnersWorker {
            command.process_group(0);
        }
        let stderr = if role == Role::Runner { Stdio::piped() } else { Stdio::inherit() };
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr).spawn()?;
        let id = Pid::from_child(&child);
        let end = pidfd_open(id, PidfdFlags::empty()).ok();
        let no_pipe = || io::Error::other("no pipe");
        let requests = nonblocking(OwnedFd::from(child.stdin.take().ok_or_else(no_pipe)?))?;
        let answers = Lines::new(OwnedFd::from(child.stdout.take().ok_or_else(no_pipe)?))?;
        let stderr = child.stderr.take().map(|pipe| Tail::new(OwnedFd::from(pipe))).transpose()?;
        Ok(Self { child, id, role, end, requests, answers, stderr, reaped: false })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a request and waits for its answer, the child's end, or the deadline, whichever comes first.
    ///
    /// # Errors
    /// [`Error`]
    pub fn ask(&mut self, request: &Request, deadline: Duration) -> Result<Answer, Error> {
        let mut patience = Patience::new(deadline);
        // A line that is here already would be taken for the answer, and then each answer for the next one.
        self.answers.read();
        if !self.answers.is_empty() {
            return Err(Error::Answer("answered before it was asked".into()));
        }
        self.send(request, &mut patience)?;
        self.receive(&mut patience)
    }

    /// Sends a request; this waits while the pipe is full because the child does not read.
    pub(crate) fn send(&mut self, request: &Request, patience: &mut Patience) -> Result<(), Error> {
        let mut line = serde_json::to_vec(request).expect("a request has no maps with other keys than strings");
        line.push(b'\n');
        let mut line = &line[..];
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
                // If the child has ended the pipe is broken; `receive` finds out why it ended.
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// The answer to what was sent.
    pub(crate) fn receive(&mut self, patience: &mut Patience) -> Result<Answer, Error> {
        let line = self.line(patience)?;
        serde_json::from_slice(&line).map_err(|e| {
            let said = String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
            Error::Answer(format!("answered what is no answer ({}): {said:?}", store::plain(&e)))
        })
    }

    /// Throws away what it has answered. False where it has closed its standard output.
    pub(crate) fn drain(&mut self) -> bool {
        let came = self.answers.fill();
        while self.answers.next().is_some() {}
        came != Some(0) && !self.answers.too_long()
    }

    fn line(&mut self, patience: &mut Patience) -> Result<Vec<u8>, Error> {
        loop {
            if let Some(line) = self.answers.next() {
                return Ok(line);
            }
            if self.answers.too_long() {
                return Err(Error::Answer("answered a line without end".into()));
            }
            let stderr = self.stderr.as_ref().filter(|stderr| stderr.open);
            let (answered, spoke, ended) = match stderr {
                Some(stderr) => {
                    let pipes = [(&self.answers.pipe, PollFlags::IN), (&stderr.pipe, PollFlags::IN)];
                    let ([answered, spoke], ended) = self.wait(patience, pipes)?;
                    (answered, spoke, ended)
                }
                None => {
                    let ([answered], ended) = self.wait(patience, [(&self.answers.pipe, PollFlags::IN)])?;
                    (answered, false, ended)
                }
            };
            if spoke {
                self.listen();
            }
            let open = !answered || self.answers.read();
            if ended || !open {
                // Its last words may still lie in the pipes.
                while self.answers.read() && self.answers.pending() {}
                self.listen();
                if let Some(line) = self.answers.next() {
                    return Ok(line);
                }
                return Err(self.death());
            }
        }
    }

    fn listen(&mut self) {
        self.stderr.iter_mut().for_each(Tail::read);
    }

    /// Waits until one of `pipes` can be read or the child ends, or for a while. Returns which pipes can be read, and
    /// whether the child has ended.
    fn wait<const N: usize>(
        &self,
        patience: &mut Patience,
        pipes: [(&File, PollFlags); N],
    ) -> Result<([bool; N], bool), Error> {
        let end = self.end.iter().map(|end| PollFd::new(end, PollFlags::IN));
        let mut fds: Vec<_> = pipes.iter().map(|&(pipe, flags)| PollFd::new(pipe, flags)).chain(end).collect();
        patience.wait(&mut fds, if self.end.is_some() { WAIT } else { LOOK })?;
        Ok((std::array::from_fn(|pipe| !fds[pipe].revents().is_empty()), self.has_ended()))
    }

    /// Whether the child has ended. It is not waited for yet, so that no other process can get its id.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        self.reaped || !matches!(waitid(WaitId::Pid(self.id), look), Ok(None))
    }

    /// Waits for the child's end, so long.
    pub fn ends_within(&self, most: Duration) -> bool {
        let mut patience = Patience::new(most);
        while !self.has_ended() {
            if self.wait(&mut patience, []).is_err() {
                return false;
            }
        }
        true
    }

    /// Why the child is gone; it is ended where it is not.
    pub(crate) fn death(&mut self) -> Error {
        let ended = self.ends_within(LAST_RITES);
        let status = self.reap();
        self.listen();
        let how = match status {
            Ok(_) if !ended => Ended::Closed,
            Ok(status) => Ended::of(status),
            Err(e) => return Error::Wait(e),
        };
        Error::Ended { how, said: self.stderr.as_ref().and_then(Tail::last_line) }
    }

    /// Ends it at once; returns how it ended.
    pub(crate) fn end(&mut self) -> Error {
        self.reap().map_or_else(Error::Wait, |status| Error::Ended { how: Ended::of(status), said: None })
    }

    /// Asks it to quit, waits until it has, and returns its last answer.
    ///
    /// # Errors
    /// [`Error`], where it does not answer.
    pub fn quit(mut self, deadline: Duration) -> Result<Answer, Error> {
        let answer = self.ask(&Request::Quit, deadline)?;
        self.ends_within(LAST_RITES);
        Ok(answer)
    }

    /// Signals it, with all of its own group, unless it has been waited for.
    pub fn signal(&self, signal: Signal) {
        if !self.reaped {
            // It may have ended meanwhile, which is no error.
            let _ = match self.role {
                Role::Runner | Role::Worker => kill_process_group(self.id, signal),
                Role::RunnersWorker => kill_process(self.id, signal),
            };
        }
    }

    /// Ends the child. The leader of a group is waited for last: until then no other process can get its id.
    fn reap(&mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::KILL);
        self.reaped = true;
        self.child.wait()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.reaped {
            let _ = self.reap();
        }
    }
}

/// Waits until one of `children` answers or ends, for one of the events `fds`, or for a while.
pub(crate) fn wait_for_one<'a>(
    children: impl Iterator<Item = &'a Child>,
    mut fds: Vec<PollFd<'a>>,
    patience: &mut Patience,
) -> Result<(), Error> {
    let mut longest = WAIT;
    for child in children {
        fds.push(PollFd::from_borrowed_fd(child.answers.pipe.as_fd(), PollFlags::IN));
        match &child.end {
            Some(end) => fds.push(PollFd::new(end, PollFlags::IN)),
            None => longest = LOOK,
        }
    }
    patience.wait(&mut fds, longest)
}
