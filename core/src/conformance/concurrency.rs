//! Several callers at once: shared scratch, global state and races show when threads call on different data together.

use std::sync::Barrier;

use super::random::Random;
use super::{Report, Subject, Violation};

/// Callers; more than two, so that they overlap on a machine of two cores as well.
const CALLERS: usize = 4;

/// Calls of each caller.
const CALLS: usize = 60;

/// Runs a call on each of several threads, again and again and all at once. `prepare` draws the operands of one caller
/// and judges what they must give; the closure that it returns makes one call and compares.
///
/// # Errors
/// A violation of one of the callers.
pub(super) fn callers<C>(subject: &Subject<'_>, prepare: impl Fn(&mut Random) -> C) -> Result<Report, Violation>
where
    C: Fn(&Subject<'_>) -> Result<Report, Violation> + Send,
{
    let mut random = subject.random();
    together(subject, (0..CALLERS).map(|_| Box::new(prepare(&mut random)) as Call<'_>).collect())
}

/// One call of one caller.
type Call<'a> = Box<dyn Fn(&Subject<'_>) -> Result<Report, Violation> + Send + 'a>;

/// Not generic: threads are started by the same code for every check.
fn together<'a>(subject: &Subject<'_>, calls: Vec<Call<'a>>) -> Result<Report, Violation> {
    let barrier = Barrier::new(calls.len());
    std::thread::scope(|scope| {
        let start = |call: Call<'a>| {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                Report::all((0..CALLS).map(|_| call(subject)))
            })
        };
        let threads: Vec<_> = calls.into_iter().map(start).collect();
        Report::all(threads.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| Err(subject.violation("a call panicked under concurrent callers")))
        }))
    })
    .map_err(|violation| Violation { found: format!("{CALLERS} callers at once: {}", violation.found), ..violation })
}
