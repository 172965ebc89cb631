//! The operands of a batch in memory. The inputs hold random numbers, the same for every process and every number of
//! threads.

use gingham_core::Registry;
use gingham_core::function::Element;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::placement::Number;
use super::{Error, Placement, Tasks, Workload};
use crate::parallel;

/// Elements of a block, which has its own stream of random numbers: so the inputs are the same for any number of
/// threads and parts.
const BLOCK: usize = 1 << 17;

/// Inputs that hold what a seed gives, and outputs, in memory of this process.
pub struct Operands {
    placement: Placement,
    inputs: Vec<u64>,
    outputs: Vec<u64>,
}

impl Operands {
    /// Makes the operands of `workload`, which has passed [`Workload::check_memory`]. Outputs are 0.
    #[must_use]
    pub fn new(workload: &Workload, seed: u64) -> Self {
        let placement = Placement::of(workload);
        let zeros = |bytes: u64| vec![0; bytes as usize / size_of::<u64>()];
        let (mut inputs, outputs) = (zeros(placement.input_bytes), zeros(placement.output_bytes));
        workload.fill_inputs(seed, 0, bytemuck::cast_slice_mut(&mut inputs));
        Self { placement, inputs, outputs }
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
        workload.tasks_in(registry, &self.placement.tensors, bytemuck::cast_slice(&self.inputs), outputs)
    }
}

impl Workload {
    /// Fills `inputs`, the bytes of all inputs from byte `from` on, with what `seed` gives. At `from` begins a block of
    /// 2^17 elements. Every usable CPU takes part: one alone needs half a minute for two vectors of 1e9 elements.
    pub fn fill_inputs(&self, seed: u64, from: usize, inputs: &mut [u8]) {
        match self.call.element() {
            Element::F32 => self.fill_elements::<f32>(seed, from, bytemuck::cast_slice_mut(inputs)),
            Element::F64 => self.fill_elements::<f64>(seed, from, bytemuck::cast_slice_mut(inputs)),
            // Functions have no inputs, and no operation has inputs of bytes.
            Element::Bytes => {}
        }
    }

    fn fill_elements<T: Number>(&self, seed: u64, from: usize, inputs: &mut [T]) {
        let (first, range) = (from / size_of::<T>() / BLOCK, self.call.family().facts().inputs);
        debug_assert!(from.is_multiple_of(BLOCK * size_of::<T>()));
        parallel::for_each(inputs.chunks_mut(BLOCK).enumerate(), |(number, block)| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream((first + number) as u64);
            block.fill_with(|| T::from_f64(rng.random_range(range.clone())));
        });
    }
}
