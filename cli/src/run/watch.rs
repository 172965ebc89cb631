//! Files on their way: the bar over them, and what Ctrl-C does to them.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use gingham_harness::report::count;
use gingham_runtime::format::Partials;
use indicatif::ProgressBar;

use crate::stderr::complain;
use crate::{interrupt, progress};

/// What a run over files is watched with.
pub(super) struct Watch {
    /// How many are done.
    pub(super) bar: ProgressBar,
    /// The files that are being written.
    pub(super) partials: Arc<Partials>,
    /// Once it is true, no other file is begun.
    pub(super) stop: Arc<AtomicBool>,
}

impl Watch {
    /// For `files` of `what`. The first Ctrl-C says `ending`, and the second `ended`, which then is so.
    pub(super) fn begin(files: usize, what: &str, ending: &'static str, ended: &'static str) -> Self {
        let bar = progress::bar(files, &format!("{{bar:20}} {{pos}} of {}, {{eta}} left", count(files, what)));
        let partials = Arc::new(Partials::default());
        let (voice, last_voice, unfinished) = (bar.clone(), bar.clone(), Arc::clone(&partials));
        let last = move || {
            // Held for ever: no other file is begun before the program ends.
            std::mem::forget(unfinished.abandon());
            last_voice.finish_and_clear();
            complain(ended);
        };
        let stop = interrupt::listen(ending, move |line| voice.suspend(|| complain(line)), last);
        Self { bar, partials, stop }
    }
}
