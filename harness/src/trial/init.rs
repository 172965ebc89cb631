//! The first line of a main whose program tunes.
//!
//! A trial is the same program, started again. If its main tuned there instead of serving, each trial would start
//! trials that tune in turn, without end. So a process that has not called [`init`] does not start trials of its own
//! program.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use gingham_core::Registry;
use rustix::io::Errno;
use rustix::process::{Pid, getppid, test_kill_process};

use super::program::Program;
use super::runner::serve;

/// Set in the environment of a trial to the id of its parent process. A process that a trial starts has another parent,
/// and so does not take itself for a trial.
pub(super) const MARKER: &str = "GINGHAM_TRIAL";

/// Whether this process has called [`init`]; its trials then do so too.
static INITIALISED: AtomicBool = AtomicBool::new(false);

/// The error of a program whose main would not serve trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "trials start this program anew, and its main does not serve them; make `gingham::init(&registry)` the first line \
     of main"
)]
pub struct Uninitialised;

/// The first line of a program that tunes. If this process was started as a trial, it serves the trial with the
/// backends and functions of `registry`, and exits.
pub fn init(registry: &Registry) {
    INITIALISED.store(true, Ordering::Relaxed);
    if is_trial() {
        let served = serve(registry);
        std::process::exit(i32::from(served != ExitCode::SUCCESS));
    }
}

impl Program {
    /// Whether trials of this program may be started from this process.
    ///
    /// # Errors
    /// [`Uninitialised`], where it is the program of this process, which has not called [`init`].
    pub fn check(&self) -> Result<(), Uninitialised> {
        let endless = self.is_this() || is_trial();
        if endless && !INITIALISED.load(Ordering::Relaxed) { Err(Uninitialised) } else { Ok(()) }
    }
}

/// Whether this process was started as a trial, even if its parent has died meanwhile.
fn is_trial() -> bool {
    let marker = std::env::var(MARKER).ok();
    let asking = marker.and_then(|number| Pid::from_raw(number.parse().ok()?));
    asking.is_some_and(|asking| getppid() == Some(asking) || test_kill_process(asking) == Err(Errno::SRCH))
}
