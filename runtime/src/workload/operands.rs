//! The operands of a batch in memory of this process.

use gingham_core::Registry;

use super::{Error, Maker, Making, Placement, Tasks, Workload};

/// Inputs that hold what a seed gives, and outputs, in memory of this process.
pub struct Operands {
    placement: Placement,
    seed: u64,
    inputs: Vec<u64>,
    outputs: Vec<u64>,
}

impl Operands {
    /// Makes the operands of `workload`, which has passed [`Workload::check_memory`]. Outputs are 0.
    #[must_use]
    pub fn new(maker: &Maker, workload: &Workload, seed: u64) -> Self {
        let placement = Placement::of(workload);
        let zeros = |bytes: u64| vec![0; bytes as usize / size_of::<u64>()];
        let (mut inputs, outputs) = (zeros(placement.input_bytes), zeros(placement.output_bytes));
        workload.fill_inputs(maker, seed, 0, bytemuck::cast_slice_mut(&mut inputs));
        Self { placement, seed, inputs, outputs }
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
        let outputs = bytemuck::cast_slice_mut(&mut self.outputs);
        let (tensors, inputs) = (&self.placement.tensors, bytemuck::cast_slice(&self.inputs));
        workload.tasks_made(registry, Making { seed: self.seed, keep: false }, tensors, inputs, outputs)
    }
}
