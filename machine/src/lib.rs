//! The machine Gingham runs on: what it has, what this process may use of it, what a sample costs, and how fast it can
//! be at most.
//!
//! A measured rate means little without these: [`Machine`] says which CPUs, caches and memory there are and how many
//! CPUs an affinity mask or a container's quota leaves; [`environment`] which variables would change a library's
//! kernels; [`counters`] what a sample took in CPU time, page faults and context switches, [`Neighbours`] what other
//! programs took of the CPUs meanwhile; [`Ceilings`] the arithmetic and the memory bandwidth that no kernel working
//! from memory can exceed.
//!
//! Linux reports all of it. Elsewhere, what the system does not report is zero, empty or `None`, as each item says.

pub mod ceilings;
mod cgroup;
pub mod counters;
pub mod environment;
pub mod forks;
mod memory;
mod neighbours;
mod system;
pub mod topology;

pub use ceilings::Ceilings;
pub use memory::available_memory;
pub use neighbours::{Clocks, Neighbours, Taken};
pub use topology::Machine;
