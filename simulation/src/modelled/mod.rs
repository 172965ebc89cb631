//! A machine of 16 CPUs by its cost model, and searches on it, written down as results of `gingham tune`.

mod machine;

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

use machine::{CORE, CORE_MEMORY, MEMORY_GAIN, Simulated, registry};
pub use machine::{CPUS, Noise};

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
    let mut rules = Rules::new(model);
    (rules.seed, rules.strategy, rules.budget_s) = (seed, strategy, budget_s);
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
    let mut outcome = Outcome::new(found, &candidates, &rules, setting, Vec::new());
    outcome.elapsed_s = elapsed_s;
    Ok(outcome)
}

fn site() -> Site {
    let rates = |cores: f64, memory: f64| Rates {
        fma_f64: CORE * cores,
        fma_f32: 2.0 * CORE * cores,
        read: CORE_MEMORY * memory,
        write: CORE_MEMORY * memory,
        copy: CORE_MEMORY * memory,
    };
    let mut machine = Machine::probe();
    machine.cpu_model = format!("simulated, {CPUS} CPUs");
    (machine.cpu_signature, machine.quota) = (None, None);
    machine.simd.clear();
    for text in [&mut machine.arch, &mut machine.os, &mut machine.kernel] {
        *text = "simulated".into();
    }
    for count in
        [&mut machine.logical_cpus, &mut machine.physical_cores, &mut machine.affinity, &mut machine.usable_cpus]
    {
        *count = CPUS;
    }
    machine.caches = vec![Cache { level: 3, kind: CacheKind::Unified, bytes: 32 << 20, shared_by: CPUS }];
    machine.memory_bytes = 64 << 30;
    let ceilings = Ceilings::new(rates(1.0, 1.0), rates(CPUS as f64, MEMORY_GAIN), CPUS, 128 << 20);
    Site::new(machine, Vec::new(), ceilings)
}
