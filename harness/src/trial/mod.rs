//! One combination being measured, in a process of its own.
//!
//! Start-up variables, global pools, crashes, hangs and wrong results stay inside that process. The parent's side is
//! [`Trial`], the child's [`serve`]; between them run lines of JSON ([`protocol`]). The child may be any other
//! [`Program`] that speaks them.

mod measured;
mod memory;
mod pipes;
mod process;
pub mod program;
pub mod protocol;
mod runner;

pub use measured::Measured;
pub use process::{Death, Ready, Trial};
pub use program::Program;
pub use runner::{is_trial, serve};

/// Set in the environment of a trial, so that the program knows itself as one.
pub(crate) const MARKER: &str = "GINGHAM_TRIAL";
