//! The arguments whose value is fixed to the bit, sign of zero included (C23, Annex F.10), and subnormal ones.

use crate::error::Element;
use crate::function::Function;

/// `(x, y, f(x, y))`; `pow` alone uses `y`. The bits of a NaN are not fixed.
pub(crate) fn specials<T: Element>(function: Function) -> Vec<(T, T, T)> {
    let cases = cases(function).iter().flat_map(|line| line.split(", "));
    let case = |case: &str| {
        let (arguments, value) = case.split_once(" = ").expect("a case has a value");
        let (x, y) = arguments.split_once(' ').unwrap_or((arguments, "0"));
        (number(x), number(y), number(value))
    };
    cases.map(case).collect()
}

/// `max` is the largest finite number, `normal` the smallest normal one, `least` the smallest subnormal one.
fn number<T: Element>(text: &str) -> T {
    let size = match text.trim_start_matches('-') {
        "max" => T::max_value(),
        "normal" => T::min_positive_value(),
        "least" => T::from_pattern(1),
        size => T::from_f64(size.parse().expect("a number")),
    };
    if text.starts_with('-') { -size } else { size }
}

/// `x = f(x)`, or `x y = f(x, y)`.
fn cases(function: Function) -> &'static [&'static str] {
    match function {
        Function::Exp => &["0 = 1, -0 = 1, inf = inf, -inf = 0, nan = nan, max = inf, -max = 0, least = 1, -least = 1"],
        Function::Ln => {
            &["1 = 0, 0 = -inf, -0 = -inf, inf = inf, -inf = nan, nan = nan", "-1 = nan, -max = nan, -least = nan"]
        }
        Function::Sin => {
            &["0 = 0, -0 = -0, inf = nan, -inf = nan, nan = nan", "least = least, -least = -least, normal = normal"]
        }
        Function::Cos => &["0 = 1, -0 = 1, inf = nan, -inf = nan, nan = nan, least = 1, -least = 1, normal = 1"],
        Function::Tanh => {
            &["0 = 0, -0 = -0, inf = 1, -inf = -1, nan = nan, max = 1, -max = -1", "least = least, -least = -least"]
        }
        Function::Pow => &[
            // A zero to an odd integer keeps its sign.
            "0 -3 = inf, -0 -3 = -inf, 0 -2 = inf, -0 -2 = inf, 0 -0.5 = inf, -0 -0.5 = inf, 0 -inf = inf",
            "-0 -inf = inf, 0 3 = 0, -0 3 = -0, 0 2 = 0, -0 2 = 0, -0 0.5 = 0, -0 inf = 0",
            // 1 to anything, and anything to zero, is 1.
            "1 nan = 1, 1 inf = 1, 1 -inf = 1, nan 0 = 1, nan -0 = 1, inf 0 = 1, -inf -0 = 1, 0 0 = 1",
            "-1 inf = 1, -1 -inf = 1",
            // A negative number to an integer, and to a number that is not an integer.
            "-1 3 = -1, -1 2 = 1, -1 max = 1, -2 3 = -8, -2 0.5 = nan, -0.5 -0.5 = nan",
            // To infinity, by the side of 1 that the base is on.
            "0.5 -inf = inf, -0.5 -inf = inf, 2 -inf = 0, -2 -inf = 0, 0.5 inf = 0, -0.5 inf = 0, 2 inf = inf",
            "-2 inf = inf, inf inf = inf, inf -inf = 0, -inf inf = inf, -inf -inf = 0",
            // Infinity.
            "-inf -3 = -0, -inf -2 = 0, -inf -0.5 = 0, -inf 3 = -inf, -inf 2 = inf, -inf 0.5 = inf",
            "inf -0.5 = 0, inf 0.5 = inf",
            // NaN, overflow, underflow, subnormal.
            "nan 1 = nan, 2 nan = nan, nan nan = nan, max 2 = inf, -max 3 = -inf, max -2 = 0, least 2 = 0",
            "-least 3 = -0, least 1 = least, -least 1 = -least, 2 least = 1",
        ],
    }
}
