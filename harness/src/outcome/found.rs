//! Turns what a search found into the outcome that is printed and saved: the one place for every kind of tuning.

use std::collections::BTreeMap;

use gingham_runtime::combination::ExecutorKind;
use gingham_runtime::profile::Narrowing;
use gingham_runtime::workload::Workload;

use super::{Confirmation, Confirmed, Control, Coverage, Outcome, Row, SCHEMA, Site};
use crate::reason::{LeftKind, Unstarted};
use crate::sample::{Status, batch_seconds};
use crate::search::{Found, Role, Rules, Run, Sampled};
use crate::space::Candidate;

/// What was tuned, and where: the part of an outcome that its search neither gets nor finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The machine.
    pub site: Site,
    /// The versions of the backends' libraries; a peer states its version at its start.
    pub versions: BTreeMap<String, String>,
    /// What was tuned.
    pub workload: Workload,
    /// Tasks of the batch that were held in memory.
    pub arena_tasks: usize,
    /// Seconds that allocating, touching and filling the operands took.
    pub prefault_s: f64,
    /// The flags that left out combinations.
    pub narrowed_by: Narrowing,
}

impl Outcome {
    /// The outcome of a search by `rules` over `candidates`; `clock_s` are the readings of its clock, from its
    /// beginning to its end.
    #[must_use]
    pub fn new(found: Found, candidates: &[Candidate], rules: &Rules, setting: Setting, clock_s: Vec<f64>) -> Self {
        let Setting { site, mut versions, workload, arena_tasks, prefault_s, narrowed_by } = setting;
        let name = |id: usize| candidates[id].combination.clone();
        let confirmed = found.confirmed.into_iter().filter_map(|confirmed| {
            let Sampled { process, samples } = confirmed;
            let (combination, private) = (name(process.candidate), process.role == Role::Private);
            let (median_s, ci95_s) = batch_seconds(&combination, &workload, &samples)?;
            Some(Confirmed { combination, private, median_s, ci95_s, samples })
        });
        let confirmed: Vec<Confirmed> = confirmed.collect();
        let rounds = confirmed.iter().map(|c| c.samples.iter().filter(|s| !s.set_aside).count()).max();

        versions.insert("gingham".into(), env!("CARGO_PKG_VERSION").into());
        let peers = found.runs.iter().zip(candidates).filter(|(_, c)| c.combination.executor == ExecutorKind::Peer);
        let peers =
            peers.filter_map(|(run, c)| Some((c.combination.to_string(), run.started.as_ref()?.version.clone())));
        versions.extend(peers);

        let runs = found.runs.into_iter().zip(candidates).enumerate();
        let outcome = Self {
            schema: SCHEMA.into(),
            machine: site,
            versions,
            arena_tasks,
            prefault_s,
            seed: rules.seed,
            strategy: rules.strategy,
            narrowed_by,
            tolerance: rules.tolerance,
            trials: runs.map(|(id, (run, candidate))| Row::of(id, run, candidate, &workload)).collect(),
            workload,
            control: found.control.map(|of| Control { combination: name(of.process.candidate), samples: of.samples }),
            rounds: found.rounds,
            best: found.best.map(name),
            tied: found.tied.into_iter().map(name).collect(),
            never_started: Vec::new(),
            confirmation: rounds.map(|rounds| Confirmation { rounds, trials: confirmed }),
            stopped_because: found.stop.to_string(),
            stopped: Some(found.stop),
            disturbed: found.disturbed,
            warnings: Vec::new(),
            warning_kinds: Vec::new(),
            budget_s: Some(rules.budget_s).filter(|budget_s| budget_s.is_finite()),
            advised_budget_s: found.advised_s,
            elapsed_s: clock_s.last().copied().unwrap_or_default(),
            clock_s,
        };
        let mut outcome = outcome.derive();
        let partial = Coverage::of(&outcome).warning();
        found.warnings.iter().chain(&partial).for_each(|warning| outcome.warn(warning));
        outcome
    }
}

impl Row {
    /// What became of the candidate at place `id`.
    pub(super) fn of(id: usize, run: Run, candidate: &Candidate, workload: &Workload) -> Self {
        let combination = &candidate.combination;
        let status = match (&run.failure, &run.skipped) {
            (Some(failure), _) => failure.kind.into(),
            (None, Some(_)) => Status::Skipped,
            (None, None) => Status::Ok,
        };
        let judged = run.started.as_ref().map(|started| started.error_ratio);
        let judged = judged.into_iter().chain(run.stopped.as_ref().and_then(|stopped| stopped.error_ratio));
        Self {
            id,
            status,
            not_started: run.skipped.as_ref().map(Unstarted::cause),
            ruled_out: candidate.skipped.is_some(),
            retry: run.failure.as_ref().is_some_and(|failure| failure.retry),
            reason: run.failure.map(|failure| failure.reason).or(run.skipped.map(|why| why.to_string())),
            eliminated: run.left.as_ref().map(ToString::to_string),
            left: run.left.as_ref().map(LeftKind::from),
            slower_by: run.slower_by,
            probe_s: run.probe_s,
            error_ratio: judged.max_by(f64::total_cmp),
            cold_s: run.started.as_ref().map(|started| started.cold_s),
            kernels: run.started.map(|started| started.kernels),
            peak_rss_bytes: run.stopped.as_ref().map(|stopped| stopped.peak_rss_bytes),
            threads: run.stopped.map(|stopped| stopped.threads).unwrap_or_default(),
            samples: run.samples,
            combination: combination.clone(),
            backend: combination.backend.clone(),
            op_threads: combination.op_threads.get(),
            executor: combination.executor.name().into(),
            transport: combination.executor.transport().map(|transport| transport.name().into()),
            workers: combination.workers,
            chunk: combination.chunk,
            rate_unit: workload.rate_unit().into(),
            // These follow from all rows together.
            ratio_to_best: None,
            ratio_ci95: None,
            shared_rounds: 0,
            median_s: None,
            ci95_s: None,
            extrapolated: false,
            rate: None,
            confirmed: false,
        }
    }
}
