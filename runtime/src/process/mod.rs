//! Processes that this one starts and asks: the runner of a trial, and the workers of the `processes` executor.
//!
//! Both are this [`Program`] again, or another that speaks the same lines of JSON ([`protocol`]). [`Child`] is the
//! parent's side: it starts one, asks, waits for the answer and for the child's end together, and ends it.
//! [`crate::serve`] is the child's side.

mod child;
mod error;
mod patience;
mod pipes;
pub mod program;
pub mod protocol;

pub(crate) use child::wait_for_one;
pub use child::{Child, Role};
pub use error::{Ended, Error};
pub(crate) use patience::{Patience, WAIT};
pub use program::{Program, Uninitialised};
