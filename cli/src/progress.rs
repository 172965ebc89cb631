//! Progress, on one line of standard error if that is a terminal. It is drawn between samples only, without a thread
//! that ticks: a redraw during a sample would be measured.

use std::time::Duration;

use gingham_harness::Progress;
use gingham_harness::report::{bytes, count, seconds};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::failure::Failure;
use super::output::print;
#[cfg(target_os = "linux")]
use super::stderr::tell;

/// A bar on standard error that fills up to `total`, and is drawn on a terminal only; it goes with its last clone.
pub(super) fn bar(total: usize, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("a fixed template");
    ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr()).with_style(style)
}

/// A bar that fills as the budget is spent.
pub(super) struct Meter {
    bar: ProgressBar,
    budget: f64,
}

impl Meter {
    pub(super) fn new(budget: Duration) -> Self {
        Self { bar: bar(1000, "{bar:20} {prefix:>4} left  {wide_msg}"), budget: budget.as_secs_f64() }
    }

    /// Says what comes next, with `left` seconds of the budget left.
    pub(super) fn tell(&self, progress: Progress<'_>, left: f64) {
        if matches!(progress, Progress::Ended) {
            return self.bar.finish_and_clear();
        }
        let left = left.max(0.0);
        self.bar.set_position((1000.0 * (1.0 - left / self.budget)) as u64);
        self.bar.set_prefix(format!("{left:.0} s"));
        match progress {
            Progress::Expecting { combinations, seconds: s } => {
                let combinations = count(combinations, "combination");
                self.bar.println(format!("worth starting: {combinations}; about {} in all", seconds(s)));
            }
            Progress::Resuming { .. } => self.bar.println(words(progress)),
            _ => {}
        }
        self.bar.set_message(words(progress));
    }

    /// Prints a line above the bar, from any thread.
    #[cfg(target_os = "linux")]
    pub(super) fn voice(&self) -> impl Fn(&str) + Send + 'static {
        let bar = self.bar.clone();
        move |line| bar.suspend(|| tell(line))
    }
}

/// What is done next.
pub(super) fn words(progress: Progress<'_>) -> String {
    match progress {
        Progress::Resuming { at_s } => format!("going on with the journal, {} into the budget", seconds(at_s)),
        Progress::Ceilings => "measuring what the machine can do at most".into(),
        Progress::Filling { bytes: n, at_worst_s } => {
            format!("touching {} of memory (up to {})", bytes(n), seconds(at_worst_s))
        }
        Progress::Admitting { combination, left } => format!("verifying {combination}, {left} to go at most"),
        Progress::Expecting { .. } => "knowing one thread of each backend".into(),
        Progress::Sampling { combination, round, live } => {
            format!("round {}, {} in it; now {combination}", round + 1, count(live, "combination"))
        }
        Progress::Confirming { combination } => format!("confirming in a fresh process: {combination}"),
        Progress::Ended => String::new(),
    }
}

/// A bar that fills as one step after the other is done.
pub(super) struct Steps(ProgressBar);

impl Steps {
    pub(super) fn new(total: usize) -> Self {
        Self(bar(total, "{bar:20} {pos} of {len}  {wide_msg}"))
    }

    /// Says what the next step is, before it is done.
    pub(super) fn begin(&self, what: String) {
        self.0.set_message(what);
    }

    /// Prints what a step gave, above the bar.
    pub(super) fn done(&self, text: &str) -> Result<(), Failure> {
        self.0.inc(1);
        self.0.suspend(|| print(text))
    }
}
