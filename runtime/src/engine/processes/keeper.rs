//! The thread that starts the workers of a pool, and lives as long as the pool.
//!
//! A worker asks the kernel to be killed when the thread that started it ends: even a stopped worker goes then, which
//! no pipe could bring about. Were it started by the thread that happens to make a plan, it would die with that thread.

use std::io;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use crate::process::{Child, Error, Role};

/// The thread, and the way to it.
#[derive(Debug)]
pub(super) struct Keeper {
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

struct Order {
    command: Command,
    role: Role,
    started: Sender<Result<Child, Error>>,
}

impl Keeper {
    pub(super) fn new() -> io::Result<Self> {
        let (orders, list) = channel();
        let thread = thread::Builder::new().name("gingham-keeper".into()).spawn(move || keep(&list))?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    /// Starts what `command` says.
    ///
    /// # Errors
    /// [`Error::Unstarted`]
    pub(super) fn start(&self, command: Command, role: Role) -> Result<Child, Error> {
        let (started, child) = channel();
        let gone = || Error::Unstarted(io::Error::other("the thread that starts workers has ended"));
        let orders = self.orders.as_ref().ok_or_else(gone)?;
        orders.send(Order { command, role, started }).map_err(|_| gone())?;
        child.recv().map_err(|_| gone())?
    }

    /// Does not wait for a thread that this process, a forked one, does not have.
    pub(super) fn forget(&mut self) {
        std::mem::forget(self.thread.take());
    }
}

fn keep(orders: &Receiver<Order>) {
    for Order { mut command, role, started } in orders {
        // The thread that sent the order waits for the answer.
        let _ = started.send(Child::start(&mut command, role));
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.orders.take());
        // It does not panic: a start that fails is an answer.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
