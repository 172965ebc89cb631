//! From what a search found to the outcome that is printed and saved.

use std::collections::BTreeMap;

use super::Tuner;
use crate::combination::ExecutorKind;
use crate::journal::Begun;
use crate::outcome::{Confirmation, Confirmed, Coverage, Outcome, Row, SCHEMA, Status, Twin, batch_seconds};
use crate::search::{Found, Run, Unstarted};
use crate::space::{Candidate, Cpus, Narrowing};

impl Tuner {
    /// The outcome but for its clock.
    pub(super) fn outcome(&self, found: Found, begun: &Begun) -> Outcome {
        let candidates = &begun.candidates;
        let name = |id: usize| candidates[id].combination.clone();
        let confirmed = found.confirmed.iter().filter_map(|confirmed| {
            let combination = name(confirmed.candidate);
            let (median_s, ci95_s) = batch_seconds(&combination, &self.workload, &confirmed.samples)?;
            Some(Confirmed {
                combination,
                private: confirmed.private,
                median_s,
                ci95_s,
                samples: confirmed.samples.clone(),
            })
        });
        let confirmed: Vec<Confirmed> = confirmed.collect();
        let rounds = confirmed.iter().map(|c| c.samples.iter().filter(|s| !s.set_aside).count()).max();

        let mut versions: BTreeMap<String, String> =
            self.registry.iter().map(|b| (b.info().id.to_owned(), b.info().version)).collect();
        versions.insert("gingham".into(), env!("CARGO_PKG_VERSION").into());
        let peers = found.runs.iter().zip(candidates).filter(|(_, c)| c.combination.executor == ExecutorKind::Peer);
        versions.extend(
            peers.filter_map(|(run, c)| Some((c.combination.to_string(), run.admission.as_ref()?.version.clone()))),
        );

        let runs = found.runs.into_iter().zip(candidates).enumerate();
        let trials: Vec<Row> = runs.map(|(id, (run, candidate))| Row { id, ..self.row(run, candidate) }).collect();
        let outcome = Outcome {
            schema: SCHEMA.into(),
            machine: begun.site.clone(),
            versions,
            workload: self.workload.clone(),
            arena_tasks: begun.arena_tasks,
            prefault_s: begun.prefault_s,
            seed: self.seed,
            strategy: self.strategy,
            narrowed_by: Narrowing::of(
                &self.selection,
                &self.registry,
                &self.held(begun),
                Cpus::of(&begun.site.machine),
            ),
            tolerance: self.tolerance,
            trials,
            twin: found.twin.map(|twin| Twin { combination: name(twin.candidate), samples: twin.samples }),
            rounds: found.rounds,
            best: found.best.map(name),
            tied: found.tied.into_iter().map(name).collect(),
            never_started: Vec::new(),
            confirmation: rounds.map(|rounds| Confirmation { rounds, trials: confirmed }),
            stopped_because: found.stopped_because.into(),
            disturbed: found.disturbed,
            warnings: found.warnings,
            budget_s: Some(self.budget.as_secs_f64()),
            advised_budget_s: found.advised_s,
            clock_s: Vec::new(),
            elapsed_s: 0.0,
        };
        let mut outcome = outcome.derive();
        outcome.warnings.extend(Coverage::of(&outcome).warning());
        outcome
    }

    fn row(&self, run: Run, candidate: &Candidate) -> Row {
        let mut row = Row::new(candidate.combination.clone(), &self.workload);
        row.status = match (&run.fault, &run.skipped) {
            (Some(fault), _) => fault.status,
            (None, Some(_)) => Status::Skipped,
            (None, None) => Status::Ok,
        };
        row.not_started = run.skipped.as_ref().map(Unstarted::cause);
        row.reason = run.fault.map(|fault| fault.reason).or(run.skipped.map(|why| why.to_string()));
        row.ruled_out = candidate.skipped.is_some();
        row.eliminated = run.eliminated;
        row.probe_s = run.probe_s;
        row.slower_by = run.slower_by;
        let mut ratios = Vec::new();
        if let Some(admission) = run.admission {
            row.kernels = Some(admission.kernels);
            row.cold_s = Some(admission.cold_s);
            ratios.push(admission.error_ratio);
        }
        if let Some(farewell) = run.farewell {
            row.peak_rss_bytes = Some(farewell.peak_rss_bytes);
            row.threads = farewell.threads;
            ratios.extend(farewell.error_ratio);
        }
        row.error_ratio = ratios.into_iter().max_by(f64::total_cmp);
        row.samples = run.samples;
        row
    }
}
