//! A forked child lacks its parent's threads: code that hands them work waits for ever. So every owner of threads keeps
//! their [`Home`] and checks it first.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The process that some threads live in.
#[derive(Debug)]
pub struct Home(AtomicU32);

impl Home {
    /// The home of threads that start later.
    #[must_use]
    pub const fn unknown() -> Self {
        Self(AtomicU32::new(0))
    }

    /// This process.
    #[must_use]
    pub fn here() -> Self {
        Self(AtomicU32::new(process::id()))
    }

    /// Notes that the threads start now, in this process, unless they have started before.
    pub fn settle(&self) {
        if self.0.load(Relaxed) == 0 {
            // Several threads may come here at once: all store the same id.
            self.0.store(process::id(), Relaxed);
        }
    }

    /// Whether the threads were started in another process, which this one was forked from.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        let home = self.0.load(Relaxed);
        home != 0 && home != process::id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_at_home_in_the_process_that_started_them_first() {
        let home = Home::unknown();
        assert!(!home.is_elsewhere(), "none are started");
        home.settle();
        assert!(!home.is_elsewhere() && !Home::here().is_elsewhere());
        let parent = Home(AtomicU32::new(process::id() ^ 1));
        parent.settle();
        assert!(parent.is_elsewhere());
    }
}
