//! The dot product by `cblas_sdot` and `cblas_ddot`, which take any increments.

use std::ffi::c_int;

use gingham_core::ndarray::ArrayView1;
use gingham_core::{Dot, Error, OpThreads};

use crate::call::Blas;
use crate::{OpenBlas, enter, int};

impl<T: Blas> Dot<T> for OpenBlas {
    fn dot(&self, x: ArrayView1<'_, T>, y: ArrayView1<'_, T>, threads: OpThreads) -> Result<T, Error> {
        enter(threads)?;
        assert_eq!(x.len(), y.len(), "the checked entry has compared the lengths");
        let len = int("a length", x.len())?;
        let ((x, x_increment), (y, y_increment)) = (vector(&x)?, vector(&y)?);
        // SAFETY: from the lowest address of each view, its increment reaches the elements of the view and no others.
        Ok(unsafe { T::DOT(len, x, x_increment, y, y_increment) })
    }
}

/// The lowest address and the increment. BLAS starts at the other end where the increment is negative.
fn vector<T>(x: &ArrayView1<'_, T>) -> Result<(*const T, c_int), Error> {
    if x.len() <= 1 {
        return Ok((x.as_ptr(), 1));
    }
    let stride = x.strides()[0];
    let increment = int("an increment", stride.unsigned_abs())?;
    if stride >= 0 {
        return Ok((x.as_ptr(), increment));
    }
    // SAFETY: this is the address of the view's last element.
    Ok((unsafe { x.as_ptr().offset((x.len() as isize - 1) * stride) }, -increment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_beyond_its_integers_is_refused() {
        let one = ArrayView1::from(&[1.0_f64]);
        let x = one.broadcast(1 << 31).expect("one element, any length");
        let error = OpenBlas.dot(x, x, OpThreads::ONE).expect_err("beyond 2^31 - 1");
        assert_eq!(
            error,
            Error::TooLarge { backend: crate::ID, what: "a length", given: 1 << 31, limit: (1 << 31) - 1 }
        );
    }
}
