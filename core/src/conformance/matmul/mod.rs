//! The rules of [`MatMul`](crate::MatMul), one function a rule.

mod batch;
mod structured;

use std::fmt;

use ndarray::{Array2, Ix2};

pub(super) use batch::{batch, batch_alike, batch_values};
pub(super) use structured::structured;

use super::layouts::{INPUT_STEPS, Layout, STEPS, Strided};
use super::random::Random;
use super::{Report, Subject, Violation, concurrency, pairwise};
use crate::bounds::{Sum, eta, gamma, ratio, same};
use crate::{Scalar, matmul};

/// Around the sizes of vectors, of register tiles and of small-matrix paths.
const SIZES: [usize; 21] = [0, 1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129];

/// Signs, a power of two, and a factor that rounds.
const FACTORS: [f64; 5] = [0.0, 1.0, -1.0, 0.5, 2.5];

/// One product: sizes, layouts and factors.
#[derive(Debug, Clone, Copy)]
struct Case {
    m: usize,
    n: usize,
    k: usize,
    a: Layout<2>,
    b: Layout<2>,
    c: Layout<2>,
    alpha: f64,
    beta: f64,
}

impl Case {
    fn plain(m: usize, n: usize, k: usize) -> Self {
        let plain = Layout::PLAIN;
        Self { m, n, k, a: plain, b: plain, c: plain, alpha: 1.0, beta: 0.0 }
    }

    /// Any layouts and factors.
    fn any(m: usize, n: usize, k: usize, random: &mut Random) -> Self {
        Self {
            a: Layout::any(random),
            b: Layout::any(random),
            c: Layout::any(random),
            alpha: random.pick(&FACTORS),
            beta: random.pick(&FACTORS),
            ..Self::plain(m, n, k)
        }
    }

    /// The operands, filled by `value`.
    fn with<T: Scalar>(self, mut value: impl FnMut() -> T) -> Operands<T> {
        let Self { m, n, k, .. } = self;
        Operands {
            case: self,
            a: self.a.input(Ix2(m, k), &mut value),
            b: self.b.input(Ix2(k, n), &mut value),
            c: self.c.output(Ix2(m, n), &mut value),
        }
    }

    /// The operands, filled with numbers in -1..1.
    fn drawn<T: Scalar>(self, random: &mut Random) -> Operands<T> {
        self.with(|| T::from_f64(random.uniform(-1.0, 1.0)))
    }
}

/// One product with its operands.
#[derive(Debug, Clone)]
struct Operands<T> {
    case: Case,
    a: Strided<T, Ix2>,
    b: Strided<T, Ix2>,
    c: Strided<T, Ix2>,
}

impl<T: Scalar> fmt::Display for Operands<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case { m, n, k, alpha, beta, .. } = self.case;
        let [a, b, c] = [&self.a, &self.b, &self.c].map(|operand| operand.view().strides().to_vec());
        write!(f, "m={m} n={n} k={k}, strides A {a:?} B {b:?} C {c:?}, alpha={alpha} beta={beta}")
    }
}

/// What C must be.
struct Verdict {
    elements: Array2<(Sum, f64)>,
    norm_bound: f64,
}

impl<T: Scalar> Operands<T> {
    /// The result within the bound of the contract.
    fn judged(&self) -> Verdict {
        let Case { m, n, k, alpha, beta, .. } = self.case;
        let (a, b, c) = (self.a.view().mapv(Scalar::into_f64), self.b.view().mapv(Scalar::into_f64), self.c.view());
        let columns: Vec<Vec<f64>> = b.columns().into_iter().map(|column| column.to_vec()).collect();
        let underflow = (k + 2) as f64 * eta::<T>() * alpha.abs().max(1.0);
        let (of_product, of_c) = (gamma::<T>(k + 2), gamma::<T>(2));
        let elements = Array2::from_shape_fn((m, n), |(i, j)| {
            let mut sum = Sum::default();
            if alpha != 0.0 {
                a.row(i).iter().zip(&columns[j]).for_each(|(&x, &y)| sum.add(x, y));
                sum = sum.times(alpha);
            }
            let mut bound = of_product * sum.magnitude() + underflow;
            if beta != 0.0 {
                let old = c[[i, j]].into_f64();
                sum.add(beta, old);
                bound += of_c * (beta * old).abs();
            }
            (sum, bound)
        });
        let norm = |x: &Array2<f64>| x.iter().map(|x| x * x).sum::<f64>().sqrt();
        let product = if alpha == 0.0 { 0.0 } else { of_product * alpha.abs() * norm(&a) * norm(&b) };
        let old = if beta == 0.0 { 0.0 } else { of_c * beta.abs() * norm(&c.mapv(Scalar::into_f64)) };
        Verdict { elements, norm_bound: product + old + underflow * ((m * n) as f64).sqrt() }
    }

    fn call(&mut self, subject: &Subject<'_>) -> Result<(), Violation> {
        let [alpha, beta] = [self.case.alpha, self.case.beta].map(T::from_f64);
        let (a, b, threads) = (self.a.view(), self.b.view(), subject.threads);
        let outcome = matmul::matmul(subject.backend, alpha, a, b, beta, self.c.view_mut(), threads);
        subject.must(outcome, &*self)
    }

    fn judge(&self, subject: &Subject<'_>, verdict: &Verdict) -> Result<Report, Violation> {
        subject.gaps(self.c.gaps_intact(), self)?;
        let mut report = Report { cases: 1, ..Report::default() };
        let mut squares = 0.0;
        for (((i, j), &got), (sum, bound)) in self.c.view().indexed_iter().zip(&verdict.elements) {
            let error = sum.distance(got.into_f64());
            let ratio = ratio(error, *bound);
            let ok = ratio <= 1.0;
            if !ok {
                let want = sum.value();
                let found = format!("{self}: C[{i}, {j}] is {got:?}, expected {want:e} within {bound:e}");
                return Err(subject.violation(found));
            }
            report.error_ratio = report.error_ratio.max(ratio);
            squares += error * error;
        }
        if verdict.norm_bound.is_finite() {
            report.norm_ratio = ratio(squares.sqrt(), verdict.norm_bound);
        }
        Ok(report)
    }

    fn run(mut self, subject: &Subject<'_>) -> Result<Report, Violation> {
        let verdict = self.judged();
        self.call(subject)?;
        self.judge(subject, &verdict)
    }
}

/// Any sizes, orders, strides and factors: every pair of them occurs.
pub(super) fn layouts<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let (sizes, steps, factors) = (SIZES.len(), STEPS.len(), FACTORS.len());
    let operand = [steps, steps, 2, 2];
    let levels = [&[sizes, sizes, sizes, factors, factors][..], &operand, &operand, &operand].concat();
    let layout =
        |row: &[usize]| Layout { steps: [STEPS[row[0]], STEPS[row[1]]], fortran: row[2] == 1, padded: row[3] == 1 };
    let mut random = subject.random();
    Report::all(pairwise::rows(&levels, &mut random).iter().map(|row| {
        let case = Case {
            m: SIZES[row[0]],
            n: SIZES[row[1]],
            k: SIZES[row[2]],
            alpha: FACTORS[row[3]],
            beta: FACTORS[row[4]],
            a: layout(&row[5..9]),
            b: layout(&row[9..13]),
            c: layout(&row[13..17]),
        };
        case.drawn::<T>(&mut random).run(subject)
    }))
}

/// Beyond the blocks of blocked kernels, in one dimension at a time: blocks of k are 256 to 512 in the libraries known,
/// of m up to 1000, of n up to 4096.
pub(super) fn blocking<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let sizes = [(257, 5, 7), (7, 300, 5), (5, 7, 257), (13, 31, 300), (1100, 9, 3), (3, 4200, 2), (5, 17, 1100)];
    Report::all(sizes.into_iter().flat_map(|size| [size; 3]).map(|(m, n, k)| {
        let case = Case::any(m, n, k, &mut random);
        case.drawn::<T>(&mut random).run(subject)
    }))
}

/// With m or n zero nothing is touched; with k zero the result is beta C.
pub(super) fn zero_sizes<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let sizes = [(0, 5, 7), (5, 0, 7), (0, 0, 3), (5, 7, 0), (1, 1, 0), (33, 17, 0), (0, 0, 0), (0, 9, 0)];
    let all = sizes.into_iter().flat_map(|size| FACTORS.map(|beta| (size, beta)));
    Report::all(all.map(|((m, n, k), beta)| {
        let case = Case { beta, ..Case::any(m, n, k, &mut random) };
        case.drawn::<T>(&mut random).run(subject)
    }))
}

/// Sizes of the rules about factors and values: scalar, a register tile, remainders, more than one tile.
const SOME_SIZES: [(usize, usize, usize); 6] =
    [(1, 1, 1), (4, 8, 3), (5, 7, 13), (33, 17, 9), (40, 65, 70), (1, 31, 129)];

/// `beta == 0`: C is not read, so NaN in it does not matter.
pub(super) fn beta_zero<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let all = SOME_SIZES.into_iter().chain([(5, 7, 0)]).flat_map(|size| FACTORS.map(|alpha| (size, alpha)));
    Report::all(all.map(|((m, n, k), alpha)| {
        let case = Case { alpha, beta: 0.0, ..Case::any(m, n, k, &mut random) };
        let mut operands = case.drawn::<T>(&mut random);
        operands.c.fill_with(T::nan);
        operands.run(subject)
    }))
}

/// `alpha == 0`: A and B are not read, so NaN in them does not matter.
pub(super) fn alpha_zero<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let all = SOME_SIZES.into_iter().flat_map(|size| FACTORS.map(|beta| (size, beta)));
    Report::all(all.map(|((m, n, k), beta)| {
        let case = Case { alpha: 0.0, beta, ..Case::any(m, n, k, &mut random) };
        let mut operands = case.drawn::<T>(&mut random);
        operands.a.fill_with(T::nan);
        operands.b.fill_with(T::nan);
        operands.run(subject)
    }))
}

/// With alpha or k zero the result is beta C to the bit: nothing is added to it, so that -0 stays -0.
pub(super) fn nothing_added<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let without_k = [(1, 1, 0), (1, 9, 0), (9, 1, 0), (33, 17, 0)].map(|size| (size, 1.0));
    let all = SOME_SIZES.map(|size| (size, 0.0)).into_iter().chain(without_k);
    Report::all(all.flat_map(|(size, alpha)| FACTORS.map(|beta| (size, alpha, beta))).map(
        |((m, n, k), alpha, beta)| {
            let mut operands = Case { alpha, beta, ..Case::any(m, n, k, &mut random) }.drawn::<T>(&mut random);
            operands.c.fill_with(|| random.pick(&[T::neg_zero(), T::zero(), T::one(), T::from_f64(-0.3)]));
            let [beta_c, zero] = [T::from_f64(beta), T::zero()];
            let want = operands.c.view().mapv(|c| if beta == 0.0 { zero } else { beta_c * c });
            operands.call(subject)?;
            subject.gaps(operands.c.gaps_intact(), &operands)?;
            match operands.c.view().iter().zip(&want).find(|&(&got, &want)| !same(got, want)) {
                None => Ok(Report { cases: 1, ..Report::default() }),
                Some((got, want)) => {
                    Err(subject.violation(format_args!("{operands}: C has {got:?}, expected {want:?}")))
                }
            }
        },
    ))
}

/// Stride 0 in A and B: one row, one column or one element for all.
pub(super) fn broadcast<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let steps: Vec<[isize; 2]> = INPUT_STEPS.iter().flat_map(|&row| INPUT_STEPS.map(|column| [row, column])).collect();
    let zero: Vec<[isize; 2]> = steps.iter().copied().filter(|steps| steps.contains(&0)).collect();
    Report::all(zero.iter().flat_map(|&a| {
        [(a, random.pick(&zero)), (a, [1, 1]), ([1, 1], a)].map(|(a, b)| {
            let (m, n, k) = random.pick(&SOME_SIZES);
            let mut case = Case::any(m, n, k, &mut random);
            (case.a.steps, case.b.steps) = (a, b);
            case.drawn::<T>(&mut random).run(subject)
        })
    }))
}

/// 0 x NaN and 0 x Inf are NaN: no product is skipped because a factor is zero.
pub(super) fn no_skipping<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let all = SOME_SIZES.into_iter().flat_map(|size| [T::nan(), T::infinity(), T::neg_infinity()].map(|x| (size, x)));
    Report::all(all.flat_map(|((m, n, k), special)| {
        let case = Case { alpha: 1.0, ..Case::any(m, n, k, &mut random) };
        let (row, column) = (random.below(k), random.below(n));
        let mut zero_a = case.drawn::<T>(&mut random);
        zero_a.a.fill_with(T::zero);
        zero_a.b.view_mut()[[row, column]] = special;
        let mut zero_b = case.drawn::<T>(&mut random);
        zero_b.b.fill_with(T::zero);
        zero_b.a.view_mut()[[random.below(m), row]] = special;
        [zero_a.run(subject), zero_b.run(subject)]
    }))
}

/// Rows of NaN, infinities, negative zeros and subnormals go where the definition sends them, and nowhere else.
pub(super) fn special_values<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let subnormal = T::min_positive_value() / T::from_f64(8.0);
    let values = [T::nan(), T::infinity(), T::neg_infinity(), T::neg_zero(), subnormal, -subnormal];
    let all = SOME_SIZES.into_iter().flat_map(|size| values.map(|value| (size, value)));
    Report::all(all.flat_map(|((m, n, k), value)| {
        let factors = Case { alpha: random.pick(&FACTORS[1..]), ..Case::any(m, n, k, &mut random) };
        // Without C, which is near one, a result stays as small as a subnormal.
        let mut in_a = Case { beta: 0.0, ..factors }.drawn::<T>(&mut random);
        in_a.a.view_mut().row_mut(random.below(m)).fill(value);
        let mut in_b = factors.drawn::<T>(&mut random);
        in_b.b.view_mut().column_mut(random.below(n)).fill(value);
        let mut in_c = Case { beta: random.pick(&FACTORS[1..]), ..factors }.drawn::<T>(&mut random);
        in_c.c.view_mut()[[random.below(m), random.below(n)]] = value;
        [in_a.run(subject), in_b.run(subject), in_c.run(subject)]
    }))
}

/// Results of small integers are exact.
pub(super) fn integers<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    Report::all(SOME_SIZES.into_iter().flat_map(|size| [size; 4]).map(|(m, n, k)| {
        let [alpha, beta] = [(); 2].map(|()| random.pick(&[0.0, 1.0, -1.0, 2.0]));
        let case = Case { alpha, beta, ..Case::any(m, n, k, &mut random) };
        let mut operands = case.with(|| T::from_f64(random.below(17) as f64 - 8.0));
        let mut verdict = operands.judged();
        verdict.elements.map_inplace(|(_, bound)| *bound = 0.0);
        operands.call(subject)?;
        operands.judge(subject, &verdict)
    }))
}

/// A product large enough for libraries to use their threads.
pub(super) fn large<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let odd = Case { alpha: 0.5, beta: -1.0, ..Case::any(193, 210, 187, &mut random) };
    Report::all([Case::plain(200, 200, 200), odd].map(|case| case.drawn::<T>(&mut random).run(subject)))
}

/// Calls from several threads at once give what one thread gets.
pub(super) fn concurrent<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    concurrency::callers(subject, |random| {
        let (m, n, k) = random.pick(&[(5, 7, 13), (33, 17, 40), (64, 64, 64), (65, 70, 33)]);
        let case = Case { alpha: random.pick(&FACTORS[1..]), ..Case::any(m, n, k, random) };
        let operands = case.drawn::<T>(random);
        let verdict = operands.judged();
        move |subject: &Subject<'_>| {
            let mut operands = operands.clone();
            operands.call(subject)?;
            operands.judge(subject, &verdict)
        }
    })
}

/// A product of m x k by k x n, to be timed and watched but not judged.
pub(super) fn product<T: Scalar>([m, k, n]: [usize; 3]) -> impl FnMut(&Subject<'_>) -> Result<(), Violation> + Send {
    let mut operands = Case::plain(m, n, k).with(T::one);
    move |subject| operands.call(subject)
}
