//! The child's side of a trial of a function: the task that a `hello` names, found in this program's own registry.

use std::ops::Range;

use gingham_core::Registry;
use gingham_core::function::Function;

use super::portion::Portion;
use super::{Calls, Error, FnPlan};
use crate::batch::Batch;
use crate::combination::Combination;
use crate::executor::{TaskError, TaskErrors};
use crate::task::Task;

/// A registered task, ready to be run.
pub(crate) struct Served<'a> {
    function: &'a Function,
    calls: &'a Calls,
    plan: FnPlan,
}

impl<'a> Served<'a> {
    /// # Errors
    /// [`Error::Unknown`] and [`Error::Executor`]
    pub(crate) fn new(registry: &'a Registry, calls: &'a Calls, combination: &Combination) -> Result<Self, Error> {
        Ok(Self { function: registry.task(calls.task())?.as_ref(), calls, plan: FnPlan::new(combination)? })
    }

    /// Writes the results of as many evenly spread items as there are tasks: the memory of a function's results is that
    /// of so many fills.
    pub(crate) fn run(&self, batch: &mut Batch<'_, f64>, range: Range<usize>) -> Result<(), TaskErrors> {
        const LAYOUT: &str = "its results are not laid out as those of a fill";
        let Batch::Tasks(tasks) = batch else {
            let others = range.len().saturating_sub(1);
            return Err(TaskErrors { index: 0, cause: TaskError::Failed(LAYOUT.into()), others });
        };
        let tasks = &mut tasks[range];
        let portion = Portion { items: self.calls.items(), count: tasks.len() };
        self.plan.run_slots(tasks, portion, self.calls.parameters(), &|cx, item, task: &mut Task<'_, f64>| {
            let results = match task {
                Task::Fill { out, .. } => out.as_slice_mut(),
                _ => None,
            };
            (self.function)(cx, item, results.ok_or(LAYOUT)?)
        })
    }
}
