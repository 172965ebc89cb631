//! What each row measures: a file for what is alike, each giving a closure that a race calls.

mod crew;
mod exchange;
mod files;
mod floor;
mod functions;
mod program;
mod site;

use std::time::Duration;

use gingham_runtime::executor::BoxError;

use super::definition::{Measure, Pattern};
use super::race::Sample;
use super::row::By;
use files::Files;
pub use functions::with_functions;
pub(super) use site::Site;

impl Measure {
    /// The unit of its samples.
    pub(super) fn unit(&self) -> &'static str {
        match self {
            Self::ExchangeTask { .. } | Self::Dispatch { .. } => "us",
            Self::ExchangeMib { .. } => "us/MiB",
            Self::Start { .. } | Self::Program(_) | Self::Load { .. } | Self::Save { .. } | Self::Floor { .. } => "s",
        }
    }

    /// Whose way it is.
    pub(super) fn by(&self) -> By {
        if matches!(self, Self::Floor { .. }) { By::Floor } else { By::Ours }
    }

    /// What takes the samples of row `number`.
    ///
    /// # Errors
    /// What this machine or this build lacks.
    pub(super) fn sample(&self, site: &Site<'_>, number: usize) -> Result<Sample, BoxError> {
        let one = |name| site.sizes.one(name);
        let (registry, cpus) = (site.registry, site.cpus);
        let made = |pattern: &Pattern| pattern.combination(cpus, 1);
        match self {
            Self::ExchangeTask { combination } => exchange::task(registry, &made(combination)?, one("tasks")?),
            Self::ExchangeMib { combination } => exchange::mib(registry, &made(combination)?, site.sizes.all("mib")?),
            Self::Start { combination } => Ok(crew::start(registry, made(combination)?)),
            Self::Dispatch { combination, pause_us } => {
                let trips = one("trips")? / one("rounds")?;
                let pause = Duration::from_micros(*pause_us);
                crew::dispatch(registry, &made(combination)?, [one("unmeasured")?, trips], pause)
            }
            Self::Program(program) => program::sample(site, program, number),
            Self::Load { format, combination, cold } => {
                files::load(Files::of(*format, site)?, &made(combination)?, *cold)
            }
            Self::Save { format, combination } => files::save(Files::of(*format, site)?, &made(combination)?),
            Self::Floor { matrices_per_task } => Ok(floor::sample(cpus, one("tasks")?, one("n")?, *matrices_per_task)),
        }
    }
}
