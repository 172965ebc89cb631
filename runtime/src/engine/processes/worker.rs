//! The worker's side of the board: it claims parts, does their tasks, and notes what fails.

use std::io;
use std::time::{Duration, Instant};

use super::board::{Board, Failed, Order, Run};
use crate::engine::Limited;
use crate::executor::{TaskError, TaskErrors};
use crate::process::protocol::Seat;
use crate::workload::Tasks;

/// The times between which a step is kept: shorter ones would cost more than they tell, and the task that a worker died
/// of is known as well as its step is short.
const SHORTEST: Duration = Duration::from_micros(20);
const LONGEST: Duration = Duration::from_micros(100);

/// A place at the board.
#[derive(Debug)]
pub(crate) struct Worker {
    board: Board,
    number: usize,
    /// The last order that it knows.
    seen: u32,
}

impl Worker {
    /// Takes the place that the pool has given to this process.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn sit_down(seat: &Seat) -> io::Result<Self> {
        let board = Board::open(&seat.board, seat.workers)?;
        Ok(Self { seen: board.generation(), board, number: seat.worker })
    }

    /// Does what the board says, until that is to read the next request. `ring` wakes the pool.
    ///
    /// # Errors
    /// Those of `ring`.
    pub(crate) fn work(
        &mut self,
        tasks: &mut dyn Tasks,
        on: &Limited<'_>,
        mut ring: impl FnMut() -> io::Result<()>,
    ) -> io::Result<()> {
        loop {
            self.seen = self.board.wait(self.number, self.seen);
            let Order::Run(run) = self.board.order() else { return Ok(()) };
            self.run(run, tasks, on);
            if self.board.finish(self.number, self.seen) {
                ring()?;
            }
        }
    }

    fn run(&self, run: Run, tasks: &mut dyn Tasks, on: &Limited<'_>) {
        let ([first, count], mut longest) = (run.of, 1);
        while let Some((part, mut left)) = self.board.claim(run, self.number) {
            while !left.is_empty() {
                let step = left.start..left.end.min(left.start + longest.min(run.longest));
                self.board.step(self.number, &step);
                left.start = step.end;
                let begin = Instant::now();
                if let Err(errors) = tasks.run_part(step, first..first + count, on) {
                    self.board.failed(self.number, &failed(errors));
                }
                match begin.elapsed() {
                    short if short < SHORTEST => longest *= 2,
                    long if long > LONGEST => longest = (longest / 2).max(1),
                    _ => {}
                }
            }
            self.board.done(part);
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
