//! Functions of a user's own: which executor, how many workers and which chunk run them fastest.
//!
//! A closure over items is raced in this process, on pools of threads that are started for it: it captures what it
//! likes, and cannot be sent anywhere. A function that the program has registered by name
//! ([`Registry::with_function`](gingham_core::Registry::with_function)) is raced in trials like any workload: its results lie
//! in memory that is shared with them, and are compared bit for bit with those of a serial run. The result of either is
//! a table and a [`FnPlan`] that runs it.
//!
//! Op threads are one unless a selection names others: a function that makes no use of them would race against itself.
//!
//! ```no_run
//! use gingham_harness::function::FnTuner;
//!
//! let work = |item: usize| (0..item * 1000).map(|x| (x as f64).sqrt()).sum::<f64>();
//! let tuned = FnTuner::default().tune_fn(400, |_cx, item| {
//!     std::hint::black_box(work(item));
//!     Ok(())
//! })?;
//! println!("{tuned}");
//! let mut sums = vec![0.0; 400];
//! tuned.plan()?.run_mut(&mut sums, |_cx, item, sum| {
//!     *sum = work(item);
//!     Ok(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod course;
mod outcome;
mod plan;
mod pools;
mod space;
#[cfg(target_os = "linux")]
mod trials;
mod tuner;

pub use gingham_core::Context;

pub use outcome::{FnOutcome, FnRow};
pub use plan::{CallError, FnPlan};
pub use tuner::{Error, FnTuner};
