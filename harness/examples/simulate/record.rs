//! A search on the simulated machine, written down as a tuning's result is.

use std::collections::BTreeMap;

use gingham_harness::outcome::{Confirmation, Confirmed, Outcome, Row, SCHEMA, Site, Status, Twin, batch_seconds};
use gingham_harness::search::{self, Found, Model, Rules, Strategy, Unstarted};
use gingham_harness::space::{self, Candidate, Cpus, Narrowing, Selection};
use gingham_harness::workload::Unit;
use gingham_harness::{Combination, Workload};
use gingham_machine::topology::{Cache, CacheKind};
use gingham_machine::{Ceilings, Machine, ceilings::Rates};

use super::machine::{CORE, CORE_MEMORY, CPUS, MEMORY_GAIN, Noise, Simulated, registry};

/// Searches for the fastest way to run `workload`. `budget_s` is counted on the simulated machine's clock.
pub(crate) fn outcome(
    workload: &Workload,
    selection: &Selection,
    strategy: Strategy,
    noise: &Noise,
    seed: u64,
    budget_s: f64,
) -> Result<Outcome, space::Error> {
    let candidates = space::candidates(&registry(), workload, Cpus { usable: CPUS, cores: CPUS }, selection)?;
    let site = site();
    let in_cache = workload.batch_bytes() <= site.machine.last_level_bytes();
    let of_memory = workload.unit() == Unit::Byte && !in_cache;
    let gain = if of_memory { MEMORY_GAIN } else { CPUS as f64 };
    let model = Model { tasks: workload.tasks(), cpus: CPUS, gain, beyond_cache: 0, task_s: 0.0 };
    let rules = Rules { seed, strategy, budget_s, ..Rules::new(model) };
    let combinations = candidates.iter().map(|candidate| candidate.combination.clone()).collect();
    let mut course = Simulated::new(combinations, workload, noise, seed);
    let found = search::search(&candidates, &rules, &mut course, &mut |_| {});
    let elapsed_s = search::Course::elapsed_s(&course);
    Ok(written_down(found, &candidates, workload, &rules, site, elapsed_s))
}

fn written_down(
    found: Found,
    candidates: &[Candidate],
    workload: &Workload,
    rules: &Rules,
    site: Site,
    elapsed_s: f64,
) -> Outcome {
    let name = |id: usize| -> Combination { candidates[id].combination.clone() };
    let confirmed = found.confirmed.into_iter().filter_map(|c| {
        let (median_s, ci95_s) = batch_seconds(&name(c.candidate), workload, &c.samples)?;
        Some(Confirmed { combination: name(c.candidate), private: c.private, median_s, ci95_s, samples: c.samples })
    });
    let confirmed: Vec<Confirmed> = confirmed.collect();
    let rows = found.runs.into_iter().zip(candidates).enumerate().map(|(id, (run, candidate))| {
        let mut row = Row { id, ..Row::new(candidate.combination.clone(), workload) };
        row.status = if run.skipped.is_none() { Status::Ok } else { Status::Skipped };
        row.not_started = run.skipped.as_ref().map(Unstarted::cause);
        row.reason = run.skipped.map(|why| why.to_string());
        row.ruled_out = candidate.skipped.is_some();
        row.eliminated = run.eliminated;
        row.slower_by = run.slower_by;
        row.kernels = run.admission.as_ref().map(|admission| admission.kernels.clone());
        row.cold_s = run.admission.map(|admission| admission.cold_s);
        row.peak_rss_bytes = run.farewell.map(|farewell| farewell.peak_rss_bytes);
        row.samples = run.samples;
        row
    });
    let trials: Vec<Row> = rows.collect();
    let rounds = confirmed.iter().map(|c| c.samples.len()).max();
    let outcome = Outcome {
        schema: SCHEMA.into(),
        machine: site,
        versions: BTreeMap::from([("gingham".into(), env!("CARGO_PKG_VERSION").into())]),
        workload: workload.clone(),
        arena_tasks: workload.tasks(),
        prefault_s: 0.0,
        budget_s: None,
        advised_budget_s: found.advised_s,
        clock_s: Vec::new(),
        seed: rules.seed,
        strategy: rules.strategy,
        narrowed_by: Narrowing::default(),
        tolerance: rules.tolerance,
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
        elapsed_s,
    };
    outcome.derive()
}

fn site() -> Site {
    let rates = |cores: f64, memory: f64| Rates {
        fma_f64: CORE * cores,
        fma_f32: 2.0 * CORE * cores,
        read: CORE_MEMORY * memory,
        write: CORE_MEMORY * memory,
        copy: CORE_MEMORY * memory,
    };
    let machine = Machine {
        cpu_model: format!("simulated, {CPUS} CPUs"),
        cpu_signature: None,
        arch: "simulated".into(),
        os: "simulated".into(),
        kernel: "simulated".into(),
        logical_cpus: CPUS,
        physical_cores: CPUS,
        affinity: CPUS,
        quota: None,
        usable_cpus: CPUS,
        caches: vec![Cache { level: 3, kind: CacheKind::Unified, bytes: 32 << 20, shared_by: CPUS }],
        simd: Vec::new(),
        memory_bytes: 64 << 30,
    };
    let (per_core, all_cores) = (rates(1.0, 1.0), rates(CPUS as f64, MEMORY_GAIN));
    let ceilings = Ceilings { per_core, all_cores, threads: CPUS, footprint_bytes: 128 << 20 };
    Site { machine, env_cleared: Vec::new(), ceilings }
}
