//! How operands reach this process: it computes on the arena itself, or on private copies, which it makes here.

use std::io;

use gingham_core::Registry;

use crate::arena::{ReadOnly, Writable};
use crate::engine::Engine;
use crate::process::protocol::Hello;
use crate::workload::{self, Tasks};

/// The arena, and private copies if `hello` requests them.
pub(super) struct Operands {
    inputs: ReadOnly,
    outputs: Writable,
    own: Option<[Writable; 2]>,
}

impl Operands {
    /// Maps the arena that `hello` names, and copies it if `hello` requests that.
    pub(super) fn open(hello: &Hello) -> io::Result<Self> {
        let inputs = ReadOnly::open(&hello.arenas.inputs.path, hello.arenas.inputs.bytes)?;
        let outputs = Writable::open(&hello.arenas.outputs.path, hello.arenas.outputs.bytes)?;
        let own = if hello.private {
            Some([Writable::private_copy(inputs.as_slice())?, Writable::private_copy(outputs.as_slice())?])
        } else {
            None
        };
        Ok(Self { inputs, outputs, own })
    }

    /// The tasks of `hello`, on the operands as they reached this process; with `keep` no result is dropped.
    ///
    /// # Errors
    /// [`workload::Error`], where the tensors do not fit, or `registry` does not have the function.
    pub(super) fn tasks<'a>(
        &'a mut self,
        engine: &'a Engine,
        hello: &'a Hello,
        keep: bool,
        registry: &'a Registry,
    ) -> Result<Box<dyn Tasks + 'a>, workload::Error> {
        let (inputs, outputs) = match &mut self.own {
            Some([inputs, outputs]) => (inputs.as_slice(), outputs.as_mut_slice()),
            None => (self.inputs.as_slice(), self.outputs.as_mut_slice()),
        };
        engine.tasks_of(registry, hello, keep, inputs, outputs)
    }

    /// Before a run whose results will be judged: copies what the parent wrote into the arena over earlier results,
    /// which would otherwise pass for the results of a run that writes nothing.
    pub(super) fn take_in(&mut self) {
        if let Some([_, outputs]) = &mut self.own {
            outputs.as_mut_slice().copy_from_slice(self.outputs.as_slice());
        }
    }

    /// Copies the results into the arena.
    pub(super) fn hand_out(&mut self) {
        if let Some([_, outputs]) = &self.own {
            self.outputs.as_mut_slice().copy_from_slice(outputs.as_slice());
        }
    }
}
