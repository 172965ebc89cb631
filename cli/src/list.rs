//! `gingham list`: the machine, its ceilings, and the backends of this build.

use clap::{Args, ValueEnum};
use gingham_core::{Backend, Registry, Threading};
use gingham_harness::outcome::Site;
use gingham_harness::report::bytes;
use gingham_machine::topology::CacheKind;
use gingham_machine::{Ceilings, Machine};
use gingham_runtime::environment::{self, kernel_settings};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::print;
use super::stderr::tell;

/// The name of the JSON form.
const SCHEMA: &str = "gingham.list/1";

/// Lists the machine, what it can do at most, and the backends of this build
///
/// What the machine can do at most is measured, in about two seconds, by loops that share no code with the backends:
/// multiply-adds out of registers, and memory read, written and copied.
#[derive(Args)]
pub(super) struct List {
    /// table or json
    ///
    /// The JSON has the fields that docs/results.md describes; `machine` is that of a result of `gingham tune`.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Form,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Table,
    Json,
}

impl List {
    pub(super) fn execute(self, registry: &Registry) -> Result<(), Failure> {
        let machine = Machine::probe();
        let measured = Ceilings::measure(&machine);
        let doubt = measured.doubt(&machine);
        match self.format {
            Form::Table => print(&format!("{}{}\n{}", describe(&machine), ceilings(&measured), backends(registry)))?,
            Form::Json => {
                let site = Site::new(machine, kernel_settings(registry), measured);
                let backends: Vec<Value> = registry.iter().map(|backend| fields(backend.as_ref())).collect();
                let all = json!({ "schema": SCHEMA, "machine": site, "backends": backends });
                print(&format!("{all:#}\n"))?;
            }
        }
        for doubt in doubt.into_iter().chain(environment::doubts(registry)) {
            tell(format_args!("gingham: warning: {doubt}"));
        }
        Ok(())
    }
}

/// What a program can know of a backend.
fn fields(backend: &dyn Backend) -> Value {
    let info = backend.info();
    let op_threads = match backend.threading() {
        Threading::Single => Some(vec![1]),
        Threading::PerCall { .. } | Threading::Process { .. } => None,
        Threading::AtStart { allowed, .. } => Some(allowed.to_vec()),
    };
    let variables = backend.variables().iter().map(|v| json!({ "name": v.name, "effect": v.effect }));
    json!({
        "id": info.id.as_str(),
        "library": info.library,
        "version": info.version,
        "kernels": info.kernels,
        "notes": info.notes,
        "variable": backend.threading().variable(),
        "variables": variables.collect::<Vec<_>>(),
        "op_threads": op_threads,
    })
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
        let (id, library, version, threading) = (info.id, info.library, info.version, backend.threading());
        text += &format!("{id:<15} {library} {version}; op threads: {threading}\n");
        if !info.kernels.is_empty() {
            text += &format!("{:16}kernels: {}\n", "", info.kernels);
        }
        for variable in backend.variables() {
            text += &format!("{:16}{}: {}\n", "", variable.name, variable.effect);
        }
        for note in info.notes {
            text += &format!("{:16}{note}\n", "");
        }
    }
    text
}
