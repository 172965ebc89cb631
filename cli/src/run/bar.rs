//! How many products are done, on one line of a terminal.

use std::fmt::Display;

use gingham_harness::report::count;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::stderr;

/// A bar that fills as products are done, and lines above it; only the lines if standard error is not a terminal.
#[derive(Clone)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(products: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(products as u64), ProgressDrawTarget::stderr());
        let template = format!("{{bar:20}} {{pos}} of {}, {{eta}} left", count(products, "product"));
        let style = ProgressStyle::with_template(&template).expect("a fixed template");
        bar.set_style(style);
        Self(bar)
    }

    /// One more is done, from any thread.
    pub(super) fn advance(&self) {
        self.0.inc(1);
    }

    /// Prints a line above the bar, from any thread.
    pub(super) fn tell(&self, line: impl Display) {
        self.0.suspend(|| stderr::tell(format_args!("gingham: {line}")));
    }

    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
