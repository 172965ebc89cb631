//! Compares results of element-wise functions with the right ones, by the bounds in `bounds.rs`.

use crate::bounds::{FUNCTION_ULP, ratio, same, ulp};
use crate::elementwise::{binary_scalar, unary_scalar};
use crate::{Binary, Op, Scalar};

/// What `op` (an element-wise function) gives in `T`; `y` is ignored if it takes one argument. The f32 functions are
/// judged by the f64 ones, and these by the standard library, whose own error of less than 1 ULP is thus part of the 4
/// that are allowed.
pub(super) fn function<T: Scalar>(op: Op, x: T, y: T) -> T {
    match op {
        Op::Unary(f) => unary_scalar::<T>(f)(x),
        Op::Binary(f) => binary_scalar::<T>(f)(x, y),
        Op::MatMul | Op::Dot | Op::Fill | Op::Random(_) => unreachable!("{op} is not element-wise"),
    }
}

/// The error of `got` as `op(x, y)`, over the error that the contract allows.
pub(super) fn function_ratio<T: Scalar>(op: Op, x: T, y: T, got: T) -> f64 {
    if !op.is_exact() {
        return ratio(ulps(function(op, x.into_f64(), y.into_f64()), got), FUNCTION_ULP);
    }
    let want = function(op, x, y);
    let either_zero = matches!(op, Op::Binary(Binary::Min | Binary::Max)) && want == got;
    if same(want, got) || either_zero { 0.0 } else { f64::INFINITY }
}

/// The distance of `got` from `want` in units in the last place of `T` at `want`. A zero has a sign (Annex F of C), and
/// an infinity lies one unit beyond the largest number.
fn ulps<T: Scalar>(want: f64, got: T) -> f64 {
    let max = T::max_value().into_f64();
    let got = got.into_f64();
    let beyond = |x: f64| x.abs() > max;
    if want.is_nan() || got.is_nan() {
        return if want.is_nan() && got.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if want == 0.0 && got == 0.0 {
        return if want.is_sign_negative() == got.is_sign_negative() { 0.0 } else { f64::INFINITY };
    }
    if beyond(want) && beyond(got) && want.signum() == got.signum() {
        return 0.0;
    }
    let over = if beyond(want) || beyond(got) { 1.0 } else { 0.0 };
    let (want, got) = (want.clamp(-max, max), got.clamp(-max, max));
    (got - want).abs() / ulp::<T>(want) + over
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unary;

    #[test]
    fn units_in_the_last_place() {
        assert_eq!(ulps(1.0, 1.0 + f32::EPSILON), 1.0);
        assert_eq!(ulps(1.0, 1.0 - 2.0 * f32::EPSILON), 2.0);
        assert_eq!(ulps(0.0, f64::from_bits(3)), 3.0);
        assert_eq!(ulps(0.0, -0.0_f64), f64::INFINITY);
        assert_eq!(ulps(1e300, f32::INFINITY), 0.0);
        assert_eq!(ulps(f64::MAX, f64::INFINITY), 1.0);
        assert!(ulps(1.0, f64::INFINITY) > 4.0 && ulps(-1e300, f32::INFINITY) > 4.0);
        assert_eq!(function_ratio(Op::Unary(Unary::Sqrt), 2.0_f32, 0.0, 2.0_f32.sqrt()), 0.0);
        assert_eq!(function_ratio(Op::Unary(Unary::Sqrt), 2.0_f32, 0.0, 2.0_f32.sqrt().next_up()), f64::INFINITY);
        assert_eq!(function_ratio(Op::Binary(Binary::Min), 0.0_f64, -0.0, 0.0), 0.0);
    }
}
