//! The rules of [`Random`](crate::Random), one function a rule, each run for every distribution.
//!
//! That numbers are random can only be tested statistically, and now and then a right backend fails such a test by
//! chance. So these tests draw from fixed streams, which give each version of a backend the same verdict every time,
//! and their bounds are wide: fewer than one right backend in 10^5 fails by chance.

use ndarray::{Array1, Dimension, Ix1, Ix2};

use super::layouts::{Layout, STEPS, Strided};
use super::vectors::{LENGTHS, lane};
use super::{Report, Subject, Violation, concurrency, pairwise};
use crate::bounds::same;
use crate::{Distribution, Op, Scalar, Stream, random};

/// How many numbers moments and distances are taken of: an error of one per cent shows.
const SAMPLE: usize = 1 << 17;

/// How many numbers correlations are taken of, for each of some hundred pairs of streams and lags.
const PAIRS: usize = 1 << 14;

/// The farthest neighbour that is compared: beyond the numbers that one step of a vectorised generator makes.
const LAGS: isize = 40;

/// The mean of many numbers lies within this many standard errors, except for one in 10^7.
const ERRORS: f64 = 5.5;

/// `sqrt(n)` times the distance of Kolmogorov and Smirnov, which `2 exp(-2 x^2)` of all samples exceed: 3 in 10^7.
const DISTANCE: f64 = 2.8;

/// Streams that differ in little: one bit of the seed or the number, low or high; the two exchanged; elements far on.
const STREAMS: [Stream; 8] = [
    Stream { seed: 1, number: 0, start: 0 },
    Stream { seed: 0, number: 1, start: 0 },
    Stream { seed: 1, number: 1, start: 0 },
    Stream { seed: 1, number: 1 << 63, start: 0 },
    Stream { seed: 1, number: 1 << 32, start: 0 },
    Stream { seed: 1 | 1 << 32, number: 0, start: 0 },
    Stream { seed: 1, number: 0, start: 1 << 32 },
    Stream { seed: 1, number: 0, start: 1 << 40 },
];

fn distribution(subject: &Subject<'_>) -> Distribution {
    match subject.op {
        Op::Random(distribution) => distribution,
        op @ (Op::MatMul | Op::Dot | Op::Fill | Op::Unary(_) | Op::Binary(_)) => unreachable!("{op} draws no numbers"),
    }
}

fn draw<T: Scalar, D: Dimension>(
    subject: &Subject<'_>,
    stream: Stream,
    out: &mut Strided<T, D>,
    case: &str,
) -> Result<(), Violation> {
    let outcome = random::random(subject.backend, distribution(subject), stream, out.view_mut(), subject.threads);
    subject.must(outcome, case)?;
    subject.gaps(out.gaps_intact(), case)
}

/// `n` elements, drawn in pieces of at most `piece`, the last one first.
fn pieces<T: Scalar>(subject: &Subject<'_>, stream: Stream, n: usize, piece: usize) -> Result<Array1<T>, Violation> {
    let mut all = Array1::from_elem(n, T::nan());
    let mut chunks: Vec<_> = all.axis_chunks_iter_mut(ndarray::Axis(0), piece).enumerate().collect();
    while let Some((i, out)) = chunks.pop() {
        let (len, stream) = (out.len(), stream.skip((i * piece) as u64));
        let outcome = random::random(subject.backend, distribution(subject), stream, out, subject.threads);
        subject.must(outcome, format_args!("{len} elements of {stream:?}"))?;
    }
    Ok(all)
}

/// The elements of a stream as f64, drawn at once.
fn sample<T: Scalar>(subject: &Subject<'_>, stream: Stream, n: usize) -> Result<Vec<f64>, Violation> {
    Ok(pieces::<T>(subject, stream, n, n)?.iter().map(|&x| x.into_f64()).collect())
}

/// What is drawn must be `want`, in row-major order.
fn compare<'a, T: Scalar>(
    subject: &Subject<'_>,
    got: impl Iterator<Item = &'a T>,
    want: &Array1<T>,
    case: &str,
) -> Result<Report, Violation> {
    match got.zip(want).position(|(&got, &want)| !same(got, want) || got.is_nan()) {
        None => Ok(Report { cases: 1, ..Report::default() }),
        Some(i) => Err(subject.violation(format_args!("{case}: element {i} is not what it is in a call of its own"))),
    }
}

fn run<T: Scalar, D: Dimension>(
    subject: &Subject<'_>,
    stream: Stream,
    mut out: Strided<T, D>,
    piece: usize,
) -> Result<Report, Violation> {
    let (shape, strides) = (out.view().shape().to_vec(), out.view().strides().to_vec());
    let case = format!("shape {shape:?}, strides {strides:?}, {stream:?}");
    draw(subject, stream, &mut out, &case)?;
    let want = pieces(subject, stream, out.view().len(), piece)?;
    compare(subject, out.view().iter(), &want, &case)
}

/// Arrays of any lengths, strides and ranks, zero sizes included, hold the elements of the stream in row-major order.
pub(super) fn layouts<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let levels = [LENGTHS.len(), STEPS.len(), 2];
    let lanes = pairwise::rows(&levels, &mut random);
    let lanes = Report::all(lanes.iter().map(|row| {
        let out = lane(STEPS[row[1]], row[2] == 1).output(Ix1(LENGTHS[row[0]]), T::nan);
        run(subject, Stream::new(random.next(), random.next()), out, 1)
    }))?;
    let matrices = (0..40).map(|_| {
        let shape = Ix2(random.below(20), random.below(40));
        let out = Layout::<2>::any(&mut random).output(shape, T::nan);
        run(subject, Stream::new(random.next(), random.next()), out, 1)
    });
    Ok(lanes.and(Report::all(matrices)?))
}

/// Numbers drawn in pieces are the same as drawn at once, wherever the pieces begin and whenever they are drawn; also
/// where a counter of 32 bits would end, and at the end of the stream.
pub(super) fn pieces_fit<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    const LENGTH: usize = 200;
    let mut random = subject.random();
    let limits = (31..40).map(|bits| (1_u64 << bits) - LENGTH as u64 / 2);
    let starts: Vec<u64> = limits.chain([0, 1, 2, 3, 31, 1 << 62, u64::MAX - LENGTH as u64]).collect();
    Report::all(starts.into_iter().flat_map(|start| [1, 7, 64].map(|piece| (start, piece))).map(|(start, piece)| {
        let stream = Stream { start, ..Stream::new(random.next(), random.next()) };
        run(subject, stream, Layout::<1>::PLAIN.output(Ix1(LENGTH), T::nan), piece)
    }))
}

/// Uniform numbers are whole multiples of their unit in [0, 1), of which each bit is set half of the time; normal ones
/// are finite.
pub(super) fn values<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let numbers = sample::<T>(subject, STREAMS[0], SAMPLE)?;
    let bits = if T::DTYPE.size() == 8 { 53 } else { 24 };
    let units = f64::from(bits).exp2();
    let allowed = |x: f64| match distribution(subject) {
        Distribution::Uniform => (0.0..1.0).contains(&x) && (x * units).fract() == 0.0,
        Distribution::Normal => x.is_finite(),
    };
    if let Some(i) = numbers.iter().position(|&x| !allowed(x)) {
        return Err(subject.violation(format_args!("element {i} is {:?}, which is none of its numbers", numbers[i])));
    }
    if distribution(subject) != Distribution::Uniform {
        return Ok(Report { cases: 1, ..Report::default() });
    }
    Report::all((0..bits).map(|bit| {
        let set = numbers.iter().filter(|&&x| (x * units) as u64 >> bit & 1 == 1).count() as f64;
        let share = set / SAMPLE as f64;
        within(subject, format_args!("bit {bit} of {bits}, set"), share, 0.5, 0.5 / (SAMPLE as f64).sqrt())
    }))
}

/// A mean of many numbers, which must lie within [`ERRORS`] standard errors of what is expected.
fn within(
    subject: &Subject<'_>,
    what: impl std::fmt::Display,
    got: f64,
    want: f64,
    standard_error: f64,
) -> Result<Report, Violation> {
    let error_ratio = (got - want).abs() / (ERRORS * standard_error);
    let ok = error_ratio <= 1.0;
    match ok {
        true => Ok(Report { cases: 1, error_ratio, ..Report::default() }),
        false => Err(subject.violation(format_args!("{what}: {got:e}, expected {want:e} +- {standard_error:e}"))),
    }
}

/// The mean of a distribution.
fn mean(distribution: Distribution) -> f64 {
    match distribution {
        Distribution::Uniform => 0.5,
        Distribution::Normal => 0.0,
    }
}

/// `E (x - mean)^k`: `2^-k / (k + 1)` for uniform numbers, `1 3 5 .. (k - 1)` for normal ones, 0 where k is odd.
fn moment(distribution: Distribution, k: i32) -> f64 {
    match distribution {
        _ if k % 2 == 1 => 0.0,
        Distribution::Uniform => 0.5_f64.powi(k) / f64::from(k + 1),
        Distribution::Normal => (1..k).step_by(2).map(f64::from).product(),
    }
}

/// Mean, variance, skewness and kurtosis.
pub(super) fn moments<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let distribution = distribution(subject);
    Report::all(STREAMS.map(|stream| {
        let numbers = sample::<T>(subject, stream, SAMPLE)?;
        Report::all((1..=4).map(|k| {
            let sum: f64 = numbers.iter().map(|x| (x - mean(distribution)).powi(k)).sum();
            let want = moment(distribution, k);
            let variance = moment(distribution, 2 * k) - want * want;
            let what = format_args!("central moment {k} of {SAMPLE} numbers of {stream:?}");
            within(subject, what, sum / SAMPLE as f64, want, (variance / SAMPLE as f64).sqrt())
        }))
    }))
}

/// For every x, as many numbers lie below x as the distribution says (Kolmogorov and Smirnov).
pub(super) fn shape<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let n = SAMPLE as f64;
    Report::all(STREAMS.map(|stream| {
        let mut numbers = sample::<T>(subject, stream, SAMPLE)?;
        numbers.sort_unstable_by(f64::total_cmp);
        let distance = |(i, &x): (usize, &f64)| {
            let below = match distribution(subject) {
                Distribution::Uniform => x.clamp(0.0, 1.0),
                Distribution::Normal => below(x),
            };
            (below - i as f64 / n).max((i + 1) as f64 / n - below)
        };
        let distance = numbers.iter().enumerate().map(distance).fold(0.0, f64::max) * n.sqrt();
        let ok = distance <= DISTANCE;
        if !ok {
            let found = format_args!("{SAMPLE} numbers of {stream:?}: sqrt(n) D is {distance}, at most {DISTANCE}");
            return Err(subject.violation(found));
        }
        Ok(Report { cases: 1, error_ratio: distance / DISTANCE, norm_ratio: 0.0 })
    }))
}

/// The share of normal numbers below x, by the series of Marsaglia, Evaluating the normal distribution (2004):
/// `1/2 + phi(x) (x + x^3/3 + x^5/(3 5) + ..)`.
fn below(x: f64) -> f64 {
    let (mut sum, mut term, mut k) = (0.0, x.clamp(-9.0, 9.0), 1.0);
    let square = term * term;
    while sum + term != sum {
        sum += term;
        k += 2.0;
        term *= square / k;
    }
    0.5 + sum * (-0.5 * square).exp() / std::f64::consts::TAU.sqrt()
}

/// Neither the numbers nor their distances from the mean correlate with their neighbours', or with another stream's.
pub(super) fn independence<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let distribution = distribution(subject);
    let variance = moment(distribution, 2);
    // The numbers and their squares, with mean 0 and variance 1 both.
    let spread = (moment(distribution, 4) / (variance * variance) - 1.0).sqrt();
    let standard = |stream| -> Result<[Vec<f64>; 2], Violation> {
        let numbers = sample::<T>(subject, stream, PAIRS)?;
        let plain = numbers.iter().map(|x| (x - mean(distribution)) / variance.sqrt()).collect::<Vec<_>>();
        let squares = plain.iter().map(|x| (x * x - 1.0) / spread).collect();
        Ok([plain, squares])
    };
    let streams = STREAMS.into_iter().map(standard).collect::<Result<Vec<_>, _>>()?;
    let [first, ..] = &streams[..] else { unreachable!("there are streams") };
    let pairs =
        streams.iter().zip(&STREAMS).flat_map(|(other, name)| (-LAGS..=LAGS).map(move |lag| (other, name, lag)));
    Report::all(pairs.filter(|&(_, name, lag)| lag != 0 || *name != STREAMS[0]).map(|(other, name, lag)| {
        Report::all(first.iter().zip(other).zip(["numbers", "squares"]).map(|((x, y), what)| {
            let [ahead, behind] = [lag.max(0), (-lag).max(0)].map(isize::unsigned_abs);
            let n = (PAIRS - ahead.max(behind)) as f64;
            let sum: f64 = x[behind..].iter().zip(&y[ahead..]).map(|(x, y)| x * y).sum();
            let what = format_args!("correlation of {what} of {:?} with those {lag} on in {name:?}", STREAMS[0]);
            within(subject, what, sum / n, 0.0, n.sqrt().recip())
        }))
    }))
}

/// Arrays large enough for libraries to use their threads hold the same numbers as pieces that are not.
pub(super) fn large<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let streams = [Stream::new(7, 5), Stream { start: 11, ..Stream::new(7, 5) }];
    Report::all(
        [(0, 1_000_003, 1), (1, 600_011, 1), (1, 300_007, -2)]
            .map(|(stream, n, step)| run(subject, streams[stream], lane(step, true).output(Ix1(n), T::nan), 1000)),
    )
}

/// Calls from several threads at once give what one thread gets.
pub(super) fn concurrent<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    concurrency::callers(subject, |random| {
        let (n, stream) = (1000 + random.below(1000), Stream::new(random.next(), random.next()));
        let want = pieces::<T>(subject, stream, n, n);
        move |subject: &Subject<'_>| {
            let mut out = lane(1, true).output(Ix1(n), T::nan);
            draw(subject, stream, &mut out, "")?;
            compare(subject, out.view().iter(), want.as_ref().map_err(Clone::clone)?, "")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the normal distribution from the table in Abramowitz and Stegun, 26.1.
    #[test]
    fn the_share_below() {
        for (x, want) in [(0.0, 0.5), (1.0, 0.841_344_746_068_543), (2.0, 0.977_249_868_051_821)] {
            assert!((below(x) - want).abs() < 1e-15 && (below(-x) - (1.0 - want)).abs() < 1e-15, "{x}");
        }
        assert!((below(50.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn moments_are_the_known_ones() {
        assert_eq!([2, 3, 4].map(|k| moment(Distribution::Normal, k)), [1.0, 0.0, 3.0]);
        assert_eq!([1, 2, 4].map(|k| moment(Distribution::Uniform, k)), [0.0, 1.0 / 12.0, 1.0 / 80.0]);
    }
}
