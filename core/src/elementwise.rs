//! Element-wise functions of one and two arguments.

use ndarray::{ArrayView, ArrayView1, ArrayViewMut, ArrayViewMut1, Dimension};

use crate::{Backend, Binary, Error, OpThreads, Scalar, Unary, lanes, reference};

/// The element-wise functions of a backend. The entries [`unary`] and [`binary`] hand over one lane at a time, and have
/// checked the lengths, and that the output's stride is not 0.
///
/// # Contract
/// * Any strides, negative ones included; stride 0 (one value for all) in inputs.
/// * `x: None` means in place: the output holds the first argument.
/// * Elements between those that the output addresses are not written.
/// * `+ - * /`, `sqrt`, `recip`, `abs`, `neg`, `square`, `min` and `max` are exact to the bit (which NaN is not fixed).
/// * `min` and `max` give NaN if either argument is NaN, as NumPy's `minimum` and `maximum`; which zero `min(0, -0)`
///   gives is not fixed.
/// * `exp`, `ln`, `sin`, `cos`, `tanh` and `pow` err by at most 4 ULP, special values as C's `math.h` (Annex F).
pub trait Elementwise<T: Scalar> {
    /// `out_i <- f(x_i)`.
    ///
    /// # Errors
    /// Errors that only the library can find.
    fn unary(
        &self,
        f: Unary,
        x: Option<ArrayView1<'_, T>>,
        out: ArrayViewMut1<'_, T>,
        threads: OpThreads,
    ) -> Result<(), Error> {
        let _ = threads;
        reference::count_call();
        let f = unary_scalar::<T>(f);
        match x {
            Some(x) => out.into_iter().zip(x).for_each(|(out, &x)| *out = f(x)),
            None => out.into_iter().for_each(|x| *x = f(*x)),
        }
        Ok(())
    }

    /// `out_i <- f(x_i, y_i)`.
    ///
    /// # Errors
    /// Errors that only the library can find.
    fn binary(
        &self,
        f: Binary,
        x: Option<ArrayView1<'_, T>>,
        y: ArrayView1<'_, T>,
        out: ArrayViewMut1<'_, T>,
        threads: OpThreads,
    ) -> Result<(), Error> {
        let _ = threads;
        reference::count_call();
        let f = binary_scalar::<T>(f);
        match x {
            Some(x) => out.into_iter().zip(x).zip(y).for_each(|((out, &x), &y)| *out = f(x, y)),
            None => out.into_iter().zip(y).for_each(|(x, &y)| *x = f(*x, y)),
        }
        Ok(())
    }
}

/// `out <- f(x)`, or `out <- f(out)` where `x` is `None`, for arrays of any rank: axes that continue each other in all
/// operands are joined, and the backend is called once for each lane that remains (once in all for contiguous arrays).
///
/// # Errors
/// [`Error::Shape`] and [`Error::OverlappingOutput`] before anything is written; otherwise the backend's.
pub fn unary<T: Scalar, D: Dimension>(
    backend: &dyn Backend,
    f: Unary,
    x: Option<ArrayView<'_, T, D>>,
    out: ArrayViewMut<'_, T, D>,
    threads: OpThreads,
) -> Result<(), Error> {
    let name = crate::Op::Unary(f).name();
    if let Some(x) = &x {
        check_same(name, "x", x.shape(), out.shape())?;
    }
    lanes::check_output(name, &out)?;
    let ops = T::ops(backend);
    let x = x.map(ArrayView::into_dyn);
    lanes::for_each_lane(x, None, out.into_dyn(), |x, _, out| ops.unary(f, x, out, threads))
}

/// `out <- f(x, y)`, or `out <- f(out, y)` where `x` is `None`, for arrays of any rank, as [`unary`].
///
/// # Errors
/// As [`unary`].
pub fn binary<T: Scalar, D: Dimension>(
    backend: &dyn Backend,
    f: Binary,
    x: Option<ArrayView<'_, T, D>>,
    y: ArrayView<'_, T, D>,
    out: ArrayViewMut<'_, T, D>,
    threads: OpThreads,
) -> Result<(), Error> {
    let name = crate::Op::Binary(f).name();
    if let Some(x) = &x {
        check_same(name, "x", x.shape(), out.shape())?;
    }
    check_same(name, "y", y.shape(), out.shape())?;
    lanes::check_output(name, &out)?;
    let ops = T::ops(backend);
    let x = x.map(ArrayView::into_dyn);
    lanes::for_each_lane(x, Some(y.into_dyn()), out.into_dyn(), |x, y, out| {
        let y = y.expect("for_each_lane hands back each operand it was given");
        ops.binary(f, x, y, out, threads)
    })
}

fn check_same(op: &'static str, operand: &str, given: &[usize], out: &[usize]) -> Result<(), Error> {
    if given == out {
        return Ok(());
    }
    Err(Error::Shape {
        op,
        given: format!("{operand} of shape {given:?}, output of shape {out:?}"),
        expected: "equal shapes (broadcast inputs first)".into(),
    })
}

/// The function itself, as the standard library computes it.
pub(crate) fn unary_scalar<T: Scalar>(f: Unary) -> fn(T) -> T {
    match f {
        Unary::Neg => |x| -x,
        Unary::Abs => T::abs,
        Unary::Sqrt => T::sqrt,
        Unary::Recip => |x| T::one() / x,
        Unary::Square => |x| x * x,
        Unary::Exp => T::exp,
        Unary::Ln => T::ln,
        Unary::Sin => T::sin,
        Unary::Cos => T::cos,
        Unary::Tanh => T::tanh,
    }
}

/// The function itself, as the standard library computes it.
pub(crate) fn binary_scalar<T: Scalar>(f: Binary) -> fn(T, T) -> T {
    match f {
        Binary::Add => |x, y| x + y,
        Binary::Sub => |x, y| x - y,
        Binary::Mul => |x, y| x * y,
        Binary::Div => |x, y| x / y,
        Binary::Min => |x, y| nan_or(x, y, y < x),
        Binary::Max => |x, y| nan_or(x, y, y > x),
        Binary::Pow => T::powf,
    }
}

/// `y` if it is `taken`, otherwise `x`; NaN if either is NaN: a sum with a NaN is that NaN.
fn nan_or<T: Scalar>(x: T, y: T, taken: bool) -> T {
    match taken {
        _ if x.is_nan() || y.is_nan() => x + y,
        true => y,
        false => x,
    }
}
