//! A plan on memory that processes share: operands that lie there, and operands of the program, which are copied there
//! and back.

use std::collections::BTreeMap;

use bytemuck::Pod;
use gingham_core::function::Value;
use gingham_core::ndarray::{ArrayView1, ArrayView2, ArrayViewMut2, Axis, aview_mut1};
use gingham_core::{Product, Registry, Scalar};
use gingham_machine::available_memory;

use super::{Plan, RunError};
use crate::arena::{self, Arena};
use crate::engine::processes::Faults;
use crate::executor::TaskErrors;
use crate::workload::memory::TooLarge;
use crate::workload::{Workload, placement};

/// Bytes of the arena through which operands are copied, unless one task needs more: the memory that a batch takes
/// beside its own, and what comes at the slow rate of first touch.
const COPIED: u64 = 256 << 20;

/// Operands that there is no memory for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// The machine has not enough left.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The system refused.
    #[error(transparent)]
    Arena(#[from] arena::Error),
    /// The arena is of other elements.
    #[error(transparent)]
    Placement(#[from] placement::Error),
}

/// Operands of a task, of which the result is written.
struct Operands<'a, T> {
    inputs: [ArrayView2<'a, T>; 2],
    out: ArrayViewMut2<'a, T>,
}

impl Plan {
    /// What it does about worker processes that die or hang; threads do neither.
    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.engine.set_faults(faults);
        self
    }

    /// Memory for the operands of `workload`, which worker processes share, or get copies of: all 0.
    /// [`Arena::input_mut`] fills an input, [`Plan::run_in`] does the tasks, and [`Arena::output`] has the result of
    /// each.
    ///
    /// # Errors
    /// [`MemoryError`], before anything is allocated where the machine has not enough left.
    pub fn arena(&self, workload: &Workload) -> Result<Arena, MemoryError> {
        workload.check_memory(available_memory())?;
        Ok(Arena::zeros(workload)?)
    }

    /// Does every task whose operands lie in `arena`, in place.
    ///
    /// # Errors
    /// [`RunError`]; a task that fails or panics does not keep the others from being done.
    pub fn run_in(&self, arena: &mut Arena) -> Result<(), RunError> {
        let (workload, registry) = (arena.workload().clone(), Registry::new());
        let mut tasks = self.engine.tasks(&registry, &workload, arena)?;
        self.run(tasks.as_mut())
    }

    /// Whether the workers have another memory than this process.
    pub(super) fn shares(&self) -> bool {
        self.combination().executor.transport().is_some()
    }

    pub(super) fn matmul_copied<T: Scalar + Pod>(&self, products: &mut [Product<'_, T>]) -> Result<(), RunError> {
        let operands = products.iter_mut().map(|Product { a, b, c }| {
            let sizes = [c.nrows(), a.ncols(), c.ncols()];
            (sizes, Operands { inputs: [a.view(), b.view()], out: c.view_mut() })
        });
        self.copied(operands, |sizes, tasks| Workload::matmul::<T>(sizes).tasks(tasks))
    }

    pub(super) fn dot_copied<T: Scalar + Pod>(
        &self,
        pairs: &[(ArrayView1<'_, T>, ArrayView1<'_, T>)],
        sums: &mut [T],
    ) -> Result<(), RunError> {
        let operands = pairs.iter().zip(sums).map(|(&(x, y), sum)| {
            let inputs = [x, y].map(|vector| vector.insert_axis(Axis(0)));
            let out = aview_mut1(std::slice::from_mut(sum)).insert_axis(Axis(0));
            (x.len(), Operands { inputs, out })
        });
        self.copied(operands, |n, tasks| Workload::dot::<T>(n).tasks(tasks))
    }

    /// Does tasks by way of an arena: those of the same sizes together, as many at a time as it holds.
    fn copied<'a, T: Scalar + Pod, S: Copy + Ord>(
        &self,
        operands: impl Iterator<Item = (S, Operands<'a, T>)>,
        workload: impl Fn(S, usize) -> Workload,
    ) -> Result<(), RunError> {
        let mut groups: BTreeMap<S, Vec<(usize, Operands<'a, T>)>> = BTreeMap::new();
        for (index, (sizes, operands)) in operands.enumerate() {
            groups.entry(sizes).or_default().push((index, operands));
        }
        let mut failed: Option<TaskErrors> = None;
        for (sizes, mut group) in groups {
            let all = workload(sizes, group.len());
            let held = all.with_fewer_tasks(all.within(COPIED).tasks().max(self.engine.workers()));
            let mut arena = self.arena(&held)?;
            for part in group.chunks_mut(held.tasks()) {
                for (task, (_, operands)) in part.iter().enumerate() {
                    for (number, input) in operands.inputs.iter().enumerate() {
                        // The arena was made for these sizes and this type, and its inputs are open.
                        arena.input_mut::<T>(task, number).expect("an input of the arena").assign(input);
                    }
                }
                // A task that fails leaves no other one's result in its place: all bits set are NaN.
                arena.outputs_mut().fill(0xff);
                let (registry, limited) = (Registry::new(), self.engine.limited()?);
                let ran = self.engine.tasks(&registry, &held, &mut arena)?.run(0..part.len(), &limited);
                for (task, (_, operands)) in part.iter_mut().enumerate() {
                    operands.out.assign(&arena.output::<T>(task).map_err(MemoryError::from)?);
                }
                if let Err(errors) = ran {
                    let index = part[errors.index].0;
                    failed = Some(first(failed, TaskErrors { index, ..errors }));
                }
            }
        }
        failed.map_or(Ok(()), |errors| Err(errors.into()))
    }

    /// The results of a workload that calls a function of `registry` in other processes.
    pub(super) fn call_shared<T: Value + Pod>(
        &self,
        registry: &Registry,
        workload: &Workload,
    ) -> Result<Vec<T>, RunError> {
        let mut arena = self.arena(workload)?;
        self.run(self.engine.tasks(registry, workload, &mut arena)?.as_mut())?;
        let results = (0..workload.tasks()).map(|item| arena.output::<T>(item).map_err(MemoryError::from));
        let mut all = Vec::new();
        for results in results {
            all.extend(results?.iter().copied());
        }
        Ok(all)
    }
}

/// The errors of two groups of tasks, as those of one.
fn first(before: Option<TaskErrors>, now: TaskErrors) -> TaskErrors {
    let Some(before) = before else { return now };
    let others = before.others + now.others + 1;
    let first = if before.index < now.index { before } else { now };
    TaskErrors { others, ..first }
}
