//! Checks a request before any work: its names, headers, shapes and memory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gingham_core::{DType, Op};

use super::output::check_inputs_stay;
use super::shapes::Shapes;
use super::{Error, Failure, Pair, Problem};
use crate::format::{self, npy::Header};
use crate::workload::{Layout, Shape, Single, Workload};

/// The part of the available bytes at the start of a run that arrays may take: the rest is for file caches and for what
/// other programs begin to use meanwhile.
const SHARE: f64 = 0.9;

/// What a worker takes beside its arrays: its stack, a block of the file, and the panels that its backend packs (2 MiB
/// to 6 MiB, by the cache sizes).
const WORKER: u64 = 8 << 20;

/// The options of a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Compute in this type, whatever the files have.
    pub cast: Option<DType>,
    /// Leave out pairs whose product exists already, whole and of the right shape and type.
    pub skip_existing: bool,
    /// Bytes of available memory; 0 if unknown.
    pub memory: u64,
}

/// A request that has been checked: the headers of each pair show whether it can have a product.
#[derive(Debug)]
pub struct Pairs {
    pub(super) good: Vec<Good>,
    /// The pairs whose headers show that they cannot have a product, in the order of the request.
    pub bad: Vec<Failure>,
    /// The pairs left out because their product exists.
    pub present: Vec<Pair>,
    pub(super) options: Options,
}

/// A pair that can have a product.
#[derive(Debug)]
pub(super) struct Good {
    /// Position in the request.
    pub(super) index: usize,
    pub(super) pair: Pair,
    pub(super) dtype: DType,
    /// Whether the files of A and B are stored by columns.
    by_columns: [bool; 2],
    pub(super) shapes: Shapes,
    /// Bytes of memory.
    needs: u64,
}

impl Pairs {
    /// Reads the headers of all files, and nothing else of them.
    ///
    /// # Errors
    /// [`Error::SameOutput`], [`Error::ReplacesInput`]. Bad files are in [`Pairs::bad`].
    pub fn check(pairs: Vec<Pair>, options: Options) -> Result<Self, Error> {
        check_outputs(&pairs)?;
        let outputs = pairs.iter().map(|pair| pair.out.as_path());
        check_inputs_stay(outputs, pairs.iter().flat_map(|pair| [pair.lhs.as_path(), &pair.rhs]))?;
        let mut checked = Self { good: Vec::new(), bad: Vec::new(), present: Vec::new(), options };
        for (index, pair) in pairs.into_iter().enumerate() {
            match Good::new(index, &pair, options) {
                Ok(good) if options.skip_existing && good.is_there() => checked.present.push(good.pair),
                Ok(good) => checked.good.push(good),
                Err(problem) => checked.bad.push(Failure { index, pair, problem }),
            }
        }
        Ok(checked)
    }

    /// The pairs that are to be multiplied, in the order of the request.
    pub fn good(&self) -> impl ExactSizeIterator<Item = &Pair> {
        self.good.iter().map(|good| &good.pair)
    }

    /// The nearest workload: as many products as there are in all, each like the first one.
    #[must_use]
    pub fn workload(&self) -> Option<Workload> {
        let &Good { dtype, by_columns: [a, b], shapes: Shapes { m, k, n, .. }, .. } = self.good.first()?;
        let tasks = self.good.iter().map(|good| good.shapes.stack).fold(0, usize::saturating_add);
        let layout = Layout { by_columns: [a, b, false] };
        Some(Single::new(Op::MatMul, dtype, Shape::MatMul { m, k, n }, layout).tasks(tasks.max(1)))
    }

    /// How many workers fit into memory with the largest pair each, and the bytes of that pair. No more than these may
    /// work: an allocator keeps what each thread has freed, so taking turns would not save memory.
    #[must_use]
    pub fn fitting(&self) -> (usize, u64) {
        let largest = self.good.iter().map(|good| good.needs).max().unwrap_or(0);
        let fit = budget(self.options.memory) / largest.max(1);
        (usize::try_from(fit).unwrap_or(usize::MAX), largest)
    }
}

impl Good {
    fn new(index: usize, pair: &Pair, options: Options) -> Result<Self, Problem> {
        let header = |path: &Path| {
            let header = Header::read(path)?;
            let dtype = header.dtype(options.cast).map_err(format::Error::at(path))?;
            Ok::<_, Problem>((header, dtype))
        };
        let ((a, lhs), (b, rhs)) = (header(&pair.lhs)?, header(&pair.rhs)?);
        if lhs != rhs {
            return Err(Problem::DTypes { lhs, rhs });
        }
        let shapes = Shapes::of(&a.shape, &b.shape)?;
        let elements = shapes.product().and_then(|product| product.checked_add(a.count().ok()? + b.count().ok()?));
        let arrays = elements.and_then(|elements| elements.checked_mul(lhs.size())).map_or(u64::MAX, |n| n as u64);
        let (needs, available) = (arrays.saturating_add(WORKER), budget(options.memory));
        if needs > available || arrays == u64::MAX {
            return Err(Problem::Memory { needs, available });
        }
        let by_columns = [&a, &b].map(|header| header.fortran_order);
        Ok(Self { index, pair: pair.clone(), dtype: lhs, by_columns, shapes, needs })
    }

    /// Whether the output is a whole file of the product's shape and type: a file that a power cut has emptied is not.
    fn is_there(&self) -> bool {
        let header = Header::read(&self.pair.out);
        header.is_ok_and(|header| header.shape == self.shapes.out && header.kind.dtype() == Some(self.dtype))
    }
}

/// Bytes that arrays may take out of `available`; `u64::MAX` if that is 0, for unknown.
pub(super) fn budget(available: u64) -> u64 {
    if available == 0 { u64::MAX } else { (available as f64 * SHARE) as u64 }
}

fn check_outputs(pairs: &[Pair]) -> Result<(), Error> {
    let mut sources: HashMap<&PathBuf, &Pair> = HashMap::new();
    for pair in pairs {
        if let Some(first) = sources.insert(&pair.out, pair) {
            return Err(Error::SameOutput(Box::new([first.clone(), pair.clone()])));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_memory_is_no_limit() {
        assert_eq!(budget(0), u64::MAX);
        assert_eq!(budget(1000), 900);
    }
}
