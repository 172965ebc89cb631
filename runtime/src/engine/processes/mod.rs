//! The `processes` executor: tasks go to worker processes, which compute in memory that they share with this one, or
//! on arrays that reach them in another way (`transport`).
//!
//! `Pool` is the parent's side: it starts workers, posts tasks on a board, and waits for them and for their
//! deaths together. A worker is this program, started anew: it speaks what the runner of a trial speaks, and is
//! served by the same loop ([`crate::serve`]).

mod batch;
mod board;
mod keeper;
mod pool;
mod remote;
mod round;
pub(crate) mod transport;
pub(crate) mod worker;

pub use batch::Faults;
pub use pool::Error;
pub(super) use pool::{Pool, Work};
pub(super) use remote::Remote;
pub(super) use transport::Arrays;
pub use transport::Error as TransportError;
