//! Work of the tuning itself, spread over all usable CPUs: making the operands and computing the expected results,
//! before anything is timed.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Does `work` once for each of `items`, in no order.
pub(crate) fn for_each<I: Send>(items: impl ExactSizeIterator<Item = I> + Send, work: impl Fn(I) + Sync) {
    // Counting the usable CPUs opens three files of the control group, which takes 40 us: five seconds for 131,072 dots
    // of 8 elements.
    let threads = match items.len() {
        0 | 1 => 1,
        several => thread::available_parallelism().map_or(1, NonZero::get).min(several),
    };
    let items = Mutex::new(items);
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work_off = || {
        while let Some(item) = next() {
            work(item);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // If no more threads can be started, the existing ones do the work.
            let _ = thread::Builder::new().spawn_scoped(scope, work_off);
        }
        work_off();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_off_once() {
        let mut counts = vec![0; 1000];
        for_each(counts.iter_mut(), |count| *count += 1);
        assert!(counts.iter().all(|&count| count == 1));
        for_each(std::iter::empty::<usize>().collect::<Vec<_>>().into_iter(), |_| unreachable!());
    }

    /// Five milliseconds; four seconds if each call counts the CPUs.
    #[test]
    fn one_item_costs_next_to_nothing() {
        let start = std::time::Instant::now();
        (0..100_000).for_each(|item| for_each(std::iter::once(item), |item| _ = std::hint::black_box(item)));
        assert!(start.elapsed() < std::time::Duration::from_secs(1), "{:?}", start.elapsed());
    }
}
