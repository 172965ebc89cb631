//! Functions that nalgebra has a component-wise method or an operator for.
//!
//! A closure of ours run by `map` or `zip_map` would be our arithmetic in its loop; and `inf` and `sup`, its minimum
//! and maximum, lose a NaN in the first argument. All these are core's reference.

use gingham_core::ndarray::{ArrayView1, ArrayViewMut1, Axis};
use gingham_core::reference::Reference;
use gingham_core::{Binary, Elementwise, Error, OpThreads, Scalar, Unary};
use nalgebra::{Dim, Dyn, RealField, U1};

use crate::view::is_contiguous;
use crate::{Nalgebra, view};

impl<T: Scalar + RealField> Elementwise<T> for Nalgebra {
    fn unary(
        &self,
        f: Unary,
        mut x: Option<ArrayView1<'_, T>>,
        mut out: ArrayViewMut1<'_, T>,
        threads: OpThreads,
    ) -> Result<(), Error> {
        if !matches!(f, Unary::Neg | Unary::Abs | Unary::Square) {
            return Elementwise::<T>::unary(&Reference, f, x, out, threads);
        }
        if out.strides()[0] < 0 {
            out.invert_axis(Axis(0));
            x = x.map(reversed);
        }
        let x = x.map(view::forward);
        let x = x.as_ref().map(|x| x.view());
        match is_contiguous(&out) && x.as_ref().is_none_or(is_contiguous) {
            true => one_argument::<T, U1>(f, x.as_ref(), &mut out),
            false => one_argument::<T, Dyn>(f, x.as_ref(), &mut out),
        }
        Ok(())
    }

    fn binary(
        &self,
        f: Binary,
        mut x: Option<ArrayView1<'_, T>>,
        mut y: ArrayView1<'_, T>,
        mut out: ArrayViewMut1<'_, T>,
        threads: OpThreads,
    ) -> Result<(), Error> {
        if !matches!(f, Binary::Add | Binary::Sub | Binary::Mul | Binary::Div) {
            return Elementwise::<T>::binary(&Reference, f, x, y, out, threads);
        }
        if out.strides()[0] < 0 {
            out.invert_axis(Axis(0));
            x = x.map(reversed);
            y = reversed(y);
        }
        let (x, y) = (x.map(view::forward), view::forward(y));
        let (x, y) = (x.as_ref().map(|x| x.view()), y.view());
        match is_contiguous(&out) && is_contiguous(&y) && x.as_ref().is_none_or(is_contiguous) {
            true => two_arguments::<T, U1>(f, x.as_ref(), &y, &mut out),
            false => two_arguments::<T, Dyn>(f, x.as_ref(), &y, &mut out),
        }
        Ok(())
    }
}

fn reversed<T>(mut x: ArrayView1<'_, T>) -> ArrayView1<'_, T> {
    x.invert_axis(Axis(0));
    x
}

fn one_argument<T: Scalar + RealField, S: Dim>(
    f: Unary,
    x: Option<&ArrayView1<'_, T>>,
    out: &mut ArrayViewMut1<'_, T>,
) {
    let mut out = view::vector_mut::<T, S>(out);
    match (f, x.map(view::vector::<T, S>)) {
        (Unary::Abs, Some(x)) => out.copy_from(&x.abs()),
        (Unary::Abs, None) => out.copy_from(&out.abs()),
        (Unary::Square, Some(x)) => out.cmpy(T::one(), &x, &x, T::zero()),
        (Unary::Square, None) => out.component_mul_assign(&out.clone_owned()),
        (_, x) => {
            x.iter().for_each(|x| out.copy_from(x));
            out.neg_mut();
        }
    }
}

fn two_arguments<T: Scalar + RealField, S: Dim>(
    f: Binary,
    x: Option<&ArrayView1<'_, T>>,
    y: &ArrayView1<'_, T>,
    out: &mut ArrayViewMut1<'_, T>,
) {
    let (y, mut out) = (view::vector::<T, S>(y), view::vector_mut::<T, S>(out));
    match (f, x.map(view::vector::<T, S>)) {
        (Binary::Add, Some(x)) => x.add_to(&y, &mut out),
        (Binary::Add, None) => out += y,
        (Binary::Sub, Some(x)) => x.sub_to(&y, &mut out),
        (Binary::Sub, None) => out -= y,
        // alpha = 1 changes nothing, and with beta = 0 the output is not read.
        (Binary::Mul, Some(x)) => out.cmpy(T::one(), &x, &y, T::zero()),
        (Binary::Mul, None) => out.component_mul_assign(&y),
        (_, Some(x)) => out.cdpy(T::one(), &x, &y, T::zero()),
        (_, None) => out.component_div_assign(&y),
    }
}
