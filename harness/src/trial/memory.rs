//! The memory that a runner computes on: the arena itself, or private copies of it.

use std::io;

use gingham_core::Scalar;

use super::protocol::Hello;
use crate::arena::{Private, ReadOnly, Writable};
use crate::batch::Batch;
use crate::operands;

/// The arena, and the private copies where they were asked for.
pub(super) struct Memory {
    inputs: ReadOnly,
    outputs: Writable,
    own: Option<[Private; 2]>,
}

impl Memory {
    /// Maps the arena that `hello` names, and copies it where `hello` asks for that.
    pub(super) fn open<T: Scalar>(hello: &Hello) -> io::Result<Self> {
        let inputs = ReadOnly::open(&hello.arenas.inputs.path, hello.arenas.inputs.bytes)?;
        let outputs = Writable::open(&hello.arenas.outputs.path, hello.arenas.outputs.bytes)?;
        let own = if hello.private {
            Some([Private::copy_of::<T>(inputs.as_slice())?, Private::copy_of::<T>(outputs.as_slice())?])
        } else {
            None
        };
        Ok(Self { inputs, outputs, own })
    }

    /// The tasks of `hello`, on this memory.
    pub(super) fn batch<T: Scalar>(&mut self, hello: &Hello) -> Result<Batch<'_, T>, operands::Error> {
        let (inputs, outputs) = match &mut self.own {
            Some([inputs, outputs]) => (inputs.as_slice(), outputs.as_mut_slice()),
            None => (self.inputs.as_slice(), self.outputs.as_mut_slice()),
        };
        Ok(operands::tasks::<T>(&hello.workload, &hello.tensors, inputs, outputs)?.into())
    }

    /// Before results are to be seen: what their parent wrote into the arena takes the place of earlier ones, which
    /// would otherwise pass for those of a run that writes nothing.
    pub(super) fn take_in<T: Scalar>(&mut self) {
        if let Some([_, outputs]) = &mut self.own {
            outputs.as_mut_slice::<T>().copy_from_slice(self.outputs.as_slice());
        }
    }

    /// Has the results lie in the arena.
    pub(super) fn hand_out<T: Scalar>(&mut self) {
        if let Some([_, outputs]) = &self.own {
            self.outputs.as_mut_slice::<T>().copy_from_slice(outputs.as_slice());
        }
    }
}
