//! Machines that are not there, for tests, examples and benches: what is true on them is known, so it can be counted
//! how often a search is wrong.
//!
//! There are two, because two things are to be known. On the [`mock`] machine every contestant has a true time that the
//! experiment chooses, the clock goes by what the samples take, and there is weather: drift and bursts. On the
//! [`modelled`] one times come from a cost model of 16 CPUs, so that combinations of more threads than this machine has
//! can be searched, recorded and replayed. Both draw their noise from the recordings of machines that are there
//! ([`recordings`]), each in its own way: that of the former is one distribution, since its experiments scale it; that
//! of the latter keeps what the samples of a round have in common apart from what is each sample's own.

pub mod mock;
pub mod modelled;
pub mod recordings;
