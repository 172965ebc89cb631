//! The `processes` executor: tasks go to worker processes, which compute in memory that they share with this one.
//!
//! `Pool` is the parent's side: it starts workers, posts tasks on a board, and waits for them and for their
//! deaths together. A worker is this program, started anew: it speaks what the runner of a trial speaks, and is
//! served by the same loop ([`crate::serve`]).

mod board;
mod keeper;
mod pool;
mod remote;
pub(crate) mod worker;

pub use pool::{Error, Faults};
pub(super) use pool::{Pool, Work};
pub(super) use remote::Remote;
