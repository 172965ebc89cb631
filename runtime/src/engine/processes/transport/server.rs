//! `server`: one more process has the arrays. The pool gives it the inputs before a run, workers ask it for those of
//! their tasks and give it the results, and the pool asks for these after the run.

use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::arrays::{Arrays, Inputs, Side, outside};
use super::listener::{Listener, connect, fresh_name};
use super::message::{Client, Connection};
use super::{Carrier, Error, Site};
use crate::arena::Writable;
use crate::engine::processes::board::Run;
use crate::process::protocol::{Hello, Request, Way};
use crate::process::{self, Child};
use crate::workload::{Placement, Workload};

/// The server, as the pool has it.
pub(super) struct Server {
    child: Child,
    client: Client,
    address: String,
    deadline: Option<Duration>,
}

impl Server {
    pub(super) fn new(site: &Site<'_>) -> Result<Self, Error> {
        let address = fresh_name();
        let request = Request::Keep { address: address.clone(), workload: site.workload.clone() };
        let child = (site.start)(&request).map_err(Error::Server)?;
        let client = connect(&address).and_then(|stream| Client::new(stream, site.deadline)).map_err(Error::Socket)?;
        Ok(Self { child, client, address, deadline: site.deadline })
    }

    /// Why a message could not be brought to its end.
    fn lost(&mut self, error: io::Error) -> process::Error {
        match (error.kind(), self.deadline) {
            (ErrorKind::InvalidData, _) => outside(),
            (ErrorKind::WouldBlock, Some(deadline)) => process::Error::Late(deadline),
            _ => self.child.death(),
        }
    }
}

impl Carrier for Server {
    fn direct(&self, hello: &mut Hello) {
        let way = Way::Asked { address: self.address.clone(), settle: true };
        hello.seat.iter_mut().for_each(|seat| seat.way = way.clone());
    }

    fn is_whole(&mut self) -> bool {
        !self.child.has_ended()
    }

    fn bring(&mut self, run: Run, arrays: &Arrays<'_>) -> Result<(), process::Error> {
        let mut given = run.tasks().map(|task| self.client.give(Side::Inputs, task, arrays, task));
        let given = given.try_for_each(|given| given);
        given.and_then(|()| self.client.settle()).map_err(|error| self.lost(error))
    }

    fn fetch(&mut self, done: &mut dyn Iterator<Item = usize>, arrays: &mut Arrays<'_>) -> Result<(), process::Error> {
        for task in done {
            self.client.ask(Side::Result, task, arrays, task).map_err(|error| self.lost(error))?;
        }
        Ok(())
    }
}

/// The server, as it is in its own process.
pub(crate) struct Keep<'a> {
    listener: Listener,
    workload: &'a Workload,
    placement: Placement,
    inputs: Writable,
    results: Writable,
}

impl<'a> Keep<'a> {
    /// Memory for the arrays of `workload`, and the name `address` for those that connect.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn open(address: &str, workload: &'a Workload) -> io::Result<Self> {
        let placement = Placement::of(workload);
        let (inputs, results) = (Writable::zeros(placement.input_bytes)?, Writable::zeros(placement.output_bytes)?);
        Ok(Self { listener: Listener::new(address.into())?, workload, placement, inputs, results })
    }

    /// Serves the pool and its workers until something comes of `end`, or its other end is closed.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn serve(mut self, end: impl AsFd) -> io::Result<()> {
        let (inputs, results) = (Inputs::Open(self.inputs.as_mut_slice()), self.results.as_mut_slice());
        let mut arrays = Arrays::new(self.workload, &self.placement.tensors, inputs, results);
        let mut connections: Vec<Connection> = Vec::new();
        loop {
            let mut events = vec![PollFd::new(&end, PollFlags::IN), PollFd::new(&self.listener, PollFlags::IN)];
            events.extend(connections.iter().map(Connection::event));
            match poll(&mut events, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if !events[0].revents().is_empty() {
                return Ok(());
            }
            while let Some((_, stream)) = self.listener.accept()? {
                connections.push(Connection::new(stream)?);
            }
            connections.retain_mut(|connection| connection.serve(&mut arrays).is_ok());
        }
    }
}
