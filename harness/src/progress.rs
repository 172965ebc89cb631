//! What a tuning reports while it runs, between samples only: drawing during a sample would be measured.

use std::fmt;
use std::sync::Arc;

use gingham_runtime::combination::Combination;

/// Receives the progress of a tuning of a function, and the seconds that its budget has left; the default ignores both.
#[derive(Clone, Default)]
pub struct Listener(Option<Arc<Hear>>);

type Hear = dyn Fn(Progress<'_>, f64) + Send + Sync;

impl Listener {
    /// One that calls `hear`.
    #[must_use]
    pub fn new(hear: impl Fn(Progress<'_>, f64) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hear)))
    }

    pub(crate) fn tell(&self, progress: Progress<'_>, left_s: f64) {
        if let Some(hear) = &self.0 {
            hear(progress, left_s);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Listener" } else { "Listener (none)" })
    }
}

/// What a tuning is doing, reported between samples only.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// It allocates and fills the arena: `bytes`, and the seconds that this may take at worst.
    Filling {
        /// Bytes of the arena.
        bytes: u64,
        /// Seconds at the slowest first touch seen.
        at_worst_s: f64,
    },
    /// It resumes a journal at `at_s` seconds of its budget; a complete journal gives its result at once.
    Resuming {
        /// Seconds that the journal covers.
        at_s: f64,
    },
    /// It measures what the machine can do at most.
    Ceilings,
    /// It starts and verifies a combination.
    Admitting {
        /// The combination.
        combination: &'a Combination,
        /// How many are still to be started at most, this one included.
        left: usize,
    },
    /// It has measured one thread of each backend, and knows how much work is ahead.
    Expecting {
        /// Combinations that are worth starting.
        combinations: usize,
        /// Seconds that all of it takes, from its start.
        seconds: f64,
    },
    /// It takes a sample of a combination.
    Sampling {
        /// The combination.
        combination: &'a Combination,
        /// The round, from 0.
        round: usize,
        /// How many combinations are still in.
        live: usize,
    },
    /// It measures the finalists anew, in fresh processes.
    Confirming {
        /// The combination.
        combination: &'a Combination,
    },
    /// It is over, well or not.
    Ended,
}
