//! The worker's side of the transports that bring one task at a time: memory for the arrays of one task.

use std::io;
use std::ops::Range;

use gingham_core::Registry;

use super::arrays::{Arrays, Inputs, Side};
use super::listener::connect;
use super::message::Client;
use super::queue::Tail;
use crate::arena::Writable;
use crate::engine::Limited;
use crate::engine::processes::board::{Board, Run};
use crate::executor::TaskErrors;
use crate::process::protocol::{Hello, Way};
use crate::workload::{Error, Making, Placement, Sink, Workload};

/// A task's arrays, and the way to the next one's.
pub(crate) struct Carried<'a> {
    registry: &'a Registry,
    hello: &'a Hello,
    /// One task of the batch.
    workload: Workload,
    placement: Placement,
    inputs: Writable,
    result: Writable,
    client: Client,
    /// Whether it waits until a result has been taken.
    settle: bool,
    queue: Option<Tail>,
}

impl<'a> Carried<'a> {
    /// Goes the way that `hello` says; `None` where that is not to carry.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn open(hello: &'a Hello, registry: &'a Registry) -> io::Result<Option<Self>> {
        let (address, settle, queue) = match hello.seat.as_ref().map(|seat| &seat.way) {
            None | Some(Way::Mapped) => return Ok(None),
            Some(Way::Asked { address, settle }) => (address, *settle, None),
            Some(Way::Pulled { slots, inputs, address }) => (address, false, Some(Tail::open(slots, inputs)?)),
        };
        let workload = hello.workload.with_fewer_tasks(1);
        let placement = Placement::of(&workload);
        let (inputs, result) = (Writable::zeros(placement.input_bytes)?, Writable::zeros(placement.output_bytes)?);
        let client = Client::new(connect(address)?, None)?;
        Ok(Some(Self { registry, hello, workload, placement, inputs, result, client, settle, queue }))
    }

    /// Whether the task can be run at all.
    ///
    /// # Errors
    /// [`Error`], as [`Workload::tasks_in`].
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        let Self { registry, workload, placement, inputs, result, .. } = self;
        workload.tasks_in(registry, &placement.tensors, inputs.as_slice(), result.as_mut_slice()).map(drop)
    }

    /// The next part that `worker` may do, as [`Board::claim`].
    pub(in crate::engine::processes) fn claim(
        &mut self,
        board: &Board,
        run: Run,
        worker: usize,
    ) -> Option<(usize, Range<usize>)> {
        let Some(queue) = &mut self.queue else { return board.claim(run, worker) };
        loop {
            let task = queue.pull(worker)?;
            match board.take(run, task, worker) {
                Some(part) => return Some((part, task..task + 1)),
                None => queue.skip(),
            }
        }
    }

    /// Runs the tasks of `part`, of a run of `of` tasks from task `first` on, one by one.
    ///
    /// # Errors
    /// Whoever has the arrays is gone.
    pub(in crate::engine::processes) fn run(
        &mut self,
        part: Range<usize>,
        [first, of]: [usize; 2],
        on: &Limited<'_>,
    ) -> io::Result<Result<(), TaskErrors>> {
        let mut failed: Option<TaskErrors> = None;
        for task in part {
            if let Err(errors) = self.one(task, [first, of], on).map_err(gone)? {
                failed = Some(match failed {
                    Some(before) => TaskErrors { others: before.others + 1 + errors.others, ..before },
                    None => errors,
                });
            }
        }
        Ok(failed.map_or(Ok(()), Err))
    }

    fn one(&mut self, task: usize, [first, of]: [usize; 2], on: &Limited<'_>) -> io::Result<Result<(), TaskErrors>> {
        let Self { registry, hello, workload, placement, inputs, result, client, settle, queue } = self;
        let open = Inputs::Open(inputs.as_mut_slice());
        let mut arrays = Arrays::new(workload, &placement.tensors, open, result.as_mut_slice());
        match queue {
            Some(queue) => queue.take(placement, workload, &mut arrays)?,
            None => client.ask(Side::Inputs, task, &mut arrays, 0)?,
        }
        arrays.blank(workload.call(), 0);
        // The result is handed in, whether it is kept there or not.
        let making = Making { seed: hello.seed, first: task, keep: hello.keep, folder: hello.folder.as_deref() };
        let mut tasks = workload
            .tasks_made(registry, making, &placement.tensors, inputs.as_slice(), result.as_mut_slice())
            .map_err(io::Error::other)?;
        let ran = tasks.run_part(0..1, task - first, of, on);
        drop(tasks);
        if workload.sink() != Sink::Parent && !hello.keep {
            return Ok(ran);
        }
        let fixed = Inputs::Fixed(inputs.as_slice());
        let arrays = Arrays::new(workload, &placement.tensors, fixed, result.as_mut_slice());
        client.give(Side::Result, task, &arrays, 0)?;
        if *settle {
            client.settle()?;
        }
        Ok(ran)
    }
}

/// What a worker says on standard error before it ends.
fn gone(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("a worker ends, because whoever had its arrays is gone: {error}"))
}
