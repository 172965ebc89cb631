//! Simulated machines, for tests, examples and benches: the right answer on them is known, so the errors of a search
//! can be counted.
//!
//! On the [`mock`] machine the experiment chooses the true time of every candidate; samples advance the clock, and
//! drift and bursts disturb it. On the [`modelled`] machine times come from a cost model of 16 CPUs, so that
//! combinations with more threads than this machine has can be searched, recorded and replayed. Both draw their noise
//! from recordings of real machines ([`recordings`]): the mock machine's noise is one distribution, since its
//! experiments scale it; the modelled machine keeps the noise that a whole round shares apart from each sample's own.

pub mod mock;
pub mod modelled;
pub mod recordings;
