//! The worker's side of the board: it claims parts, does their tasks, and notes what fails.

use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::board::{Board, Failed, Order, Run};
use super::transport::Carried;
use crate::engine::Limited;
use crate::executor::{TaskError, TaskErrors};
use crate::process::protocol::Seat;
use crate::workload::Tasks;

/// The times between which a step is kept: shorter ones would cost more than they tell, and the task that a worker died
/// of is known as well as its step is short.
const SHORTEST: Duration = Duration::from_micros(20);
const LONGEST: Duration = Duration::from_micros(100);

/// Tasks of a step at most: so many calls of nothing take 20 us.
const MOST: usize = 1 << 12;

/// A place at the board.
pub(crate) struct Worker<'a> {
    board: Board,
    number: usize,
    /// The last order that it knows.
    seen: u32,
    source: Source<'a>,
}

/// Where the arrays of its tasks are.
pub(crate) enum Source<'a> {
    /// In memory that this process has mapped.
    Mapped(Box<dyn Tasks + 'a>),
    /// Elsewhere: they are brought task by task.
    Carried(Carried<'a>),
}

impl<'a> Worker<'a> {
    /// Takes the place that the pool has given to this process.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn sit_down(seat: &Seat, source: Source<'a>) -> io::Result<Self> {
        let board = Board::open(&seat.board, seat.workers)?;
        Ok(Self { seen: board.generation(), board, number: seat.worker, source })
    }

    /// Does what the board says, until that is to read the next request. `ring` wakes the pool.
    ///
    /// # Errors
    /// Those of `ring`, and those of whoever brings the arrays.
    pub(crate) fn work(&mut self, on: &Limited<'_>, mut ring: impl FnMut() -> io::Result<()>) -> io::Result<()> {
        loop {
            self.seen = self.board.wait(self.number, self.seen);
            let Order::Run(run) = self.board.order() else { return Ok(()) };
            self.run(run, on)?;
            if self.board.finish(self.number, self.seen) {
                ring()?;
            }
        }
    }

    fn run(&mut self, run: Run, on: &Limited<'_>) -> io::Result<()> {
        let ([first, count], mut longest) = (run.of, 1);
        while let Some((part, mut left)) = self.claim(run) {
            while !left.is_empty() {
                let step = left.start..left.end.min(left.start + longest.min(run.longest));
                self.board.step(self.number, &step);
                left.start = step.end;
                let begin = Instant::now();
                let ran = match &mut self.source {
                    Source::Mapped(tasks) => {
                        let place = step.start - first;
                        tasks.run_part(step, place, count, on)
                    }
                    Source::Carried(carried) => carried.run(step, run.of, on)?,
                };
                if let Err(errors) = ran {
                    self.board.failed(self.number, &failed(errors));
                }
                match begin.elapsed() {
                    short if short < SHORTEST => longest = MOST.min(longest * 2),
                    long if long > LONGEST => longest = (longest / 2).max(1),
                    _ => {}
                }
            }
            self.board.done(part);
        }
        Ok(())
    }

    fn claim(&mut self, run: Run) -> Option<(usize, Range<usize>)> {
        match &mut self.source {
            Source::Mapped(_) => self.board.claim(run, self.number),
            Source::Carried(carried) => carried.claim(&self.board, run, self.number),
        }
    }
}

fn failed(errors: TaskErrors) -> Failed {
    let (panicked, message) = match errors.cause {
        TaskError::Failed(error) => (false, error.to_string()),
        TaskError::Panicked(message) => (true, message),
        lost @ TaskError::Lost { .. } => (false, lost.to_string()),
    };
    Failed { index: errors.index, panicked, message, tasks: errors.others + 1 }
}
