//! A program's own functions: what a call of one knows, and what one looks like that is known by name.
//!
//! A closure cannot be sent to another process, but a name can: the same program, started anew, registers the same
//! functions ([`Registry::with_task`](crate::Registry::with_task)) and finds the one that is meant.

use crate::OpThreads;

/// What a call knows, beside the index of its item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Context<'a> {
    items: usize,
    op_threads: OpThreads,
    parameters: &'a [f64],
}

/// A function that is known by name. It is called with the index of an item, below [`Context::items`], and writes that
/// item's results, whatever was there before.
///
/// # Contract
/// * It may be called for several items at once, and for an item any number of times: the results are the same, to
///   the bit, each time.
/// * It writes nothing but its results.
pub type Function =
    dyn Fn(&Context<'_>, usize, &mut [f64]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + Send + Sync;

/// A name that no function was registered under.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown task `{given}`; registered: {registered}")]
pub struct UnknownTask {
    /// The name that was given.
    pub given: String,
    /// The names that are there, comma-separated, or `none`.
    pub registered: String,
}

impl<'a> Context<'a> {
    /// For one of `items` calls that may use `op_threads` threads each. `parameters` are what the caller gives to all.
    #[must_use]
    pub fn new(items: usize, op_threads: OpThreads, parameters: &'a [f64]) -> Self {
        Self { items, op_threads, parameters }
    }

    /// How many items there are.
    #[must_use]
    pub fn items(&self) -> usize {
        self.items
    }

    /// Threads that this call may use, the calling one included: what it hands to the operations that it calls.
    #[must_use]
    pub fn op_threads(&self) -> OpThreads {
        self.op_threads
    }

    /// What the caller of a function that is known by name has set, the same for every item. A closure has none: it
    /// captures what it needs.
    #[must_use]
    pub fn parameters(&self) -> &'a [f64] {
        self.parameters
    }
}
