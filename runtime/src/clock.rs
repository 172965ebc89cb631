//! The time that a tuning has had: a clock that stands still while the process does.
//!
//! Ctrl-Z, a frozen container and a paused virtual machine stop a tuning, while the system's clock goes on. A process
//! does not learn that it was stopped, but a thread that reads the clock some times a second sees it leap. Of the time
//! between two looks, the part beyond `LONGEST` does not count.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time between two looks. A look takes some microseconds.
const LOOK: Duration = Duration::from_millis(250);

/// The most that counts between two looks: on a crowded machine a thread that wakes waits some tenths of a second.
const LONGEST: Duration = Duration::from_secs(1);

/// A clock that runs from its start on. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct Clock {
    time: Arc<Mutex<Time>>,
    /// The most that counts between two looks: all of it, where the system refused the thread that looks.
    most: Duration,
}

/// The time of a clock.
#[derive(Debug)]
struct Time {
    looked: Instant,
    had: Duration,
}

impl Clock {
    /// Starts a clock. If the system refuses its thread, the clock counts stops too.
    pub fn start() -> Self {
        let time = Arc::new(Mutex::new(Time { looked: Instant::now(), had: Duration::ZERO }));
        let watched = Arc::downgrade(&time);
        let look = move || {
            while let Some(time) = watched.upgrade() {
                look(&time, Instant::now(), LONGEST);
                drop(time);
                std::thread::sleep(LOOK);
            }
        };
        let looks = std::thread::Builder::new().name("gingham-clock".into()).spawn(look).is_ok();
        Self { time, most: if looks { LONGEST } else { Duration::MAX } }
    }

    /// Sets the clock to `had`, from which it goes on.
    pub fn set(&self, had: Duration) {
        let mut time = self.time.lock().unwrap_or_else(PoisonError::into_inner);
        *time = Time { looked: Instant::now(), had };
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        look(&self.time, Instant::now(), self.most)
    }

    /// The same in seconds.
    pub fn elapsed_s(&self) -> f64 {
        self.elapsed().as_secs_f64()
    }
}

/// Adds the time since the last look, at most `most`, and returns the sum.
fn look(time: &Mutex<Time>, now: Instant, most: Duration) -> Duration {
    let mut time = time.lock().unwrap_or_else(PoisonError::into_inner);
    let since = now.saturating_duration_since(time.looked);
    time.had += since.min(most);
    time.looked = time.looked.max(now);
    time.had
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_is_no_time_of_ours() {
        let start = Instant::now();
        let time = Mutex::new(Time { looked: start, had: Duration::ZERO });
        let at = |ms, most| look(&time, start + Duration::from_millis(ms), most).as_millis();
        assert_eq!(at(250, LONGEST), 250);
        assert_eq!(at(240, LONGEST), 250, "two threads that look at once");
        assert_eq!(at(1150, LONGEST), 1150, "a late one");
        assert_eq!(at(61_150, LONGEST), 2150, "a minute of standing still");
        assert_eq!(at(121_150, Duration::MAX), 62_150, "nobody looked meanwhile");
    }

    #[test]
    fn it_goes_with_the_system_while_we_run() {
        let clock = Clock::start();
        std::thread::sleep(Duration::from_millis(30));
        assert!(clock.elapsed() >= Duration::from_millis(30), "{clock:?}");
        clock.set(Duration::from_secs(1000));
        assert!((1000.0..2000.0).contains(&clock.elapsed_s()), "{clock:?}");
    }
}
