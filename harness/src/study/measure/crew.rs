//! Workers with empty tasks: what they cost when they are new, and what it costs to hand them a task.

use std::thread;
use std::time::{Duration, Instant};

use gingham_core::Registry;
use gingham_runtime::arena::Arena;
use gingham_runtime::executor::BoxError;
use gingham_runtime::{Combination, Engine, Workload};

use crate::study::race::Sample;

/// The function of an empty task.
pub(super) const EMPTY: &str = "study-empty";

/// Seconds from the request for workers to the end of an empty task of each.
pub(super) fn start(registry: &Registry, combination: Combination) -> Sample {
    let registry = registry.clone();
    Box::new(move || {
        let begin = Instant::now();
        let mut crew = Crew::new(&registry, &combination)?;
        crew.trips_us(1, Duration::ZERO)?;
        let seconds = begin.elapsed().as_secs_f64();
        Ok(vec![seconds])
    })
}

/// Microseconds of each round trip of an empty task for each worker, after a pause; of `unmeasured` and then measured
/// trips.
pub(super) fn dispatch(
    registry: &Registry,
    combination: &Combination,
    [unmeasured, trips]: [usize; 2],
    pause: Duration,
) -> Result<Sample, BoxError> {
    let mut crew = Crew::new(registry, combination)?;
    crew.trips_us(unmeasured, pause)?;
    Ok(Box::new(move || {
        // The first finds the workers asleep, after the turns of others.
        crew.trips_us(1, pause)?;
        crew.trips_us(trips, pause)
    }))
}

/// Workers, and an empty task for each.
struct Crew {
    registry: Registry,
    engine: Engine,
    /// What worker processes need: a function that they know, and memory for the results of its calls.
    shared: Option<(Workload, Arena)>,
}

impl Crew {
    fn new(registry: &Registry, combination: &Combination) -> Result<Self, BoxError> {
        let engine = Engine::for_functions(combination)?;
        let shared = if combination.executor.transport().is_some() {
            let workload = Workload::function(registry, EMPTY, combination.workers, 1, &[])?;
            let arena = Arena::zeros(&workload)?;
            Some((workload, arena))
        } else {
            None
        };
        Ok(Self { registry: registry.clone(), engine, shared })
    }

    fn trips_us(&mut self, trips: usize, pause: Duration) -> Result<Vec<f64>, BoxError> {
        let (workers, on) = (self.engine.workers(), self.engine.limited()?);
        match &mut self.shared {
            Some((workload, arena)) => {
                let mut tasks = self.engine.tasks(&self.registry, workload, arena)?;
                timed(trips, pause, || Ok(tasks.run(0..workers, &on)?))
            }
            None => timed(trips, pause, || Ok(on.for_each(workers, |_| Ok(()))?)),
        }
    }
}

fn timed(trips: usize, pause: Duration, mut trip: impl FnMut() -> Result<(), BoxError>) -> Result<Vec<f64>, BoxError> {
    let time = |_| {
        if !pause.is_zero() {
            thread::sleep(pause);
        }
        let begin = Instant::now();
        trip()?;
        Ok(begin.elapsed().as_secs_f64() * 1e6)
    };
    (0..trips).map(time).collect()
}
