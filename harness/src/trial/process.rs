//! The parent's side of a trial: a runner that is started, asked, stopped between its samples, and ended.

use std::time::Duration;

use gingham_machine::Neighbours;
use gingham_machine::counters::Usage;
use gingham_runtime::environment::Environment;
use gingham_runtime::process::{Child, Error, Program, Role};
use rustix::process::Signal;

use super::failed::failed;
use super::protocol::{Answer, Hello, PROTOCOL, Request};
use crate::reading::Reading;
use crate::reason::Failure;
use crate::sample::Sample;

/// A runner process and its group. A trial that has failed cannot be used any more.
#[derive(Debug)]
pub struct Trial {
    runner: Child,
    deadline: Duration,
    neighbours: Neighbours,
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
        program.check().map_err(Error::from)?;
        let mut command = program.command();
        environment.apply(&mut command, &hello.combination);
        let runner = Child::start(&mut command, Role::Runner)?;
        let mut trial = Self { runner, deadline, neighbours: Neighbours::of_this_thread() };
        match trial.ask(&Request::Hello(Box::new(hello)))? {
            Answer::Ready { protocol, .. } if protocol != PROTOCOL => {
                Err(failed(format!("speaks protocol {protocol}; this gingham speaks {PROTOCOL}")))
            }
            Answer::Ready { version, .. } if version.is_empty() => {
                Err(failed("it names no version; without a version there is no number"))
            }
            Answer::Ready { version, kernels, .. } => Ok((trial, Ready { version, kernels })),
            answer => Err(Error::from(answer).into()),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Answer, Failure> {
        Ok(self.runner.ask(request, self.deadline)?)
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
            answer => Err(Error::from(answer).into()),
        }
    }

    /// Stops the whole group, so that spinning threads of idle libraries do not take a core from the trial that is
    /// measured.
    pub fn stop(&self) {
        self.runner.signal(Signal::STOP);
    }

    /// Lets the group go on.
    pub fn resume(&self) {
        self.runner.signal(Signal::CONT);
    }

    /// Ends the trial in good order, and returns its largest resident size in bytes and the CPU seconds of each of its
    /// threads, as far as the runner knows them.
    ///
    /// # Errors
    /// [`Failure`], where it does not answer the request to quit.
    pub fn quit(self) -> Result<(u64, Vec<f64>), Failure> {
        self.resume();
        match self.runner.quit(self.deadline)? {
            Answer::Bye { peak_rss_bytes, threads } => Ok((peak_rss_bytes, threads)),
            answer => Err(Error::from(answer).into()),
        }
    }

    /// The runner's process id, which is also its group's.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.runner.id()
    }
}
