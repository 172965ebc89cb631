//! An answer made ready to run in a program.

#[cfg(target_os = "linux")]
mod shared;

use bytemuck::Pod;
use gingham_core::function::Value;
use gingham_core::ndarray::ArrayView1;
use gingham_core::{Context, Product, Registry, Scalar};

#[cfg(target_os = "linux")]
pub use shared::MemoryError;

use crate::combination::{Combination, Transport};
use crate::engine::{self, Engine};
use crate::executor::{BoxError, TaskErrors};
use crate::workload::{self, Batch, Call, Task, Tasks, Workload, multiply};

/// A combination ready to run.
pub struct Plan {
    engine: Engine,
    /// Where the combination comes from.
    pub(crate) origin: String,
    doubts: Vec<String>,
}

/// What a plan of processes costs that no tuning has measured.
fn copies(transport: Transport) -> &'static str {
    match transport {
        Transport::Shm => {
            "arrays of this program are copied to the workers' memory and the results back, every byte once; those in \
             `Plan::arena` are not copied"
        }
        _ => "arrays are copied to the workers and the results back, those in `Plan::arena` too",
    }
}

/// A plan that cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The backend is unknown, or this process cannot use its op threads or cannot start its pool.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The combination cannot run on this machine.
    #[error("{combination} cannot be run: {reason}")]
    Impossible {
        /// The combination.
        combination: Combination,
        /// The rule that it breaks.
        reason: String,
    },
    /// Every backend of this program lacks the operation.
    #[error("no backend of this program can run {0}")]
    NoBackend(Workload),
    /// A tuning found no combination.
    #[error("no combination ran to its end; {0}")]
    NothingRan(String),
}

/// A batch of which not every task was done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The process cannot use the op threads any more, so that nothing was run.
    #[error(transparent)]
    Limit(#[from] gingham_core::Error),
    /// There is no memory for the operands that workers share.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The registry lacks the function, or the workload calls none.
    #[error(transparent)]
    Workload(#[from] workload::Error),
    /// Some tasks failed; the others were done.
    #[error(transparent)]
    Tasks(#[from] TaskErrors),
}

impl Plan {
    /// A plan that runs functions as `combination` spreads tasks; the backend that it names is ignored.
    ///
    /// # Errors
    /// [`Error`], where its pool cannot be started.
    pub fn for_functions(combination: &Combination) -> Result<Self, Error> {
        let engine = Engine::for_functions(combination)?;
        Ok(Self::new(engine, format!("{combination}, for functions"), Vec::new()))
    }

    pub(crate) fn new(engine: Engine, origin: String, doubts: Vec<String>) -> Self {
        Self { engine, origin, doubts }
    }

    /// The combination that it applies.
    #[must_use]
    pub fn combination(&self) -> &Combination {
        self.engine.combination()
    }

    /// Where the combination comes from, which faster ones this process cannot apply, by how much they are faster, and
    /// what would make them apply; then the doubts.
    #[must_use]
    pub fn note(&self) -> String {
        let copies = self.combination().executor.transport().map(|transport| copies(transport).to_owned());
        [std::slice::from_ref(&self.origin), copies.as_slice(), &self.doubts].concat().join("; ")
    }

    /// The note without the doubts.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Variables of this process that may make the combination slower than it was measured, a sentence each.
    #[must_use]
    pub fn doubts(&self) -> &[String] {
        &self.doubts
    }

    /// What applies it.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Does every task of `batch`.
    ///
    /// # Errors
    /// [`RunError`]; a task that fails or panics does not keep the others from being done.
    pub fn run(&self, batch: &mut dyn Tasks) -> Result<(), RunError> {
        let all = 0..batch.len();
        Ok(batch.run(all, &self.engine.limited()?)?)
    }

    /// `C <- A B` for every product.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn matmul_many<T: Scalar + Pod>(&self, products: &mut [Product<'_, T>]) -> Result<(), RunError> {
        #[cfg(target_os = "linux")]
        if self.shares() {
            return self.matmul_copied(products);
        }
        Ok(multiply(products, &self.engine.limited()?)?)
    }

    /// The dot product of every pair.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn dot_many<T: Scalar + Pod>(
        &self,
        pairs: &[(ArrayView1<'_, T>, ArrayView1<'_, T>)],
    ) -> Result<Vec<T>, RunError> {
        let mut sums = vec![T::zero(); pairs.len()];
        #[cfg(target_os = "linux")]
        if self.shares() {
            return self.dot_copied(pairs, &mut sums).map(|()| sums);
        }
        let dots = pairs.iter().zip(&mut sums).map(|(&(x, y), out)| Task::Dot { x, y, out });
        self.run(&mut Batch::from(dots.collect::<Vec<_>>()))?;
        Ok(sums)
    }

    /// Calls `f` with each index below `n`, spread as the combination spreads tasks.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn for_each(&self, n: usize, f: impl Fn(usize) + Sync) -> Result<(), RunError> {
        self.call_each(n, |_, i| {
            f(i);
            Ok(())
        })
    }

    /// Calls `f` with each index below `items` once, and with the context of the calls.
    ///
    /// # Errors
    /// As [`Plan::run`]; an item that fails or panics does not keep the others from being done.
    pub fn call_each(
        &self,
        items: usize,
        f: impl Fn(&Context<'_>, usize) -> Result<(), BoxError> + Sync,
    ) -> Result<(), RunError> {
        let on = self.engine.limited()?;
        let cx = Context::new(items, on.op_threads(), &[]);
        Ok(on.for_each(items, |i| f(&cx, i))?)
    }

    /// Calls `f` with each of `items` and its index once, and with the context of the calls.
    ///
    /// # Errors
    /// As [`Plan::call_each`].
    pub fn call_each_mut<T: Send>(
        &self,
        items: &mut [T],
        f: impl Fn(&Context<'_>, usize, &mut T) -> Result<(), BoxError> + Sync,
    ) -> Result<(), RunError> {
        let on = self.engine.limited()?;
        let cx = Context::new(items.len(), on.op_threads(), &[]);
        Ok(on.for_each_mut(items, |i, item| f(&cx, i, item))?)
    }

    /// The results of a workload that calls a function of `registry`, one item's after the other's.
    ///
    /// # Errors
    /// [`RunError::Workload`], where the workload calls no function of `registry` that writes `T`, or as
    /// [`Plan::call_each`].
    pub fn call<T: Value + Pod>(&self, registry: &Registry, workload: &Workload) -> Result<Vec<T>, RunError> {
        let Call::Function(call) = workload.call() else { return Err(workload::Error::Nothing.into()) };
        #[cfg(target_os = "linux")]
        if self.shares() {
            return self.call_shared(registry, workload);
        }
        let (body, parameters) = (call.body::<T>(registry)?, &call.parameters);
        let ([_, len, _], on) = (workload.shape().sizes(), self.engine.limited()?);
        let mut results = vec![T::default(); call.items * len];
        let mut slots: Vec<&mut [T]> = results.chunks_exact_mut(len).collect();
        let cx = Context::new(call.items, on.op_threads(), parameters);
        on.for_each_mut(&mut slots, |item, slot| body(&cx, item, slot))?;
        Ok(results)
    }
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("combination", self.combination()).field("note", &self.note()).finish()
    }
}
