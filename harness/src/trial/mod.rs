//! One combination being measured, in a process of its own.
//!
//! Start-up variables, global pools, crashes, hangs and wrong results stay inside that process. The parent's side is
//! [`Trial`]; the child's is [`gingham_runtime::serve`], which [`init`] enters. They exchange lines of JSON
//! ([`protocol`]). The child may be any other [`Program`] that speaks this protocol.

pub(crate) mod driver;
mod failed;
mod process;

pub use gingham_runtime::process::{Program, Uninitialised, program, protocol};
pub use gingham_runtime::serve::init;
pub use process::{Ready, Trial};
