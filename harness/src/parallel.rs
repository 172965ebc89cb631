//! Work of the tuning itself, spread over all usable CPUs: making the operands and computing what is expected, before
//! anything is timed.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Does `work` once for each of `items`, in no order.
pub(crate) fn for_each<I: Send>(items: impl ExactSizeIterator<Item = I> + Send, work: impl Fn(I) + Sync) {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    let items = Mutex::new(items);
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work_off = || {
        while let Some(item) = next() {
            work(item);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where no more threads can be started, those that there are do the work.
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
}
