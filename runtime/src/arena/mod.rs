//! The memory that all trials of a tuning share: inputs, sealed once they are filled, and outputs.
//!
//! Both are memory files, so that a runner in any language can map them. They are allocated before they are mapped, and
//! touched before they are used: first touch runs at 0.3 GB/s on some virtual machines, and would count as time of the
//! first trial.

mod backing;
mod map;
mod shared;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use bytemuck::Pod;
use ndarray::{ArrayView2, ArrayViewMut2};
use serde::{Deserialize, Serialize};

pub use map::{ReadOnly, Words, Writable};
pub use shared::Shared;

#[cfg(feature = "files")]
use crate::workload::folder::{self, Folder};
use crate::workload::{Maker, Placement, Workload, placement};

/// Bytes that an arena takes at most, unless one task needs more.
pub const DEFAULT_LIMIT: u64 = 512 << 20;

/// The slowest first touch, in bytes per second, of memory that the machine has not used before: the budget expects it
/// until it is measured.
pub const FIRST_TOUCH: f64 = 0.3e9;

/// Bytes per second that can be touched and filled at best.
pub const FILLED_AT_BEST: f64 = 4e9;

/// The seconds after which the rate of touching and filling forecasts the rest.
const TELLING_S: f64 = 0.5;

/// Inputs and outputs of a batch.
#[derive(Debug)]
pub struct Arena {
    workload: Workload,
    placement: Placement,
    inputs: (Shared, Inputs),
    outputs: (Shared, Writable),
    prefault_s: f64,
    seed: u64,
    #[cfg(feature = "files")]
    folder: Option<Folder>,
    id: u64,
}

#[derive(Debug)]
enum Inputs {
    /// No process can write to them any more.
    Sealed(ReadOnly),
    /// This process fills them.
    Open(Writable),
}

impl Inputs {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Sealed(inputs) => inputs.as_slice(),
            Self::Open(inputs) => inputs.as_slice(),
        }
    }
}

/// The next arena's number.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// The memory of a tuning, which all its trials share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arenas {
    /// To be mapped for reading: it is sealed against writing.
    pub inputs: Location,
    /// To be mapped for writing.
    pub outputs: Location,
}

/// Where a runner finds one memory file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The descriptor, inherited by the runner's first process.
    pub fd: i32,
    /// The same file by name, for processes that do not inherit descriptors.
    pub path: String,
    /// Its length.
    pub bytes: u64,
}

/// Memory that the system refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused.
    #[error("{bytes} bytes cannot be had: {source}{}", of_which(*available))]
    System {
        /// The length of the file that was to be made.
        bytes: u64,
        /// Bytes that are left, where there were too few.
        available: Option<u64>,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Operands that go through files have no place.
    #[cfg(feature = "files")]
    #[error(transparent)]
    Folder(#[from] folder::Error),
    /// The caller did not wait for it.
    #[error("{bytes} bytes of shared memory would have taken {needed_s:.0} s to fill")]
    Stopped {
        /// Bytes of all operands.
        bytes: u64,
        /// Seconds that allocating, touching and filling them would have taken at the slowest rate seen for a second; 0
        /// in the first half second, when that is not known.
        needed_s: f64,
    },
}

fn of_which(available: Option<u64>) -> String {
    available.map_or_else(String::new, |bytes| format!("; {bytes} bytes are available"))
}

/// An input that cannot be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OperandError {
    /// The arena was filled from a seed, and is sealed.
    #[error("the inputs of this arena are sealed; fill those of one that a plan has made")]
    Sealed,
    /// The operation has no input of this number.
    #[error("the operation has no input number {0}")]
    NoInput(usize),
    /// The batch has no such task, or its elements are of another type.
    #[error(transparent)]
    Placement(#[from] placement::Error),
}

impl Arena {
    /// Allocates and pre-faults the operands of `workload`, which has passed [`Workload::check_memory`]. All are 0, and
    /// this process may fill the inputs ([`Arena::input_mut`]).
    ///
    /// # Errors
    /// [`Error::System`] where the system does not have so much memory.
    pub fn zeros(workload: &Workload) -> Result<Self, Error> {
        let start = Instant::now();
        let placement = Placement::of(workload);
        let inputs = Shared::new("gingham-inputs", placement.input_bytes)?;
        let outputs = Shared::new("gingham-outputs", placement.output_bytes)?;
        let filled = Inputs::Open(inputs.writable()?);
        let mapped = Self::map(workload, placement, (inputs, filled), outputs, 0)?;
        Ok(Self { prefault_s: start.elapsed().as_secs_f64(), ..mapped })
    }

    /// Allocates and pre-faults the operands of `workload` and fills the inputs from `seed`.
    ///
    /// # Errors
    /// [`Error::System`] where the system does not have so much memory.
    pub fn new(maker: &Maker, workload: &Workload, seed: u64) -> Result<Self, Error> {
        Self::made_while(maker, workload, seed, &|_| true)
    }

    /// The same, as long as `go_on` agrees, which receives the seconds that all of it takes at the rate seen so far (0
    /// in the first half second, when that is not known). A machine that touches memory slowly shows it soon.
    ///
    /// # Errors
    /// [`Error::System`] where the system does not have so much memory, [`Error::Stopped`] where `go_on` said no.
    pub fn made_while(
        maker: &Maker,
        workload: &Workload,
        seed: u64,
        go_on: &dyn Fn(f64) -> bool,
    ) -> Result<Self, Error> {
        let start = Instant::now();
        let placement = Placement::of(workload);
        let bytes = placement.input_bytes + placement.output_bytes;
        let mut filled = vec![(0, 0.0)];
        let mut told = |slice: &[u8]| {
            let gone_s = start.elapsed().as_secs_f64();
            filled.push((filled[filled.len() - 1].0 + slice.len() as u64, gone_s));
            let [needed_s, at_worst_s] = if gone_s > TELLING_S { needed_s(&filled, bytes) } else { [0.0; 2] };
            if go_on(needed_s) { Ok(()) } else { Err(Error::Stopped { bytes, needed_s: at_worst_s }) }
        };
        let inputs = Shared::inherited("gingham-inputs", placement.input_bytes, |from, slice: &mut [u8]| {
            workload.fill_inputs(maker, seed, from, slice);
            told(slice)
        })?;
        let outputs = Shared::inherited("gingham-outputs", placement.output_bytes, |_, slice: &mut [u8]| told(slice))?;
        #[cfg(feature = "files")]
        let folder = Folder::make(maker, workload, seed)?;
        let sealed = Inputs::Sealed(inputs.sealed()?);
        let mapped = Self::map(workload, placement, (inputs, sealed), outputs, seed)?;
        Ok(Self {
            prefault_s: start.elapsed().as_secs_f64(),
            #[cfg(feature = "files")]
            folder,
            ..mapped
        })
    }

    /// An arena of these memories; it maps the outputs.
    fn map(
        workload: &Workload,
        placement: Placement,
        inputs: (Shared, Inputs),
        outputs: Shared,
        seed: u64,
    ) -> Result<Self, Error> {
        let results = outputs.writable()?;
        Ok(Self {
            workload: workload.clone(),
            placement,
            inputs,
            outputs: (outputs, results),
            prefault_s: 0.0,
            seed,
            #[cfg(feature = "files")]
            folder: None,
            id: NEXT.fetch_add(1, Relaxed),
        })
    }

    /// The tasks whose operands it holds.
    #[must_use]
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    /// The seed of its inputs, and of those that whoever does a task makes.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Where operands that go through files lie.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        #[cfg(feature = "files")]
        return self.folder.as_ref().map(Folder::path);
        #[cfg(not(feature = "files"))]
        None
    }

    /// A number that no other arena of this process has or has had.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Where each operand of each task lies.
    #[must_use]
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// Seconds that allocating, touching and filling took.
    #[must_use]
    pub fn prefault_s(&self) -> f64 {
        self.prefault_s
    }

    /// Where a runner finds inputs and outputs.
    #[must_use]
    pub fn locations(&self) -> Arenas {
        Arenas { inputs: self.inputs.0.location(), outputs: self.outputs.0.location() }
    }

    /// All inputs, from the start of a page on.
    #[must_use]
    pub fn inputs(&self) -> &[u8] {
        self.inputs.1.as_slice()
    }

    /// Operand number `operand` of `task`, in the order of the operation's contract, to be filled.
    ///
    /// # Errors
    /// [`OperandError`]
    pub fn input_mut<T: Pod>(&mut self, task: usize, operand: usize) -> Result<ArrayViewMut2<'_, T>, OperandError> {
        let Inputs::Open(inputs) = &mut self.inputs.1 else { return Err(OperandError::Sealed) };
        let tensor = self.placement.tensors.get(operand).filter(|tensor| !tensor.output);
        let tensor = tensor.ok_or(OperandError::NoInput(operand))?;
        Ok(tensor.view_mut(task, inputs.as_mut_slice())?)
    }

    /// The result of `task`.
    ///
    /// # Errors
    /// [`placement::Error`], where the batch has no such task, or its elements are of another type.
    pub fn output<T: Pod>(&self, task: usize) -> Result<ArrayView2<'_, T>, placement::Error> {
        self.placement.output().view(task, self.outputs())
    }

    /// Where the operands lie, all inputs, all outputs to write, and where files of operands lie.
    pub(crate) fn parts(&mut self) -> (&Placement, &[u8], &mut [u8], Option<&Path>) {
        #[cfg(feature = "files")]
        let folder = self.folder.as_ref().map(Folder::path);
        #[cfg(not(feature = "files"))]
        let folder = None;
        (&self.placement, self.inputs.1.as_slice(), self.outputs.1.as_mut_slice(), folder)
    }

    /// All outputs, from the start of a page on. Only meaningful while every trial is stopped.
    #[must_use]
    pub fn outputs(&self) -> &[u8] {
        self.outputs.1.as_slice()
    }

    /// All outputs, to poison.
    pub fn outputs_mut(&mut self) -> &mut [u8] {
        self.outputs.1.as_mut_slice()
    }
}

/// Seconds that filling `bytes` bytes takes in all, from the number of bytes that were `filled` at each second: as
/// expected, and at worst. The rest is expected to come at the rate of the latter half, because memory that was in use
/// a moment ago has been seen to come four times as fast as the memory after it. At worst the rest comes at the rate of
/// the last second: a caller that stops as soon as the expected time is too long has seen little of the slow part (the
/// last three quarters of 16 GB came at 0.25 GB/s, and 40 s had been promised for all).
fn needed_s(filled: &[(u64, f64)], bytes: u64) -> [f64; 2] {
    let &(now, gone_s) = filled.last().expect("it begins with nothing at 0 s");
    let since = |is_before: &dyn Fn(u64, f64) -> bool| {
        let (then, then_s) = filled.iter().copied().rfind(|&(bytes, s)| is_before(bytes, s)).unwrap_or_default();
        gone_s + bytes.saturating_sub(now) as f64 * (gone_s - then_s) / (now - then).max(1) as f64
    };
    let expected_s = since(&|bytes, _| bytes <= now / 2);
    [expected_s, expected_s.max(since(&|_, s| s <= gone_s - 1.0))]
}

#[cfg(test)]
mod tests {
    use gingham_core::Binary;

    use super::*;

    fn arena(seed: u64) -> Arena {
        Arena::new(&Maker::default(), &Workload::binary::<f64>(Binary::Add, [1, 1000]).tasks(3), seed).unwrap()
    }

    #[test]
    fn inputs_are_sealed_and_outputs_are_not() {
        let arena = arena(1);
        let Arenas { inputs, outputs } = arena.locations();
        assert!(Writable::open(&inputs.path, inputs.bytes).is_err());
        assert_eq!(ReadOnly::open(&inputs.path, inputs.bytes).unwrap().as_slice(), arena.inputs());
        Writable::open(&outputs.path, outputs.bytes).unwrap().as_mut_slice()[7] = 42;
        assert_eq!(arena.outputs()[7], 42, "one memory, two mappings");
    }

    #[test]
    fn a_seed_gives_the_same_inputs_again() {
        assert_eq!(arena(1).inputs(), arena(1).inputs());
        assert_ne!(arena(1).inputs(), arena(2).inputs());
    }

    #[test]
    fn inputs_of_many_slices_are_those_of_one() {
        let workload = Workload::dot::<f32>(9_000_000).tasks(2);
        let arena = Arena::new(&Maker::default(), &workload, 3).unwrap();
        let mut whole = vec![0.0_f32; arena.inputs().len() / 4];
        let whole = bytemuck::cast_slice_mut(&mut whole);
        assert!(whole.len() as u64 > 2 * shared::SLICE);
        workload.fill_inputs(&Maker::default(), 3, 0, whole);
        assert!(arena.inputs() == whole);
    }

    #[test]
    fn the_rest_is_expected_at_the_rate_of_the_latter_half_and_at_worst_of_the_last_second() {
        assert_eq!(needed_s(&[(0, 0.0), (10, 1.0), (20, 2.0)], 100), [10.0; 2]);
        assert_eq!(needed_s(&[(0, 0.0), (10, 1.0), (20, 5.0)], 100), [5.0 + 80.0 * 0.4; 2]);
        assert_eq!(needed_s(&[(0, 0.0), (100, 1.0)], 100), [1.0; 2]);
        let slower = [(0, 0.0), (30, 0.5), (40, 1.0), (44, 1.5), (46, 2.0)];
        assert_eq!(
            needed_s(&slower, 100),
            [2.0 + 54.0 * 2.0 / 46.0, 2.0 + 54.0 * 1.0 / 6.0],
            "at worst as in the last second"
        );
    }

    #[test]
    fn memory_that_comes_too_slowly_is_not_waited_for() {
        let workload = Workload::fill::<f64>([1, 1_000_000]).tasks(3);
        let stopped = Arena::made_while(&Maker::default(), &workload, 1, &|_| false);
        assert!(matches!(stopped, Err(Error::Stopped { needed_s: 0.0, .. })), "{stopped:?}");
        // A filling that takes less than half a second is never too slow.
        assert!(Arena::made_while(&Maker::default(), &workload, 1, &|needed_s| needed_s <= 0.0).is_ok());
    }

    #[test]
    fn a_private_copy_is_its_own() {
        let bytes: Vec<u8> = (0..700_000_u32).map(|i| i as u8).collect();
        let mut copy = Writable::private_copy(&bytes).unwrap();
        assert_eq!(copy.as_slice(), bytes);
        copy.as_mut_slice()[7] = 99;
        assert_eq!((bytes[7], copy.as_slice()[7]), (7, 99));
        assert!(Writable::private_copy(&[]).is_err(), "no mapping is empty");
    }
}
