//! A row: one operation on operands of one shape and layout, by every backend whose own arithmetic it is.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use gingham::core::{Backend, DType, Limit, Op, OpThreads, Registry, Scalar, Support};
use gingham::harness::Workload;
use gingham::harness::operands::{self, Placement};
use gingham::harness::verify::Judge;
use gingham::harness::workload::Shape;
use gingham::machine::available_memory;

use super::memory::Buffer;
use super::race::{Race, seconds};

/// Operands and judgements are the same in every run.
const SEED: u64 = 1;

/// Bytes of operands up to which the reference takes part, to show how far the others are ahead: they fit into L1.
const WITH_REFERENCE: u64 = 32 << 10;

/// What is compared.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// One task.
    pub(crate) workload: Workload,
    pub(crate) op_threads: OpThreads,
    /// The sizes as the row is to be called.
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
        let mut group = criterion.benchmark_group(format!("{}/{}", self.workload.op(), self.workload.dtype()));
        group.throughput(match self.workload.shape() {
            // Multiplications and additions, so that Gelem/s reads as GF/s.
            Shape::MatMul { .. } => Throughput::Elements(self.workload.work(1) as u64),
            Shape::Array { .. } => Throughput::Bytes(self.workload.task_bytes()),
        });
        match self.workload.dtype() {
            DType::F64 => self.race::<f64>(&mut group, registry),
            DType::F32 => self.race::<f32>(&mut group, registry),
        }
        group.finish();
    }

    fn race<T: Scalar>(&self, group: &mut BenchmarkGroup<'_, WallTime>, registry: &Registry) {
        if let Err(error) = operands::check_memory(&self.workload, available_memory()) {
            eprintln!("left out: {error}");
            return;
        }
        let placement = Placement::of(&self.workload);
        let [mut inputs, mut outputs] = [placement.input_bytes, placement.output_bytes]
            .map(|bytes| Buffer::<T>::new(bytes as usize / size_of::<T>()));
        operands::fill(&self.workload, SEED, &mut inputs);
        let judge = Judge::new(&self.workload, &placement, &inputs, SEED).expect("the placement is the workload's");
        let backends = self.backends(registry);
        let names: Vec<&str> = backends.iter().map(|(backend, _)| backend.info().id).collect();
        for (&(backend, _), name) in backends.iter().zip(&names) {
            outputs.fill(T::nan());
            let mut tasks =
                operands::tasks(&self.workload, &placement.tensors, &inputs, &mut outputs).expect("one task");
            tasks[0].run(backend, self.op_threads).unwrap_or_else(|error| panic!("{name}: {error}"));
            judge.check(name, &outputs, 1).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        }
        let mut tasks = operands::tasks(&self.workload, &placement.tensors, &inputs, &mut outputs).expect("one task");
        let race = Race::new(backends.len(), |side, calls| {
            let (backend, task) = (backends[side].0, &mut tasks[0]);
            seconds(calls, || task.run(backend, self.op_threads).unwrap_or_else(|error| panic!("{error}")))
        });
        race.run(group, &names, &self.name);
    }

    /// Those that take part, with the limits of their threads. One that cannot have as many is named.
    fn backends<'a>(&self, registry: &'a Registry) -> Vec<(&'a dyn Backend, Limit<'a>)> {
        let with_reference = self.workload.task_bytes() <= WITH_REFERENCE;
        let mut there = Vec::new();
        for backend in registry.iter() {
            let native = backend.support(self.workload.op(), self.workload.dtype()) == Support::Native;
            if native || (with_reference && backend.info().id == "reference") {
                match backend.limit(self.op_threads) {
                    Ok(limit) => there.push((&**backend, limit)),
                    Err(error) => eprintln!("left out of {}: {error}", self.workload),
                }
            }
        }
        there
    }
}
