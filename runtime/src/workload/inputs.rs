//! What the inputs of a batch hold: random numbers, the same for every process and every number of threads.

use gingham_core::function::Element;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::Workload;
use super::placement::Number;
use crate::parallel;

/// Elements of a block, which has its own stream of random numbers: so the inputs are the same for any number of
/// threads and parts.
const BLOCK: usize = 1 << 17;

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
