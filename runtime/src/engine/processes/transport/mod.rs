//! How the arrays of tasks reach the workers of a pool, and how results come back: a transport is a file here.
//!
//! The board hands the tasks out and accounts for them, whatever the transport. Where a transport copies, it copies
//! from the arrays of the caller and to them, task by task: that is what it costs.

mod arrays;
mod carried;
mod file;
mod listener;
mod message;
mod pipe;
mod queue;
mod server;
mod shm;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::PollFd;

use super::board::Run;
pub(in crate::engine) use arrays::Arrays;
pub(crate) use carried::Carried;
pub(crate) use server::Keep;

use crate::arena;
use crate::combination::Transport;
use crate::process::protocol::{Hello, Request};
use crate::process::{self, Child};
use crate::workload::Workload;

/// The pool's side of a transport, for one batch.
pub(super) trait Carrier: Send {
    /// Tells a worker in its hello how it reaches its operands.
    fn direct(&self, _hello: &mut Hello) {}

    /// The workers of these numbers and process ids are ready.
    ///
    /// # Errors
    /// The system's, where they cannot be reached.
    fn meet(&mut self, _workers: &[(usize, u32)]) -> io::Result<()> {
        Ok(())
    }

    /// Whether it can still carry: it has lost nothing that it needs.
    fn is_whole(&mut self) -> bool {
        true
    }

    /// Before a run is posted.
    ///
    /// # Errors
    /// Why it cannot carry any more.
    fn bring(&mut self, _run: Run, _arrays: &Arrays<'_>) -> Result<(), process::Error> {
        Ok(())
    }

    /// Whether workers wait for what [`Carrier::serve`] does.
    fn serves(&self) -> bool {
        false
    }

    /// Adds what tells that there is something to do for [`Carrier::serve`].
    fn wait_for<'a>(&'a self, _events: &mut Vec<PollFd<'a>>) {}

    /// Does what can be done without waiting; false where that is nothing.
    fn serve(&mut self, _arrays: &mut Arrays<'_>) -> bool {
        false
    }

    /// Nobody begins another task of the run.
    fn stop(&mut self) {}

    /// A worker is gone. What it had given before is taken.
    fn leave(&mut self, _worker: usize, _arrays: &mut Arrays<'_>) {}

    /// After a run, of which these tasks are done: their results are in `arrays` now.
    ///
    /// # Errors
    /// Why it cannot carry any more; nothing of the run counts as done then.
    fn fetch(
        &mut self,
        _done: &mut dyn Iterator<Item = usize>,
        _arrays: &mut Arrays<'_>,
    ) -> Result<(), process::Error> {
        Ok(())
    }
}

/// What a transport is made for.
pub(super) struct Site<'a> {
    /// What is carried.
    pub(super) workload: &'a Workload,
    /// To so many workers.
    pub(super) workers: usize,
    /// Starts one more process, which is told this and is ready.
    pub(super) start: &'a dyn Fn(&Request) -> Result<Child, process::Error>,
    /// How long such a process may go without getting on.
    pub(super) deadline: Option<Duration>,
}

/// A transport that cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It has no files to copy to.
    #[error("the files of processes/file, in {}: {}; set TMPDIR to a directory with room", .0.display(), .1)]
    Files(PathBuf, arena::Error),
    /// It has no memory to copy to.
    #[error(transparent)]
    Memory(#[from] arena::Error),
    /// It has no sockets.
    #[error("no socket for the arrays of processes: {0}; processes/shm needs none")]
    Socket(io::Error),
    /// The process that would hold the arrays did not become ready.
    #[error("the server of processes/server: {0}")]
    Server(process::Error),
}

/// Bytes that a transport takes beside the caller's arrays, at most 2^64 - 1.
pub(super) fn needed_bytes(transport: Transport, workload: &Workload, workers: usize) -> u64 {
    let each = workload.task_bytes();
    let times = |count: usize| each.saturating_mul(count as u64);
    match transport {
        Transport::Shm => 0,
        Transport::File => times(workload.tasks()),
        Transport::Pipe => times(workers),
        Transport::Queue => times(workers.saturating_mul(1 + queue::SLOTS_EACH)),
        Transport::Server => times(workload.tasks().saturating_add(workers)),
    }
}

/// Sets up a transport.
///
/// # Errors
/// [`Error`]
pub(super) fn set_up(transport: Transport, site: &Site<'_>) -> Result<Box<dyn Carrier>, Error> {
    Ok(match transport {
        Transport::Shm => Box::new(shm::Shm),
        Transport::File => Box::new(file::File::new(site)?),
        Transport::Pipe => Box::new(pipe::Pipe::new(site)?),
        Transport::Queue => Box::new(queue::Queue::new(site)?),
        Transport::Server => Box::new(server::Server::new(site)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_transport_copies_is_counted_before_it_is_allocated() {
        let workload = Workload::dot::<f64>(99).tasks(10);
        let task = 8 * (99 + 99 + 1);
        let needed = Transport::ALL.map(|transport| needed_bytes(transport, &workload, 3));
        assert_eq!(needed, [0, 10 * task, 3 * task, 9 * task, 13 * task]);
        let huge = Workload::matmul::<f64>([1 << 40; 3]).tasks(usize::MAX);
        assert_eq!(needed_bytes(Transport::Server, &huge, 3), u64::MAX);
    }
}
