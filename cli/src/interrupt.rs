//! Ctrl-C: the work ends with what is known, and says so at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::exit;

use super::failure::Failure;

/// Signals this close to the first are the same one: of an impatient finger, or of a shell that passes it on as well.
const SAME: Duration = Duration::from_millis(500);

/// A flag that Ctrl-C sets, so that the work ends with what is known; `tell` says so, in the words of `ending`. A second
/// Ctrl-C ends the program, after `last`.
pub(super) fn listen(
    ending: &'static str,
    tell: impl Fn(&str) + Send + 'static,
    last: impl Fn() + Send + 'static,
) -> Result<Arc<AtomicBool>, Failure> {
    let failed = |e| Failure::work(format!("cannot listen for Ctrl-C: {e}"));
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(failed)?;
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    let wait = move || {
        let mut first: Option<Instant> = None;
        for _ in signals.forever() {
            match first {
                Some(at) if at.elapsed() < SAME => {}
                Some(_) => {
                    last();
                    exit(130)
                }
                None => {
                    first = Some(Instant::now());
                    set.store(true, Ordering::Relaxed);
                    tell(ending);
                }
            }
        }
    };
    thread::Builder::new().name("gingham-signals".into()).spawn(wait).map_err(failed)?;
    Ok(flag)
}
