//! How long a sample is: long enough for the clock, and of a long batch no more than shows how the combination does.

use crate::space::Candidate;

/// A sample of a short batch lasts about this long, from two thirds to one and a half of it, by repeating the batch.
pub const SAMPLE_S: f64 = 0.02;

/// The part of the budget that a sample may take, and the seconds that it may always take.
const LONGEST_SAMPLE: (f64, f64) = (1.0 / 400.0, 0.12);

/// Tasks that take this long are timed in their first run.
const WARMED_BELOW_S: f64 = 0.1;

/// Tasks of a sample, out of `held` tasks of `task_s` seconds each: all of them, or as many whole waves as fit into the
/// longest sample that a budget of `budget_s` seconds allows, and at least one wave. A wave is the fewest tasks that
/// keep every worker busy.
#[must_use]
pub fn part(budget_s: f64, task_s: f64, wave: usize, held: usize) -> usize {
    let longest_s = (budget_s * LONGEST_SAMPLE.0).max(LONGEST_SAMPLE.1);
    match (longest_s / task_s.max(1e-12)) as usize {
        tasks if tasks >= held => held,
        tasks => (tasks / wave * wave).clamp(wave.min(held), held),
    }
}

/// The part of the budget that a sample of one thread may take where every candidate runs the same items of a function.
const LONGEST_SERIAL_SAMPLE: f64 = 0.01;

/// Items of a sample for each CPU at least, unless the batch has fewer.
const FEWEST_ITEMS: usize = 8;

/// Items of a function that a sample of any candidate runs, out of `most`: as many as one thread does in a hundredth of
/// the budget, at `item_s` seconds an item.
///
/// # Errors
/// Seconds of a budget that would be enough, where `budget_s` less `spent_s` is too short for a round of `candidates`.
pub fn items(
    [budget_s, spent_s]: [f64; 2],
    item_s: f64,
    cpus: usize,
    most: usize,
    candidates: &[Candidate],
) -> Result<usize, f64> {
    let items = (budget_s * LONGEST_SERIAL_SAMPLE / item_s.max(1e-12)) as usize;
    let items = items.max(FEWEST_ITEMS * cpus).min(most);
    let serial_s = item_s * items as f64;
    let raced = candidates.iter().filter(|candidate| candidate.skipped.is_none());
    let round_s: f64 = raced.map(|raced| serial_s / raced.combination.runnable().min(cpus) as f64).sum();
    if spent_s + round_s > budget_s { Err((spent_s + 2.0 * round_s).ceil()) } else { Ok(items) }
}

/// Seconds that a task takes. `run_s` runs a number of tasks and gives the seconds that they took. One task says little
/// about the others, so `first` tasks are run, then twice as many, and so on, until a run lasts as long as a sample or
/// runs all `most` of them.
///
/// # Errors
/// Those of `run_s`.
pub fn seconds_each<E>(first: usize, most: usize, mut run_s: impl FnMut(usize) -> Result<f64, E>) -> Result<f64, E> {
    let mut count = first;
    loop {
        let seconds = run_s(count)?;
        if seconds >= SAMPLE_S || count == most {
            return Ok(seconds / count as f64);
        }
        count = (2 * count).min(most);
    }
}

/// How many times a sample repeats a part of the batch that takes `part_s` seconds: as often as comes nearest to
/// [`SAMPLE_S`], and at least once.
#[must_use]
pub fn repeats(part_s: f64) -> usize {
    (SAMPLE_S / part_s.max(1e-9)).round().clamp(1.0, 1e6) as usize
}

/// Whether tasks that take `seconds` together are run untimed before they are timed.
#[must_use]
pub fn warms(seconds: f64) -> bool {
    seconds < WARMED_BELOW_S
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_batch_is_sampled_by_whole_waves() {
        assert_eq!(part(60.0, 0.001, 2, 64), 64, "0.064 s are the whole batch");
        assert_eq!(part(60.0, 0.034, 1, 20), 4);
        assert_eq!(part(60.0, 0.034, 3, 20), 3);
        assert_eq!(part(60.0, 0.3, 2, 100), 2, "a wave at least");
        assert_eq!(part(60.0, 0.3, 8, 5), 5, "or all that are held");
        assert_eq!(part(1.0, 0.1, 1, 20), 1, "0.12 s in the shortest budget");
        assert_eq!(part(600.0, 0.3, 2, 100), 4);
    }

    #[test]
    fn tasks_are_timed_by_the_first_run_that_lasts_as_long_as_a_sample() {
        let runs = |first, most, task_s: f64| {
            let mut counts = Vec::new();
            let each_s = seconds_each(first, most, |count| {
                counts.push(count);
                Ok::<_, ()>(task_s * count as f64)
            });
            (counts, each_s.expect("no run fails"))
        };
        assert_eq!(runs(1, 100, 0.0078125), (vec![1, 2, 4], 0.0078125));
        assert_eq!(runs(2, 11, 0.0), (vec![2, 4, 8, 11], 0.0), "or that runs all of them");
        assert_eq!(runs(2, 100, 1.0), (vec![2], 1.0));
        assert_eq!(seconds_each(1, 2, |_| Err("lost")), Err("lost"));
    }

    #[test]
    fn a_short_batch_is_repeated() {
        assert_eq!([0.03, 0.014, 0.013, 0.0].map(repeats), [1, 1, 2, 1_000_000]);
        for part in (1..100).map(|ms| f64::from(ms) / 1000.0) {
            let sample = part * repeats(part) as f64;
            assert!(sample >= SAMPLE_S / 1.5 && (sample <= SAMPLE_S * 1.5 || sample == part), "{part}: {sample}");
        }
    }
}
