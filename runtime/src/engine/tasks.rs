//! The tasks of a workload as an engine does them: in this process, or in others.

use gingham_core::Registry;

use super::processes::{Arrays, Remote, Work};
use super::{Engine, Pool};
use crate::arena::Arena;
use crate::process::protocol::Hello;
use crate::workload::{Error, Making, Tasks, Workload};

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
                let seed = arena.seed();
                let (placement, inputs, outputs, folder) = arena.parts();
                let making = Making { seed, folder, ..Making::default() };
                workload.tasks_made(registry, making, &placement.tensors, inputs, outputs)
            }
            Pool::Processes(pool) => {
                let hello = Hello::new(workload, &self.combination, arena);
                let work = Work { hello, id: arena.id() };
                let arrays = if pool.copies() { Arrays::of_arena(arena) } else { Arrays::none() };
                Ok(Box::new(Remote::new(pool, work, workload, arrays)))
            }
        }
    }

    /// The tasks that a parent has described to this process, and that reached it at `inputs` and `outputs`; with
    /// `keep` no result is dropped.
    ///
    /// # Errors
    /// As [`Engine::tasks`].
    pub(crate) fn tasks_of<'a>(
        &'a self,
        registry: &'a Registry,
        hello: &'a Hello,
        keep: bool,
        inputs: &'a [u8],
        outputs: &'a mut [u8],
    ) -> Result<Box<dyn Tasks + 'a>, Error> {
        match &self.pool {
            Pool::Threads(_) => {
                let folder = hello.folder.as_deref();
                let making = Making { seed: hello.seed, keep: keep || hello.keep, folder, first: 0 };
                hello.workload.tasks_made(registry, making, &hello.tensors, inputs, outputs)
            }
            // Workers find them where this process has found them. One parent describes one batch.
            Pool::Processes(pool) => {
                let work = Work { hello: Hello { keep, ..hello.clone() }, id: keep.into() };
                let arrays = if pool.copies() { Arrays::of(hello, inputs, outputs) } else { Arrays::none() };
                Ok(Box::new(Remote::new(pool, work, &hello.workload, arrays)))
            }
        }
    }
}
