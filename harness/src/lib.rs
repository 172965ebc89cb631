//! The measuring half of Gingham: from a workload to the combination that runs it fastest.
//!
//! A [`Workload`](gingham_runtime::Workload) says what is to be computed; [`space`] lists the combinations of backend
//! and executor that may do it; each becomes a trial in a process of its own over one shared arena; [`search`] runs
//! them in rounds; an [`Outcome`] is the result, which [`report`] prints and [`save`] keeps in a profile. How the
//! modules hang together, each above those that it uses:
//!
//! ```text
//! tuner                          Tuner (trials) and FnTuner (closures): memory, candidates, a search, the outcome
//!   space                        the candidates, and which rule excludes the others
//!   search                       halving, race, confirmation over whatever gives samples (`search::Course`)
//!   course                       live trials, and closures in this process
//!     trial                      one process: its protocol, its runner, and the driver on the parent's side
//!   journal                      a course that is written down, and gone on with after a kill
//! check                          whether a saved answer still holds: the driver with other rules
//! replay                         a recorded tuning, decided again by the same search
//! save, report                   an outcome as a profile's entry; as table, JSON, CSV or Markdown
//! outcome, sample, reason        what came of each combination, its samples, and why it left or failed
//! study                          the tutorials' questions, measured here: our ways and Python's in one table
//! reading                        the clocks of a run, from which its sample follows
//! progress, stats, arrangement, defaults
//! ```
//!
//! Tuning (trials, tuner) is for Linux; reports and replays are for every system.
//!
//! This crate is handed a [`gingham_core::Registry`] and knows no backend by name.
#![deny(unsafe_code)]
// They panic where a stream cannot be written to, which would lose the work.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod arrangement;
#[cfg(target_os = "linux")]
pub mod check;
mod course;
pub mod defaults;
pub mod journal;
pub mod outcome;
pub mod progress;
mod reading;
pub mod reason;
pub mod replay;
pub mod report;
pub mod sample;
pub mod save;
pub mod search;
pub mod space;
pub mod stats;
#[cfg(target_os = "linux")]
pub mod study;
#[cfg(target_os = "linux")]
pub mod trial;
pub mod tuner;

pub use outcome::Outcome;
pub use progress::Progress;
pub use tuner::FnTuner;
#[cfg(target_os = "linux")]
pub use tuner::Tuner;
