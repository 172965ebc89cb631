//! A search on the simulated machine, written down as a tuning's result is.

use std::collections::BTreeMap;

use gingham_harness::outcome::{Outcome, Setting, Site};
use gingham_harness::search::{self, Model, Rules, Strategy};
use gingham_harness::space::{self, Selection};
use gingham_machine::topology::{Cache, CacheKind};
use gingham_machine::{Ceilings, Machine, ceilings::Rates};
use gingham_runtime::Workload;
use gingham_runtime::profile::Narrowing;
use gingham_runtime::rules::Cpus;
use gingham_runtime::workload::Unit;

use super::machine::{CORE, CORE_MEMORY, CPUS, MEMORY_GAIN, Simulated, registry};
use super::noise::Noise;

/// Searches for the fastest way to run `workload`. `budget_s` is counted on the simulated machine's clock.
pub fn outcome(
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
    let setting = Setting {
        site,
        versions: BTreeMap::new(),
        workload: workload.clone(),
        arena_tasks: workload.tasks(),
        prefault_s: 0.0,
        narrowed_by: Narrowing::default(),
    };
    let elapsed_s = search::Course::elapsed_s(&course);
    Ok(Outcome { elapsed_s, ..Outcome::new(found, &candidates, &rules, setting, Vec::new()) })
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
