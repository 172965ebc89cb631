//! Inputs: random numbers, which depend on the seed, the task and the operand alone. So they have the same bits
//! whoever makes them: the parent for a whole batch, or each worker for its own tasks.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytemuck::Pod;
use gingham_core::function::Element;
use gingham_core::reference::Reference;
use gingham_core::{Backend, Distribution, OpThreads, Registry, Stream, random};
use ndarray::ArrayViewMut1;

use super::placement::{Number, Placement, Tensor};
use super::{Judge, Source, Workload};
use crate::parallel;

/// How tasks are made of a workload whose inputs do not lie in memory, or whose results are dropped.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Making<'a> {
    /// The seed of the inputs.
    pub(crate) seed: u64,
    /// The number in the batch of the task that comes first in the memory at hand.
    pub(crate) first: usize,
    /// Whether results are kept in memory all the same.
    pub(crate) keep: bool,
    /// Where files of operands lie.
    #[cfg_attr(not(feature = "files"), expect(dead_code))]
    pub(crate) folder: Option<&'a Path>,
}

/// Elements that are drawn and scaled at a time: they stay in the first cache.
const PIECE: usize = 1 << 11;

/// Elements that one of the usable CPUs makes at a time.
const BLOCK: usize = 1 << 17;

/// What draws the numbers: the first backend of a program that has random numbers of its own, else the reference. (The
/// reference draws 0.3 G/s in f64 on one core of a Zen 4; two vectors of 1e9 elements would take it seconds.)
#[derive(Clone, Default)]
pub struct Maker(Option<Arc<dyn Backend>>);

impl Maker {
    /// The one of this program.
    #[must_use]
    pub fn of(registry: &Registry) -> Self {
        let draws = |backend: &&Arc<dyn Backend>| {
            let backend: &dyn Backend = &***backend;
            gingham_core::Ops::<f64>::random(backend).is_some() && gingham_core::Ops::<f32>::random(backend).is_some()
        };
        Self(registry.iter().find(draws).cloned())
    }

    /// Fills `out` with numbers in `range`: elements `start ..` of operand number `number`, counted over all tasks.
    fn fill<T: Number>(&self, range: &Range<f64>, seed: u64, number: u64, start: usize, out: &mut [T]) {
        let backend: &dyn Backend = self.0.as_deref().unwrap_or(&Reference);
        let [low, width] = [range.start, range.end - range.start].map(T::from_f64);
        let mut stream = Stream::new(seed, number).skip(start as u64);
        for piece in out.chunks_mut(PIECE) {
            let lane = ArrayViewMut1::from(&mut *piece);
            random::random(backend, Distribution::Uniform, stream, lane, OpThreads::ONE)
                .expect("a lane without gaps, in a stream of 2^64 elements");
            piece.iter_mut().for_each(|x| *x = low + width * *x);
            stream = stream.skip(PIECE as u64);
        }
    }
}

impl Workload {
    /// Fills `inputs`, the bytes of all inputs from byte `from` on, which begins an element, with what `seed` gives.
    /// Every usable CPU takes part: one alone needs half a minute for two vectors of 1e9 elements.
    pub fn fill_inputs(&self, maker: &Maker, seed: u64, from: usize, inputs: &mut [u8]) {
        match self.call().element() {
            Element::F32 => self.fill_elements::<f32>(maker, seed, from, inputs),
            Element::F64 => self.fill_elements::<f64>(maker, seed, from, inputs),
            // Functions have no inputs, and no operation has inputs of bytes.
            Element::Bytes => {}
        }
    }

    fn fill_elements<T: Number>(&self, maker: &Maker, seed: u64, from: usize, inputs: &mut [u8]) {
        let placement = Placement::of(self);
        let tensors = placement.tensors.iter().filter(|tensor| !tensor.output).enumerate();
        let read = self.inputs().len() as u64;
        let end = from + inputs.len();
        let (mut rest, mut at) = (inputs, from);
        let mut pieces = Vec::new();
        for (operand, tensor) in tensors {
            let bytes = tensor.shape[0] * tensor.shape[1] * size_of::<T>();
            let (base, step) = (tensor.base as usize, tensor.step.max(1) as usize);
            let first = at.saturating_sub(base) / step;
            for task in first..self.tasks() {
                let start = base + task * step;
                let overlap = start.max(at)..(start + bytes).min(end);
                if start >= end {
                    break;
                }
                if overlap.is_empty() {
                    continue;
                }
                let (_, own) = std::mem::take(&mut rest).split_at_mut(overlap.start - at);
                let (own, after) = own.split_at_mut(overlap.len());
                (rest, at) = (after, overlap.end);
                let elements: &mut [T] = bytemuck::cast_slice_mut(own);
                let before = (overlap.start - start) / size_of::<T>();
                let number = task as u64 * read + operand as u64;
                let blocks = elements.chunks_mut(BLOCK).enumerate();
                pieces.extend(blocks.map(|(block, elements)| (number, before + block * BLOCK, elements)));
            }
        }
        let range = self.call().family().facts().inputs;
        parallel::for_each(pieces.into_iter(), |(number, start, elements)| {
            maker.fill(&range, seed, number, start, elements);
        });
    }

    /// Fills `elements`, operand number `operand` of `task`, with what [`Workload::fill_inputs`] gives it.
    pub(super) fn fill_operand<T: Number>(
        &self,
        maker: &Maker,
        seed: u64,
        task: usize,
        operand: usize,
        elements: &mut [T],
    ) {
        let number = (task * self.inputs().len() + operand) as u64;
        maker.fill(&self.call().family().facts().inputs, seed, number, 0, elements);
    }

    /// The operands that every task reads, wherever they come from.
    pub(super) fn inputs(&self) -> Vec<Tensor> {
        self.operands().into_iter().filter(|operand| !operand.output).collect()
    }

    /// As [`Workload::judge`], of inputs that whoever does a task makes. All of them lie in memory meanwhile.
    ///
    /// # Errors
    /// As [`Workload::judge`].
    pub fn judge_of_made(&self, maker: &Maker, seed: u64) -> Result<Judge, super::placement::Error> {
        let (placement, inputs) = self.made_inputs(maker, seed);
        self.judge(&placement, bytemuck::cast_slice(&inputs), seed)
    }

    /// The inputs of all tasks as they lie where a parent makes them.
    fn made_inputs(&self, maker: &Maker, seed: u64) -> (Placement, Vec<u64>) {
        let made = self.clone().with_source(Source::Parent);
        let placement = Placement::of(&made);
        let mut inputs = vec![0_u64; placement.input_bytes as usize / size_of::<u64>()];
        made.fill_inputs(maker, seed, 0, bytemuck::cast_slice_mut(&mut inputs));
        (placement, inputs)
    }
}

/// Memory for elements, kept from one task to the next.
pub(super) fn room<T: Pod>(room: &mut Vec<T>, elements: usize) -> &mut [T] {
    if room.len() < elements {
        room.resize(elements, T::zeroed());
    }
    &mut room[..elements]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_makes_an_operand_makes_the_same_bits() {
        for workload in [
            Workload::matmul::<f64>([3, 400_000, 2]).tasks(3),
            Workload::matmul::<f32>([5, 7, 11]).tasks(40),
            Workload::dot::<f32>(1).tasks(300),
        ] {
            let maker = Maker::default();
            let (placement, whole) = workload.made_inputs(&maker, 7);
            let whole: &[u8] = bytemuck::cast_slice(&whole);
            // In slices that begin and end anywhere between two elements.
            for length in [64, 4096, 1 << 20] {
                let mut slices = vec![0_u64; whole.len() / 8];
                let slices: &mut [u8] = bytemuck::cast_slice_mut(&mut slices);
                slices.chunks_mut(length).enumerate().for_each(|(slice, bytes)| {
                    workload.fill_inputs(&maker, 7, slice * length, bytes);
                });
                assert!(slices == whole, "{workload}, {length} bytes at a time");
                if whole.len() > 1 << 20 {
                    break;
                }
            }
            for (operand, task) in [(0, 0), (1, 2), (0, 1)] {
                let tensor = &placement.tensors[operand];
                let own = |bytes: usize| vec![0_u64; (tensor.shape[0] * tensor.shape[1] * bytes).div_ceil(8)];
                let (at, mut own) = ((tensor.base + task as u64 * tensor.step) as usize, own(8));
                let size = workload.call().element().size();
                let elements = tensor.shape[0] * tensor.shape[1];
                if size == 4 {
                    let own: &mut [f32] = bytemuck::cast_slice_mut(&mut own);
                    workload.fill_operand(&maker, 7, task, operand, &mut own[..elements]);
                } else {
                    let own: &mut [f64] = bytemuck::cast_slice_mut(&mut own);
                    workload.fill_operand(&maker, 7, task, operand, &mut own[..elements]);
                }
                let own: &[u8] = bytemuck::cast_slice(&own);
                assert_eq!(own[..elements * size], whole[at..at + elements * size], "{workload}");
            }
        }
    }

    #[test]
    fn operands_differ_and_lie_in_their_range() {
        let workload = Workload::matmul::<f64>([20, 20, 20]).tasks(2);
        let (placement, inputs) = workload.made_inputs(&Maker::default(), 0);
        let view = |operand: usize, task| {
            placement.tensors[operand].view::<f64>(task, bytemuck::cast_slice(&inputs)).unwrap().to_owned()
        };
        let all = [view(0, 0), view(0, 1), view(1, 0), view(1, 1)];
        for (one, a) in all.iter().enumerate() {
            assert!(a.iter().all(|x| (-1.0..1.0).contains(x)));
            assert!(all[..one].iter().all(|b| a != b));
        }
    }
}
