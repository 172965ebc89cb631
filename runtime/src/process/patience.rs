//! How long to wait for an answer. Time in which this process was stopped, with the child or without it, must not
//! count: so no single wait counts for much longer than it was meant to take.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, poll};
use rustix::io::Errno;
use rustix::time::Timespec;

use super::error::Error;

/// The longest single wait. Waking takes some microseconds, while a run of seconds is measured.
pub(crate) const WAIT: Duration = Duration::from_secs(1);

/// The time that is left for an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    whole: Duration,
    left: Duration,
}

impl Patience {
    pub(crate) fn new(whole: Duration) -> Self {
        Self { whole, left: whole }
    }

    /// Waits until one of `fds` has an event, at most `longest`.
    ///
    /// # Errors
    /// [`Error::Late`], where no time is left.
    pub(crate) fn wait(&mut self, fds: &mut [PollFd<'_>], longest: Duration) -> Result<(), Error> {
        if self.left.is_zero() {
            return Err(Error::Late(self.whole));
        }
        let (begin, wait) = (Instant::now(), self.left.min(longest));
        let timeout = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: wait.subsec_nanos().into() };
        let polled = poll(fds, Some(&timeout));
        self.left = self.left.saturating_sub(begin.elapsed().min(wait + WAIT));
        match polled {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(e) => Err(Error::Wait(e.into())),
        }
    }
}
