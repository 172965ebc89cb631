//! A machine of 16 CPUs by its cost model, and tunings on it written down as results of `gingham tune`.

mod machine;
mod noise;
mod record;

pub use machine::CPUS;
pub use noise::Noise;
pub use record::outcome;
