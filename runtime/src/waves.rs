//! Waves: how the tasks of a batch fall on workers, and how a part of a batch scales to the whole.

use crate::combination::Combination;

/// Tasks that the busiest of `workers` gets when `chunk` of `tasks` are handed out at a time (0: an even split).
#[must_use]
pub fn makespan(tasks: usize, workers: usize, chunk: usize) -> usize {
    let workers = workers.max(1);
    match chunk {
        0 => tasks.div_ceil(workers),
        chunk => tasks.div_ceil(chunk).div_ceil(workers).saturating_mul(chunk).min(tasks),
    }
}

/// The fewest tasks, out of `held`, that show how `combination` runs a batch: one chunk for each worker, so that all
/// work at once.
#[must_use]
pub fn wave(combination: &Combination, held: usize) -> usize {
    combination.workers.saturating_mul(combination.chunk.max(1)).clamp(1, held.max(1))
}

/// The time of a batch of `to` tasks over the time of one of `from` tasks: the ratio of the busiest worker's tasks, so
/// that the last wave's tail is neither left out nor multiplied.
#[must_use]
pub fn scale(combination: &Combination, from: usize, to: usize) -> f64 {
    if from == to {
        return 1.0;
    }
    let rows = |tasks| makespan(tasks, combination.workers, combination.chunk) as f64;
    rows(to) / rows(from).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn combination(text: &str) -> Combination {
        text.parse().unwrap()
    }

    #[test]
    fn the_busiest_worker() {
        assert_eq!(makespan(10, 3, 4), 4);
        assert_eq!(makespan(7, 3, 7), 7);
        assert_eq!(makespan(0, 3, 0), 0);
    }

    #[test]
    fn a_wave_keeps_every_worker_busy() {
        assert_eq!(wave(&combination("x:4+serial"), 9), 1);
        assert_eq!(wave(&combination("x+threads:4"), 9), 4);
        assert_eq!(wave(&combination("x+threads:4:2"), 9), 8);
        assert_eq!(wave(&combination("x+threads:4:3"), 9), 9);
        assert_eq!(wave(&combination("x+threads:4"), 0), 1);
    }

    #[test]
    fn a_part_is_scaled_by_what_the_busiest_has() {
        assert_eq!(scale(&combination("x+serial"), 10, 30), 3.0);
        assert_eq!(scale(&combination("x+threads:4"), 8, 9), 1.5);
        assert_eq!(scale(&combination("x+threads:4"), 9, 9), 1.0);
        assert_eq!(scale(&combination("x+threads:4"), 0, 8), 2.0);
    }
}
