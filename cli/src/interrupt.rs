//! Ctrl-C: the work ends with what is known, and says so at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::exit;

use super::stderr;

/// Signals this close to the first are the same one: of an impatient finger, or of a shell that passes it on as well.
const SAME: Duration = Duration::from_millis(500);

/// A flag that Ctrl-C sets, so that the work ends with what is known; `tell` then prints `ending`. A second Ctrl-C ends
/// the program, after `last`. If no thread can be started to listen, Ctrl-C ends the program at once, as by default.
pub(super) fn listen(
    ending: &'static str,
    tell: impl Fn(&str) + Send + 'static,
    last: impl Fn() + Send + 'static,
) -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    let (listens, begun) = mpsc::channel();
    let wait = move || {
        // Here and not before: a signal that is caught while no thread listens would do nothing.
        let mut signals = match Signals::new([SIGINT, SIGTERM]) {
            Ok(signals) => signals,
            Err(e) => {
                let _ = listens.send(Err(e)); // the starting thread waits for it
                return;
            }
        };
        let _ = listens.send(Ok(()));
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
    let spawned = thread::Builder::new().name("gingham-signals".into()).spawn(wait);
    let heard = spawned.and_then(|_| begun.recv().unwrap_or(Ok(())));
    if let Err(e) = heard {
        stderr::tell(format_args!("gingham: warning: Ctrl-C will end this without a result: {e}"));
    }
    flag
}
