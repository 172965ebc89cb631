//! The rules of [`Fill`](crate::Fill), one function a rule.

use ndarray::Ix1;

use super::layouts::{Layout, STEPS, Strided};
use super::vectors::{LENGTHS, lane};
use super::{Report, Subject, Violation, concurrency, pairwise};
use crate::bounds::same;
use crate::{Scalar, fill};

/// Numbers, both zeros, a subnormal, infinities and NaN.
fn values<T: Scalar>() -> [T; 8] {
    let subnormal = T::min_positive_value() / T::from_f64(8.0);
    let [one, third] = [1.0, -1.0 / 3.0].map(T::from_f64);
    [one, third, T::zero(), T::neg_zero(), subnormal, T::infinity(), T::neg_infinity(), T::nan()]
}

fn run<T: Scalar>(subject: &Subject<'_>, n: usize, layout: Layout<1>, value: T) -> Result<Report, Violation> {
    let before = if value.is_nan() { T::one() } else { T::nan() };
    let mut out: Strided<T, Ix1> = layout.output(Ix1(n), || before);
    let case = format!("length {n}, step {}, value {value:?}", layout.steps[0]);
    subject.must(fill::fill(subject.backend, value, out.view_mut(), subject.threads), &case)?;
    subject.gaps(out.gaps_intact(), &case)?;
    match out.view().indexed_iter().find(|&(_, &got)| !same(got, value)) {
        None => Ok(Report { cases: 1, ..Report::default() }),
        Some((i, got)) => Err(subject.violation(format_args!("{case}: element {i} is {got:?}"))),
    }
}

/// Any lengths, strides and values, to the bit.
pub(super) fn layouts<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let values = values::<T>();
    let levels = [LENGTHS.len(), STEPS.len(), 2, values.len()];
    Report::all(
        pairwise::rows(&levels, &mut subject.random())
            .iter()
            .map(|row| run(subject, LENGTHS[row[0]], lane(STEPS[row[1]], row[2] == 1), values[row[3]])),
    )
}

/// Arrays large enough for libraries to use their threads, or stores that bypass the cache.
pub(super) fn large<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let third = T::from_f64(1.0 / 3.0);
    Report::all(STEPS.map(|step| run(subject, 100_003, lane(step, true), third)))
}

/// Calls from several threads at once give what one thread gets.
pub(super) fn concurrent<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    concurrency::callers(subject, |random| {
        let (n, value) = (1000 + random.below(1000), T::from_f64(random.uniform(-1.0, 1.0)));
        move |subject: &Subject<'_>| run(subject, n, lane(1, true), value)
    })
}
