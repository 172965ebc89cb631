//! What a tuning tells of itself while it runs, between samples only: what is drawn during one is measured.

use crate::combination::Combination;

/// What a tuning is doing, told between samples only.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// It allocates and fills the arena: `bytes`, and the seconds that this may take at worst.
    Filling {
        /// Bytes of the arena.
        bytes: u64,
        /// Seconds at the slowest first touch seen.
        at_worst_s: f64,
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
    /// It has seen one thread of each backend, and knows how much there is to do.
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
        /// The round, from 0.
        round: usize,
        /// How many rounds there are.
        of: usize,
    },
}
