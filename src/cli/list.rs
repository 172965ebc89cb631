//! `gingham list`: the machine, its ceilings, and the backends of this build.

use clap::Args;
use gingham_core::{Registry, Threading};
use gingham_harness::report::bytes;
use gingham_machine::environment::kernel_variables;
use gingham_machine::topology::CacheKind;
use gingham_machine::{Ceilings, Machine};

use super::failure::Failure;
use super::output::{print, tell};

/// Lists the machine, what it can do at most, and the backends of this build
#[derive(Args)]
pub(super) struct List {}

impl List {
    pub(super) fn execute(self, registry: &Registry) -> Result<(), Failure> {
        let machine = Machine::probe();
        print(&format!("{}{}\n{}", describe(&machine), ceilings(&Ceilings::measure(&machine)), backends(registry)))?;
        for (name, value) in kernel_variables() {
            tell(format_args!("gingham: warning: {name}={value} is set: it overrides a library's choice of kernels"));
        }
        Ok(())
    }
}

fn describe(machine: &Machine) -> String {
    let caches = machine.caches.iter().filter(|cache| cache.kind != CacheKind::Instruction);
    let caches: Vec<String> = caches.map(|c| format!("L{} {}", c.level, bytes(c.bytes))).collect();
    let quota = machine.quota.map(|quota| format!(", quota {quota:.2}")).unwrap_or_default();
    format!(
        "cpu       {}, {}\ncpus      {} usable of {} logical, {} physical cores{quota}\ncaches    {}\nmemory    {}\n",
        machine.cpu_model,
        machine.simd.join(" "),
        machine.usable_cpus,
        machine.logical_cpus,
        machine.physical_cores,
        caches.join(", "),
        bytes(machine.memory_bytes),
    )
}

fn ceilings(ceilings: &Ceilings) -> String {
    let line = |name: &str, rates: &gingham_machine::ceilings::Rates| {
        format!(
            "{name:<9} {:.0} GF/s f64, {:.0} GF/s f32; memory read {:.1}, write {:.1}, copy {:.1} GB/s\n",
            rates.fma_f64 / 1e9,
            rates.fma_f32 / 1e9,
            rates.read / 1e9,
            rates.write / 1e9,
            rates.copy / 1e9,
        )
    };
    line("one core", &ceilings.per_core) + &line("all", &ceilings.all_cores)
}

fn backends(registry: &Registry) -> String {
    let mut text = String::new();
    for backend in registry.iter() {
        let info = backend.info();
        let threading = match backend.threading() {
            Threading::Single => "one op thread".into(),
            Threading::PerCall { .. } => "op threads: in each call".into(),
            Threading::Process { var } => format!("op threads: one setting for the process ({var} at its start)"),
            Threading::AtStart { var, allowed } => format!("op threads: {var} at its start, {allowed:?}"),
        };
        text += &format!("{:<15} {} {}; {threading}\n", info.id, info.library, info.version);
        if !info.kernels.is_empty() {
            text += &format!("{:16}kernels: {}\n", "", info.kernels);
        }
        for note in info.notes {
            text += &format!("{:16}{note}\n", "");
        }
    }
    text
}
