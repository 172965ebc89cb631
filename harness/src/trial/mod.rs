//! One combination being measured, in a process of its own.
//!
//! Start-up variables, global pools, crashes, hangs and wrong results stay inside that process. The parent's side is
//! [`Trial`], the child's [`init`]; they exchange lines of JSON ([`protocol`]). The child may be any other [`Program`]
//! that speaks this protocol.

pub(crate) mod driver;
mod failed;
mod init;
mod patience;
mod pipes;
mod process;
pub mod program;
pub mod protocol;
mod runner;
mod transport;

pub use init::{Uninitialised, init};
pub use process::{Ready, Trial};
pub use program::Program;
