//! The operands of a batch in memory of this process.

use gingham_core::Registry;

#[cfg(feature = "files")]
use super::folder::Folder;
use super::{Error, Maker, Making, Placement, Tasks, Workload};

/// Inputs that hold what a seed gives, and outputs, in memory of this process.
pub struct Operands {
    placement: Placement,
    seed: u64,
    #[cfg(feature = "files")]
    folder: Option<Folder>,
    inputs: Vec<u64>,
    outputs: Vec<u64>,
}

impl Operands {
    /// Makes the operands of `workload`, which has passed [`Workload::check_memory`]. Outputs are 0.
    ///
    /// # Errors
    /// [`Error::Folder`], where operands that go through files have no place.
    pub fn new(maker: &Maker, workload: &Workload, seed: u64) -> Result<Self, Error> {
        let placement = Placement::of(workload);
        let zeros = |bytes: u64| vec![0; bytes as usize / size_of::<u64>()];
        let (mut inputs, outputs) = (zeros(placement.input_bytes), zeros(placement.output_bytes));
        workload.fill_inputs(maker, seed, 0, bytemuck::cast_slice_mut(&mut inputs));
        Ok(Self {
            placement,
            seed,
            #[cfg(feature = "files")]
            folder: Folder::make(maker, workload, seed).map_err(|e| Error::Folder(e.to_string()))?,
            inputs,
            outputs,
        })
    }

    /// Where each operand of each task lies.
    #[must_use]
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// All inputs.
    #[must_use]
    pub fn inputs(&self) -> &[u8] {
        bytemuck::cast_slice(&self.inputs)
    }

    /// All outputs.
    #[must_use]
    pub fn outputs(&self) -> &[u8] {
        bytemuck::cast_slice(&self.outputs)
    }

    /// All outputs, to write.
    pub fn outputs_mut(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.outputs)
    }

    /// The tasks of `workload`, whose operands these are.
    ///
    /// # Errors
    /// As [`Workload::tasks_in`].
    pub fn tasks<'a>(
        &'a mut self,
        workload: &'a Workload,
        registry: &'a Registry,
    ) -> Result<Box<dyn Tasks + 'a>, Error> {
        #[cfg(feature = "files")]
        let folder = self.folder.as_ref().map(Folder::path);
        #[cfg(not(feature = "files"))]
        let folder = None;
        let making = Making { seed: self.seed, folder, ..Making::default() };
        let (inputs, outputs) = (bytemuck::cast_slice(&self.inputs), bytemuck::cast_slice_mut(&mut self.outputs));
        workload.tasks_made(registry, making, &self.placement.tensors, inputs, outputs)
    }
}
