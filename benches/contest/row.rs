//! A row: one operation on operands of one shape and layout, by every backend that computes it itself.

use std::sync::Arc;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use gingham::core::{Backend, DType, Op, OpThreads, Registry, Support, reference};
use gingham::machine::available_memory;
use gingham::runtime::engine::{Engine, Limited};
use gingham::runtime::workload::{Maker, Placement, Unit};
use gingham::runtime::{Combination, Workload};

use super::memory::Buffer;
use super::race::{Race, seconds};

/// Seeds the operands and the judge, which are the same in every run.
const SEED: u64 = 1;

/// The reference takes part up to so many bytes of operands, which fit into L1, to show how far the others are ahead.
const WITH_REFERENCE: u64 = 32 << 10;

/// What is compared.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// One task.
    pub(crate) workload: Workload,
    pub(crate) op_threads: OpThreads,
    /// The sizes in the row's name.
    pub(crate) name: String,
}

impl Row {
    /// A row of one thread, whose matrices are all stored by rows.
    pub(crate) fn new(op: Op, dtype: DType, shape: &str) -> Self {
        let workload = Workload::new(op, dtype, shape, None, 1).unwrap_or_else(|error| panic!("{error}"));
        Self { workload, op_threads: OpThreads::ONE, name: shape.into() }
    }

    /// Verifies what the backends of `registry` compute, then lets criterion measure them.
    pub(crate) fn compare(&self, criterion: &mut Criterion, registry: &Registry) {
        let call = self.workload.call();
        let mut group = criterion.benchmark_group(format!("{call}/{}", call.element()));
        let work = self.workload.work(1) as u64;
        group.throughput(match self.workload.unit() {
            // Multiplications and additions, so that Gelem/s reads as GF/s.
            Unit::Flop | Unit::Item => Throughput::Elements(work),
            Unit::Byte => Throughput::Bytes(work),
        });
        self.race(&mut group, registry);
        group.finish();
    }

    fn race(&self, group: &mut BenchmarkGroup<'_, WallTime>, registry: &Registry) {
        let workload = &self.workload;
        if let Err(error) = workload.check_memory(available_memory()) {
            eprintln!("left out: {error}");
            return;
        }
        let Placement { tensors, input_bytes, output_bytes } = &Placement::of(workload);
        let [mut inputs, mut outputs] =
            [input_bytes, output_bytes].map(|&bytes| Buffer::<f64>::new(bytes as usize / 8));
        let (inputs, outputs) = (bytemuck::cast_slice_mut(&mut inputs), bytemuck::cast_slice_mut(&mut outputs));
        workload.fill_inputs(&Maker::of(registry), SEED, 0, inputs);
        let judge = workload.judge(&Placement::of(workload), inputs, SEED).expect("the placement is the workload's");
        let engines = self.engines(registry);
        let limited: Vec<Limited<'_>> = engines.iter().filter_map(|engine| engine.limited().ok()).collect();
        let names: Vec<&str> = engines.iter().map(|engine| engine.combination().backend.as_str()).collect();
        for (on, name) in limited.iter().zip(&names) {
            judge.poison(outputs, 1);
            let mut tasks = workload.tasks_in(registry, tensors, inputs, outputs).expect("one task");
            tasks.once(0, on).unwrap_or_else(|error| panic!("{name}: {error}"));
            drop(tasks);
            judge.check(name, outputs, 1).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        }
        let mut tasks = workload.tasks_in(registry, tensors, inputs, outputs).expect("one task");
        let race = Race::new(limited.len(), |side, calls| {
            seconds(calls, || tasks.once(0, &limited[side]).unwrap_or_else(|error| panic!("{error}")))
        });
        race.run(group, &names, &self.name);
    }

    /// An engine for each backend that takes part. A message names a backend that cannot use the row's op threads.
    fn engines(&self, registry: &Registry) -> Vec<Engine> {
        let with_reference = self.workload.task_bytes() <= WITH_REFERENCE;
        let Some((op, dtype)) = self.workload.call().op() else { return Vec::new() };
        let takes_part = |backend: &&Arc<dyn Backend>| {
            let is_reference = backend.info().id == reference::ID;
            backend.support(op, dtype) == Support::Native || (with_reference && is_reference)
        };
        let engine = |backend: &Arc<dyn Backend>| {
            let combination = Combination::serial(&backend.info().id, self.op_threads);
            let engine = Engine::new(registry, &combination);
            engine.inspect_err(|error| eprintln!("left out of {}: {error}", self.workload)).ok()
        };
        registry.iter().filter(takes_part).filter_map(engine).collect()
    }
}
