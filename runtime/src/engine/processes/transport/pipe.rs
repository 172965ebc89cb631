//! `pipe`: the pool writes the inputs of each task to its worker's socket, and reads the result from it.

use std::io;

use rustix::event::PollFd;

use super::arrays::Arrays;
use super::listener::{Listener, fresh_name};
use super::message::Connection;
use super::{Carrier, Error, Site};
use crate::process::protocol::{Hello, Way};

/// A socket for each worker.
pub(super) struct Pipe {
    listener: Listener,
    /// `None` for a worker that has not connected yet, or is gone.
    connections: Vec<Option<Connection>>,
}

impl Pipe {
    pub(super) fn new(site: &Site<'_>) -> Result<Self, Error> {
        let listener = Listener::new(fresh_name()).map_err(Error::Socket)?;
        Ok(Self { listener, connections: (0..site.workers).map(|_| None).collect() })
    }

    /// Where workers connect to.
    pub(super) fn address(&self) -> String {
        self.listener.name.clone()
    }
}

impl Carrier for Pipe {
    fn direct(&self, hello: &mut Hello) {
        let address = self.address();
        hello.seat.iter_mut().for_each(|seat| seat.way = Way::Asked { address: address.clone(), settle: false });
    }

    fn meet(&mut self, workers: &[(usize, u32)]) -> io::Result<()> {
        while let Some((process, stream)) = self.listener.accept()? {
            if let Some((worker, _)) = workers.iter().find(|(_, id)| *id == process) {
                self.connections[*worker] = Some(Connection::new(stream)?);
            }
        }
        Ok(())
    }

    fn serves(&self) -> bool {
        true
    }

    fn wait_for<'a>(&'a self, events: &mut Vec<PollFd<'a>>) {
        events.extend(self.connections.iter().flatten().map(Connection::event));
    }

    fn serve(&mut self, arrays: &mut Arrays<'_>) -> bool {
        let mut moved = false;
        for connection in &mut self.connections {
            // A worker whose socket is closed ends, and is missed then.
            match connection.as_mut().map(|connection| connection.serve(arrays)) {
                Some(Ok(some)) => moved |= some,
                Some(Err(_)) => *connection = None,
                None => {}
            }
        }
        moved
    }

    fn leave(&mut self, worker: usize, arrays: &mut Arrays<'_>) {
        if let Some(mut connection) = self.connections[worker].take() {
            while matches!(connection.serve(arrays), Ok(true)) {}
        }
    }
}
