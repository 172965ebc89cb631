//! Random numbers: `out_i <- element i of a stream`, each task's stream its own.
//!
//! Each backend may draw numbers of its own, so they are compared with their distribution, and with the numbers that
//! the same backend drew in the trial that was judged first: a search begins with one thread of each backend.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use gingham_core::{Distribution, Op, Scalar, Stream};
use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Bound, Facts, Family, Typed};
use crate::workload::judge::{Judge, Run, Wrong};
use crate::workload::placement::{Error, Number, Placement};
use crate::workload::{Single, Task, Workload};

/// The seed of random tasks. Each has the stream of its index in the batch, in whichever process it runs.
const SEED: u64 = 0;

/// The fewest elements whose mean says something; smaller tasks are pooled.
const SAMPLE: usize = 1000;

/// Means lie within this many standard errors, except for one in 10^11.
const ERRORS: f64 = 7.0;

/// From this many elements on, two tasks with the same numbers are not chance.
const TELLING: usize = 8;

impl Workload {
    /// One array of `[rows, columns]` random numbers.
    #[must_use]
    pub fn random<T: Scalar>(distribution: Distribution, sizes: [usize; 2]) -> Single {
        Single::of_array(Op::Random(distribution), T::DTYPE, sizes)
    }
}

impl Family for Distribution {
    fn facts(&self) -> Facts {
        Facts::of_arrays(Bound::Write)
    }
}

impl<T: Number> Typed<T> for Distribution {
    fn call<'a>(&self, number: usize, _: &[ArrayView2<'a, T>], out: ArrayViewMut2<'a, T>) -> Task<'a, T> {
        Task::Random { distribution: *self, stream: Stream::new(SEED, number as u64), out }
    }

    fn judge(&self, _: &Workload, placement: &Placement, _: &[u8], _: u64) -> Result<Judge, Error> {
        let (distribution, drawn) = (*self, Mutex::default());
        Ok(Judge::new(placement, move |run: &Run<'_>| check::<T>(distribution, &drawn, run)))
    }
}

/// Compares the numbers of `run` with `distribution`, and with those that its backend has `drawn` before: for each
/// backend, a digest of each task's numbers.
fn check<T: Number>(
    distribution: Distribution,
    drawn: &Mutex<HashMap<String, Vec<u64>>>,
    run: &Run<'_>,
) -> Result<f64, Wrong> {
    let mut sample = Sample::default();
    let mut digests: Vec<u64> = Vec::with_capacity(run.tasks);
    let mut earlier = HashMap::new();
    for task in 0..run.tasks {
        let numbers = || run.result::<T>(task).into_iter().map(|x| x.into_f64());
        for (element, got) in numbers().enumerate() {
            if let Err([expected, bound]) = allowed(distribution, got) {
                return Err(Wrong::Element { task, element, got, expected, bound });
            }
            sample.add(got);
        }
        if sample.count >= SAMPLE {
            std::mem::take(&mut sample).check(task, distribution)?;
        }
        let digest =
            numbers().fold(0, |digest: u64, x| (digest ^ x.to_bits()).wrapping_mul(0x0100_0000_01b3).rotate_left(29));
        if numbers().len() >= TELLING
            && let Some(earlier) = earlier.insert(digest, task)
        {
            return Err(Wrong::Repeated { task, earlier });
        }
        digests.push(digest);
    }
    let mut drawn = drawn.lock().unwrap_or_else(PoisonError::into_inner);
    let before = drawn.entry(run.backend.into()).or_default();
    if let Some(task) = digests.iter().zip(before.iter()).position(|(now, before)| now != before) {
        return Err(Wrong::Redrawn { task, backend: run.backend.into() });
    }
    before.extend(digests.into_iter().skip(before.len()));
    Ok(0.0)
}

/// Whether the distribution can give `x`.
///
/// # Errors
/// The middle of the values that it can give, and their largest distance from it.
fn allowed(distribution: Distribution, x: f64) -> Result<(), [f64; 2]> {
    match distribution {
        Distribution::Uniform if !(0.0..1.0).contains(&x) => Err([0.5, 0.5]),
        Distribution::Normal if !x.is_finite() => Err([0.0, f64::MAX]),
        Distribution::Uniform | Distribution::Normal => Ok(()),
    }
}

/// Sums of numbers.
#[derive(Debug, Default)]
struct Sample {
    count: usize,
    sum: f64,
    squares: f64,
}

impl Sample {
    fn add(&mut self, x: f64) {
        self.count += 1;
        self.sum += x;
        self.squares += x * x;
    }

    /// Mean and mean square, whose variances are known: 1/12 and 4/45 of uniform numbers, 1 and 2 of normal ones.
    fn check(self, task: usize, distribution: Distribution) -> Result<(), Wrong> {
        let [mean, square] = match distribution {
            Distribution::Uniform => [(0.5, 1.0 / 12.0), (1.0 / 3.0, 4.0 / 45.0)],
            Distribution::Normal => [(0.0, 1.0), (1.0, 2.0)],
        };
        let n = self.count as f64;
        for (what, sum, (expected, variance)) in [("mean", self.sum, mean), ("mean square", self.squares, square)] {
            let (got, bound) = (sum / n, ERRORS * f64::sqrt(variance / n));
            let ok = (got - expected).abs() <= bound;
            if !ok {
                return Err(Wrong::Sample { task, what, got, expected, bound });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gingham_core::ndarray::Array2;
    use gingham_core::reference::Reference;
    use gingham_core::{OpThreads, random};

    use super::*;

    const UNIFORM: Distribution = Distribution::Uniform;

    fn drawn(distribution: Distribution, number: u64, n: usize) -> Array2<f64> {
        let mut out = Array2::zeros((1, n));
        random::random(&Reference, distribution, Stream::new(0, number), out.view_mut(), OpThreads::ONE).unwrap();
        out
    }

    fn batch(distribution: Distribution, n: usize) -> Vec<Array2<f64>> {
        (0..20).map(|task| drawn(distribution, task, n)).collect()
    }

    /// A judge of 20 tasks of `n` numbers.
    struct Numbers {
        placement: Placement,
        judge: Judge,
    }

    impl Numbers {
        fn new(distribution: Distribution, n: usize) -> Self {
            let workload = Workload::random::<f64>(distribution, [1, n]).tasks(20);
            let placement = Placement::of(&workload);
            Self { judge: workload.judge(&placement, &[], 0).unwrap(), placement }
        }
    }

    fn check(numbers: &Numbers, backend: &str, batch: &[Array2<f64>]) -> Result<(), Wrong> {
        let mut memory = vec![0.0_f64; numbers.placement.output_bytes as usize / 8];
        let outs = numbers.placement.output().views_mut(20, bytemuck::cast_slice_mut(&mut memory)).unwrap();
        outs.into_iter().zip(batch).for_each(|(mut out, numbers)| out.assign(numbers));
        numbers.judge.check(backend, bytemuck::cast_slice(&memory), batch.len()).map(drop)
    }

    #[test]
    fn right_numbers_pass_again_and_again() {
        for (distribution, n) in Distribution::ALL.into_iter().flat_map(|d| [0, 1, 100, 5000].map(|n| (d, n))) {
            let (numbers, batch) = (Numbers::new(distribution, n), batch(distribution, n));
            assert_eq!(check(&numbers, "a", &batch[..5]), Ok(()));
            assert_eq!(check(&numbers, "a", &batch), Ok(()));
        }
    }

    #[test]
    fn what_no_distribution_has_is_found() {
        for (distribution, x) in [(UNIFORM, 1.0), (UNIFORM, f64::NAN), (Distribution::Normal, f64::INFINITY)] {
            let (numbers, mut batch) = (Numbers::new(distribution, 50), batch(distribution, 50));
            batch[3][[0, 7]] = x;
            let wrong = check(&numbers, "a", &batch).unwrap_err();
            assert!(matches!(wrong, Wrong::Element { task: 3, element: 7, .. }), "{wrong}");
        }
    }

    #[test]
    fn another_distribution_is_found_in_large_and_in_small_tasks() {
        for n in [100, 5000] {
            let batch: Vec<_> = batch(UNIFORM, n).into_iter().map(|x| &x * &x).collect();
            let wrong = check(&Numbers::new(UNIFORM, n), "a", &batch).unwrap_err();
            assert!(matches!(wrong, Wrong::Sample { what: "mean", .. }), "{wrong}");
            let batch: Vec<_> = batch.iter().map(|x| x * 1.5 - 0.5).collect();
            let wrong = check(&Numbers::new(Distribution::Normal, n), "a", &batch).unwrap_err();
            assert!(matches!(wrong, Wrong::Sample { what: "mean square", .. }), "{wrong}");
        }
    }

    #[test]
    fn a_backend_draws_the_same_each_time_and_never_twice() {
        let (numbers, mut batch) = (Numbers::new(UNIFORM, 50), batch(UNIFORM, 50));
        assert_eq!(check(&numbers, "a", &batch), Ok(()));
        batch[4] = drawn(UNIFORM, 99, 50);
        assert_eq!(check(&numbers, "a", &batch), Err(Wrong::Redrawn { task: 4, backend: "a".into() }));
        assert_eq!(check(&numbers, "b", &batch), Ok(()), "another backend draws others");
        batch[6] = batch[2].clone();
        assert_eq!(check(&numbers, "b", &batch), Err(Wrong::Repeated { task: 6, earlier: 2 }));
    }
}
