//! The combination that was found, made ready to run a function.

use gingham_core::function::Value;
use gingham_core::{Context, Registry};

use crate::combination::Combination;
use crate::engine::{Engine, Limited};
use crate::executor::{self, BoxError, TaskErrors};
use crate::workload::portion::Portion;
use crate::workload::{self, Call, FunctionCall, Workload};

/// A combination ready to run functions: it owns its pool, and keeps it between runs.
pub struct FnPlan {
    engine: Engine,
}

/// Calls of a function that were not all made.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There is no such function.
    #[error(transparent)]
    Workload(#[from] workload::Error),
    /// Some calls failed; the others were made.
    #[error(transparent)]
    Items(#[from] TaskErrors),
}

impl FnPlan {
    /// A plan for `combination`, whose backend is of no weight.
    ///
    /// # Errors
    /// Where its pool cannot be had.
    pub fn new(combination: &Combination) -> Result<Self, executor::Error> {
        Ok(Self { engine: Engine::for_functions(combination)? })
    }

    /// The combination that it applies.
    #[must_use]
    pub fn combination(&self) -> &Combination {
        self.engine.combination()
    }

    /// Calls `f` with each index below `items` once.
    ///
    /// # Errors
    /// [`TaskErrors`]; an item that fails or panics does not keep the others from being done.
    pub fn run(
        &self,
        items: usize,
        f: impl Fn(&Context<'_>, usize) -> Result<(), BoxError> + Sync,
    ) -> Result<(), TaskErrors> {
        self.run_portion(Portion::whole(items), &f)
    }

    /// Calls `f` with each of `items` and its index once.
    ///
    /// # Errors
    /// As [`FnPlan::run`].
    pub fn run_mut<T: Send>(
        &self,
        items: &mut [T],
        f: impl Fn(&Context<'_>, usize, &mut T) -> Result<(), BoxError> + Sync,
    ) -> Result<(), TaskErrors> {
        let portion = Portion::whole(items.len());
        self.run_slots(items, portion, &[], &f)
    }

    /// The results of a workload that calls a function of `registry`, an item's behind the other's.
    ///
    /// # Errors
    /// [`CallError`], where the workload calls no function of `registry` that writes `T`, or as [`FnPlan::run`].
    pub fn call<T: Value>(&self, registry: &Registry, workload: &Workload) -> Result<Vec<T>, CallError> {
        let Call::Function(call) = workload.call() else { return Err(workload::Error::Nothing.into()) };
        let FunctionCall { name, items, parameters, .. } = call.as_ref();
        let function = registry.function(name).map_err(workload::Error::from)?;
        let body = T::body(function).ok_or_else(|| workload::Error::Element {
            name: name.clone(),
            writes: function.element(),
            given: T::ELEMENT,
        })?;
        let [_, len, _] = workload.shape().sizes();
        let mut results = vec![T::default(); items * len];
        let mut slots: Vec<&mut [T]> = results.chunks_exact_mut(len).collect();
        self.run_slots(&mut slots, Portion::whole(*items), parameters, &|cx, item, slot: &mut &mut [T]| {
            body(cx, item, slot)
        })?;
        Ok(results)
    }

    /// Calls `f` with the items of a portion.
    pub(super) fn run_portion<F>(&self, portion: Portion, f: &F) -> Result<(), TaskErrors>
    where
        F: Fn(&Context<'_>, usize) -> Result<(), BoxError> + Sync,
    {
        let on = self.limited();
        let cx = Context::new(portion.items, on.op_threads(), &[]);
        let done = on.for_part(portion.count, portion.items).for_each(portion.count, |at| f(&cx, portion.item(at)));
        done.map_err(|errors| portion.by_item(errors))
    }

    /// Calls `f` with the items of a portion, each with its slot: there are as many of these as the portion has items.
    pub(super) fn run_slots<T: Send, F>(
        &self,
        slots: &mut [T],
        portion: Portion,
        parameters: &[f64],
        f: &F,
    ) -> Result<(), TaskErrors>
    where
        F: Fn(&Context<'_>, usize, &mut T) -> Result<(), BoxError> + Sync,
    {
        let on = self.limited();
        let cx = Context::new(portion.items, on.op_threads(), parameters);
        let call = |at, slot: &mut T| f(&cx, portion.item(at), slot);
        on.for_part(portion.count, portion.items).for_each_mut(slots, call).map_err(|errors| portion.by_item(errors))
    }

    fn limited(&self) -> Limited<'_> {
        self.engine.limited().expect("functions have no backend that could refuse")
    }
}

impl std::fmt::Debug for FnPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FnPlan").field("combination", self.combination()).finish()
    }
}
