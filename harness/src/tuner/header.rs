//! The settings of a tuning that its journal must agree with.

use gingham_machine::Machine;
use gingham_runtime::environment::kernel_settings;

use super::Tuner;
use crate::journal::Header;
use crate::space::Selection;

impl Tuner {
    /// What a journal must agree with to be of this tuning.
    pub(super) fn header(&self, machine: &Machine) -> Header {
        let list = |items: Option<Vec<String>>| items.map_or_else(|| "all".into(), |items| items.join(","));
        let Selection { backends, executors, transports, op_threads, workers, chunks } = &self.selection;
        let texts = |counts: &Option<Vec<usize>>| counts.as_ref().map(|c| c.iter().map(ToString::to_string).collect());
        let variables = if self.keep_env { kernel_settings(&self.registry).join(" ") } else { "none".into() };
        let versions = self.registry.iter().map(|b| format!("{} {}", b.info().id, b.info().version));
        let settings = [
            ("seed", self.seed.to_string()),
            ("tolerance", self.tolerance.to_string()),
            ("strategy", format!("{:?}", self.strategy).to_lowercase()),
            ("budget", format!("{} s", self.budget.as_secs_f64())),
            ("variables kept", variables),
            ("backends", list(backends.clone())),
            ("executors", list(executors.as_ref().map(|e| e.iter().map(ToString::to_string).collect()))),
            ("transports", list(transports.as_ref().map(|t| t.iter().map(ToString::to_string).collect()))),
            ("op threads", list(op_threads.as_ref().map(|t| t.iter().map(ToString::to_string).collect()))),
            ("workers", list(texts(workers))),
            ("chunks", list(texts(chunks))),
            ("retries", self.retries.to_string()),
            ("peers", list(Some(self.named_peers().map(|peer| peer.to_string()).collect()))),
            ("libraries", versions.collect::<Vec<_>>().join(", ")),
        ];
        let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Header::new(&self.workload, machine, settings)
    }
}
