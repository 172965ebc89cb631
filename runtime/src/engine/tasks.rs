//! The tasks of a workload as an engine does them: in this process, or in others.

use gingham_core::Registry;

use super::processes::{Remote, Work};
use super::{Engine, Pool};
use crate::arena::Arena;
use crate::process::protocol::Hello;
use crate::workload::{Error, Tasks, Workload};

impl Engine {
    /// The tasks of `workload`, whose operands lie in `arena`. A function is looked up in `registry`.
    ///
    /// # Errors
    /// As [`Workload::tasks_in`]; what other processes refuse, they refuse when the tasks are run.
    pub fn tasks<'a>(
        &'a self,
        registry: &'a Registry,
        workload: &'a Workload,
        arena: &'a mut Arena,
    ) -> Result<Box<dyn Tasks + 'a>, Error> {
        match &self.pool {
            Pool::Threads(_) => {
                let (placement, inputs, outputs) = arena.parts();
                workload.tasks_in(registry, &placement.tensors, inputs, outputs)
            }
            Pool::Processes(pool) => {
                let hello = Hello::new(workload, &self.combination, arena);
                Ok(Box::new(Remote::new(pool, Work { hello, id: arena.id() }, workload)))
            }
        }
    }

    /// The tasks that a parent has described to this process, and that reached it at `inputs` and `outputs`.
    ///
    /// # Errors
    /// As [`Engine::tasks`].
    pub(crate) fn tasks_of<'a>(
        &'a self,
        registry: &'a Registry,
        hello: &'a Hello,
        inputs: &'a [u8],
        outputs: &'a mut [u8],
    ) -> Result<Box<dyn Tasks + 'a>, Error> {
        match &self.pool {
            Pool::Threads(_) => hello.workload.tasks_in(registry, &hello.tensors, inputs, outputs),
            // Workers find them where this process has found them. One parent describes one batch.
            Pool::Processes(pool) => {
                Ok(Box::new(Remote::new(pool, Work { hello: hello.clone(), id: 0 }, &hello.workload)))
            }
        }
    }
}
