//! The rules of [`Dot`](crate::Dot), one function a rule.

use ndarray::Ix1;

use super::layouts::{INPUT_STEPS, Layout, Strided};
use super::random::Random;
use super::vectors::{LENGTHS, lane};
use super::{Report, Subject, Violation, concurrency, pairwise};
use crate::bounds::{Sum, eta, gamma, ratio};
use crate::{Scalar, dot};

/// Two vectors.
#[derive(Debug, Clone)]
struct Operands<T> {
    x: Strided<T, Ix1>,
    y: Strided<T, Ix1>,
}

/// What the product must be.
#[derive(Debug, Clone, Copy)]
struct Verdict {
    sum: Sum,
    bound: f64,
    norm_bound: f64,
}

impl<T: Scalar> Operands<T> {
    fn drawn(n: usize, [x, y]: [Layout<1>; 2], random: &mut Random) -> Self {
        let mut draw = || T::from_f64(random.uniform(-1.0, 1.0));
        Self { x: x.input(Ix1(n), &mut draw), y: y.input(Ix1(n), &mut draw) }
    }

    fn judged(&self) -> Verdict {
        let (x, y) = (self.x.view(), self.y.view());
        let mut sum = Sum::default();
        x.iter().zip(y).for_each(|(&x, &y)| sum.add(x.into_f64(), y.into_f64()));
        let norms = [x, y].map(|v| v.iter().map(|&x| x.into_f64() * x.into_f64()).sum::<f64>().sqrt());
        let (gamma, underflow) = (gamma::<T>(x.len()), x.len() as f64 * eta::<T>());
        Verdict { sum, bound: gamma * sum.magnitude() + underflow, norm_bound: gamma * norms[0] * norms[1] + underflow }
    }

    fn judge(&self, subject: &Subject<'_>, verdict: &Verdict) -> Result<Report, Violation> {
        let (x, y) = (self.x.view(), self.y.view());
        let strides = [x.strides()[0], y.strides()[0]];
        let case = format_args!("length {}, strides of x and y {strides:?}", x.len());
        let got = match dot::dot(subject.backend, x, y, subject.threads) {
            Ok(got) => got,
            Err(error) => return Err(subject.violation(format_args!("{case}: refused: {error}"))),
        };
        let error = verdict.sum.distance(got.into_f64());
        let error_ratio = ratio(error, verdict.bound);
        let ok = error_ratio <= 1.0;
        if !ok {
            let (want, bound) = (verdict.sum.value(), verdict.bound);
            return Err(subject.violation(format_args!("{case}: {got:?}, expected {want:e} within {bound:e}")));
        }
        let norm_ratio = if verdict.norm_bound.is_finite() { ratio(error, verdict.norm_bound) } else { 0.0 };
        Ok(Report { cases: 1, error_ratio, norm_ratio })
    }

    fn run(self, subject: &Subject<'_>) -> Result<Report, Violation> {
        self.judge(subject, &self.judged())
    }
}

/// Any lengths and strides; the empty product is 0.
pub(super) fn layouts<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let levels = [LENGTHS.len(), INPUT_STEPS.len(), INPUT_STEPS.len(), 2, 2];
    Report::all(pairwise::rows(&levels, &mut random).iter().map(|row| {
        let layouts = [lane(INPUT_STEPS[row[1]], row[3] == 1), lane(INPUT_STEPS[row[2]], row[4] == 1)];
        Operands::<T>::drawn(LENGTHS[row[0]], layouts, &mut random).run(subject)
    }))
}

/// NaN and infinities take part wherever they stand, also beside a zero; subnormals are not flushed.
pub(super) fn special_values<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let subnormal = T::min_positive_value() / T::from_f64(8.0);
    let values = [T::nan(), T::infinity(), T::neg_infinity(), T::neg_zero(), subnormal];
    let all = LENGTHS[1..].iter().flat_map(|&n| values.map(|value| (n, value)));
    Report::all(all.flat_map(|(n, value)| {
        let layouts = [(); 2].map(|()| lane(random.pick(&INPUT_STEPS[..4]), random.below(2) == 1));
        let at = random.below(n);
        let mut one = Operands::<T>::drawn(n, layouts, &mut random);
        one.x.view_mut()[at] = value;
        let mut beside_zeros = Operands::<T>::drawn(n, layouts, &mut random);
        beside_zeros.x.fill_with(T::zero);
        beside_zeros.y.view_mut()[at] = value;
        let mut all = Operands::<T>::drawn(n, layouts, &mut random);
        all.x.fill_with(|| value);
        [one.run(subject), beside_zeros.run(subject), all.run(subject)]
    }))
}

/// Products of small integers are exact.
pub(super) fn integers<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    Report::all(LENGTHS.into_iter().map(|n| {
        let layouts = [(); 2].map(|()| lane(random.pick(&INPUT_STEPS), random.below(2) == 1));
        let mut small = || T::from_f64(random.below(17) as f64 - 8.0);
        let operands = Operands { x: layouts[0].input(Ix1(n), &mut small), y: layouts[1].input(Ix1(n), &mut small) };
        operands.judge(subject, &Verdict { bound: 0.0, ..operands.judged() })
    }))
}

/// Vectors large enough for libraries to use their threads.
pub(super) fn large<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let all = [(100_000, [1, 1]), (100_003, [1, -2]), (30_011, [2, 0])];
    Report::all(all.map(|(n, steps)| Operands::<T>::drawn(n, steps.map(|s| lane(s, true)), &mut random).run(subject)))
}

/// Calls from several threads at once give what one thread gets.
pub(super) fn concurrent<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    concurrency::callers(subject, |random| {
        let layouts = [(); 2].map(|()| lane(random.pick(&INPUT_STEPS[..4]), false));
        let operands = Operands::<T>::drawn(1000 + random.below(1000), layouts, random);
        let verdict = operands.judged();
        move |subject: &Subject<'_>| operands.judge(subject, &verdict)
    })
}
