//! The rules of [`Elementwise`](crate::Elementwise), one function a rule, each run for every function.

use super::judge::{function, function_ratio};
use super::layouts::{INPUT_STEPS, STEPS};
use super::random::Random;
use super::vectors::{LENGTHS, Lanes, Operands, lane};
use super::{Report, Subject, Violation, concurrency, pairwise};
use crate::{Op, Scalar, Stream};

impl<T: Scalar> Operands<T> {
    fn run(mut self, subject: &Subject<'_>) -> Result<Report, Violation> {
        let x = self.x.as_ref().unwrap_or(&self.out).view().to_owned();
        let outcome = self.call(subject, Stream::default());
        let (y, out) = (self.y.view(), self.out.view());
        let case = || {
            let x = self.x.as_ref().map_or("in place".into(), |x| format!("x {}", x.view().strides()[0]));
            format!("length {}, strides {x}, y {}, out {}", out.len(), y.strides()[0], out.strides()[0])
        };
        subject.must(outcome, case())?;
        subject.gaps(self.out.gaps_intact(), case())?;
        let mut report = Report { cases: 1, ..Report::default() };
        for (i, ((&x, &y), &got)) in x.iter().zip(&y).zip(&out).enumerate() {
            let ratio = function_ratio(subject.op, x, y, got);
            let ok = ratio <= 1.0;
            if !ok {
                let (op, want) = (subject.op, T::from_f64(function(subject.op, x.into_f64(), y.into_f64())));
                let arguments = if let Op::Unary(_) = op { format!("{x:?}") } else { format!("{x:?}, {y:?}") };
                let case = case();
                let found =
                    format!("{case}: {op}({arguments}) is {got:?} at {i}, expected {want:?}: {ratio:.3} bounds off");
                return Err(subject.violation(found));
            }
            report.error_ratio = report.error_ratio.max(ratio);
        }
        Ok(report)
    }
}

/// An argument: mostly where functions are curved, often near one, sometimes anywhere in the range of the type.
fn argument<T: Scalar>(random: &mut Random) -> T {
    let sign = random.pick(&[1.0, -1.0]);
    let bits = f64::MANTISSA_DIGITS as f64;
    let range = T::max_value().into_f64().log2();
    T::from_f64(match random.below(20) {
        0..10 => random.uniform(-10.0, 10.0),
        10..13 => 1.0 + sign * random.uniform(-bits, 0.0).exp2(),
        13 => random.below(41) as f64 - 20.0,
        14..17 => sign * random.uniform(-60.0, 60.0).exp2(),
        17 => random.uniform(-800.0, 800.0),
        _ => sign * random.uniform(-range, range).exp2(),
    })
}

/// Any lengths and strides, in place and out of place; a stride of 0 in inputs.
pub(super) fn layouts<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let inputs = INPUT_STEPS.len();
    let levels = [LENGTHS.len(), inputs + 1, inputs, STEPS.len(), 2, 2, 2];
    Report::all(pairwise::rows(&levels, &mut random).iter().map(|row| {
        let lanes = Lanes {
            x: INPUT_STEPS.get(row[1]).map(|&step| lane(step, row[4] == 1)),
            y: lane(INPUT_STEPS[row[2]], row[5] == 1),
            out: lane(STEPS[row[3]], row[6] == 1),
        };
        lanes.with(LENGTHS[row[0]], || argument::<T>(&mut random)).run(subject)
    }))
}

/// NaN, infinities, zeros, subnormals, huge and tiny arguments, at every place of a vector; every pair of them where
/// the function takes two.
pub(super) fn special_values<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let small = T::min_positive_value();
    let numbers = [1.0, 2.0, 3.0, 0.5, 1.5, 1e30, 1e-30, 88.5, 104.0, 709.5, 745.5, 1e300].map(T::from_f64);
    let positive = [T::zero(), T::epsilon() * small, small / (T::one() + T::one()), small, T::max_value()];
    let positive = numbers.into_iter().chain(positive).filter(|x| x.is_finite()).chain([T::infinity()]);
    let values: Vec<T> = positive.flat_map(|x| [x, -x]).chain([T::nan()]).collect();
    let pairs = values.iter().flat_map(|&x| values.iter().map(move |&y| [x, y]));
    let (xs, ys): (Vec<T>, Vec<T>) = match subject.op {
        Op::Unary(_) => values.iter().map(|&x| (x, x)).unzip(),
        Op::Binary(_) => pairs.map(|[x, y]| (x, y)).unzip(),
        op @ (Op::MatMul | Op::Dot | Op::Fill | Op::Random(_)) => unreachable!("{op} is not element-wise"),
    };
    let mut random = subject.random();
    let turned = (0..8).map(|turn| (turn, Lanes::any(random.below(3) == 0, &mut random)));
    let all = [(0, Lanes::PLAIN), (0, Lanes::IN_PLACE)].into_iter().chain(turned);
    Report::all(all.map(|(turn, lanes)| {
        let mut draws = [&xs, &ys].map(|values| values.iter().copied().cycle().skip(turn));
        let mut operands = lanes.with(xs.len(), T::zero);
        let [x, y] = &mut draws;
        let next = |draw: &mut dyn Iterator<Item = T>| draw.next().expect("a cycle has no end");
        operands.x.as_mut().unwrap_or(&mut operands.out).fill_with(|| next(x));
        operands.y.fill_with(|| next(y));
        operands.run(subject)
    }))
}

/// Many arguments from the whole range.
pub(super) fn accuracy<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    Report::all(
        [Lanes::PLAIN, Lanes::IN_PLACE].map(|lanes| lanes.with(20_000, || argument::<T>(&mut random)).run(subject)),
    )
}

/// Arrays large enough for libraries to use their threads.
pub(super) fn large<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let strided = Lanes { x: Some(lane(-2, true)), y: lane(0, false), out: lane(2, true) };
    Report::all(
        [(100_003, Lanes::PLAIN), (30_011, strided)]
            .map(|(n, lanes)| lanes.with(n, || T::from_f64(random.uniform(-10.0, 10.0))).run(subject)),
    )
}

/// Calls from several threads at once give what one thread gets.
pub(super) fn concurrent<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    concurrency::callers(subject, |random| {
        let operands = Lanes::any(random.below(3) == 0, random).with(300 + random.below(300), || argument::<T>(random));
        move |subject: &Subject<'_>| operands.clone().run(subject)
    })
}
