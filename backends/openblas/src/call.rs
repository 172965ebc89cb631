//! One call of the library: the function, its sizes, and where the matrices lie.

use std::ffi::c_int;
use std::mem::transmute;
use std::sync::OnceLock;

use cblas_sys::{CBLAS_LAYOUT, CBLAS_TRANSPOSE, CblasNoTrans, CblasRowMajor, CblasTrans};
use cblas_sys::{cblas_ddot, cblas_dgemm, cblas_sdot, cblas_sgemm};
use gingham_core::ndarray::{ArrayView2, ArrayViewMut2};
use gingham_core::{Error, Scalar};

use crate::int;
use crate::library::symbol;

/// `cblas_sgemm` or `cblas_dgemm`: layout, transposition of A and B, m, n, k, alpha, A with its leading dimension, B
/// likewise, beta, C likewise.
pub(crate) type Gemm<T> = unsafe extern "C" fn(
    CBLAS_LAYOUT,
    CBLAS_TRANSPOSE,
    CBLAS_TRANSPOSE,
    c_int,
    c_int,
    c_int,
    T,
    *const T,
    c_int,
    *const T,
    c_int,
    T,
    *mut T,
    c_int,
);

/// `cblas_sgemm_batch` or `cblas_dgemm_batch`: layout; for each group the transposition of A and B, m, n, k and alpha;
/// for each product A; for each group its leading dimension; B likewise; beta of each group; C like A; the number of
/// groups, and the number of products of each.
pub(crate) type GemmBatch<T> = unsafe extern "C" fn(
    CBLAS_LAYOUT,
    *const CBLAS_TRANSPOSE,
    *const CBLAS_TRANSPOSE,
    *const c_int,
    *const c_int,
    *const c_int,
    *const T,
    *const *const T,
    *const c_int,
    *const *const T,
    *const c_int,
    *const T,
    *const *mut T,
    *const c_int,
    c_int,
    *const c_int,
);

/// `cblas_sdot` or `cblas_ddot`: length, x and its increment, y and its increment.
type Dot<T> = unsafe extern "C" fn(c_int, *const T, c_int, *const T, c_int) -> T;

/// An element type, and the library's functions on it.
pub(crate) trait Blas: Scalar {
    const GEMM: Gemm<Self>;
    const DOT: Dot<Self>;

    /// `cblas_sgemm_batch` or `cblas_dgemm_batch`, if the loaded library has it.
    fn gemm_batch() -> Option<GemmBatch<Self>>;
}

macro_rules! blas {
    ($($type:ty: $gemm:ident, $dot:ident, $batch:literal;)*) => {$(
        impl Blas for $type {
            const GEMM: Gemm<Self> = $gemm;
            const DOT: Dot<Self> = $dot;

            fn gemm_batch() -> Option<GemmBatch<Self>> {
                static FOUND: OnceLock<Option<GemmBatch<$type>>> = OnceLock::new();
                // SAFETY: this is the signature of the function of that name in OpenBLAS's cblas.h, with 32-bit
                // integers, which the build that is linked has.
                *FOUND.get_or_init(|| symbol($batch).map(|found| unsafe { transmute(found) }))
            }
        }
    )*};
}

blas! {
    f32: cblas_sgemm, cblas_sdot, c"cblas_sgemm_batch";
    f64: cblas_dgemm, cblas_ddot, c"cblas_dgemm_batch";
}

/// Sizes, transpositions and leading dimensions of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Of A and B.
    pub(crate) is_transposed: [bool; 2],
    /// m, n and k.
    pub(crate) sizes: [c_int; 3],
    /// Of A, B and C.
    pub(crate) leading: [c_int; 3],
}

/// A call without its factors.
pub(crate) struct Call<T> {
    pub(crate) shape: Shape,
    pub(crate) a: *const T,
    pub(crate) b: *const T,
    pub(crate) c: *mut T,
}

impl<T: Blas> Call<T> {
    /// The call for a C whose rows are contiguous and `ld` apart; `None` if A or B would have to be copied.
    pub(crate) fn new(
        a: &ArrayView2<'_, T>,
        b: &ArrayView2<'_, T>,
        mut c: ArrayViewMut2<'_, T>,
        ld: usize,
    ) -> Result<Option<Self>, Error> {
        let ((m, k), n) = (a.dim(), b.ncols());
        assert!(b.nrows() == k && c.dim() == (m, n), "the checked entry has compared the shapes");
        let (Some((a_transposed, lda)), Some((b_transposed, ldb))) = (orientation(a), orientation(b)) else {
            return Ok(None);
        };
        let size = |size| int("a dimension", size);
        let leading = |ld| int("a leading dimension", ld);
        let shape = Shape {
            is_transposed: [a_transposed, b_transposed],
            sizes: [size(m)?, size(n)?, size(k)?],
            leading: [leading(lda)?, leading(ldb)?, leading(ld)?],
        };
        Ok(Some(Self { shape, a: a.as_ptr(), b: b.as_ptr(), c: c.as_mut_ptr() }))
    }

    /// Makes the call.
    ///
    /// # Safety
    /// The operands given to [`Call::new`] are still borrowed, C mutably.
    pub(crate) unsafe fn make(self, alpha: T, beta: T) {
        let [ta, tb] = self.shape.transpositions();
        let Shape { sizes: [m, n, k], leading: [lda, ldb, ldc], .. } = self.shape;
        // SAFETY: shapes agree; transposition and leading dimension of each operand describe its memory; C is borrowed
        // mutably, and its rows do not overlap.
        unsafe { T::GEMM(CblasRowMajor, ta, tb, m, n, k, alpha, self.a, lda, self.b, ldb, beta, self.c, ldc) };
    }
}

impl Shape {
    /// The transpositions of A and B, as the library's constants.
    pub(crate) fn transpositions(&self) -> [CBLAS_TRANSPOSE; 2] {
        self.is_transposed.map(|is| if is { CblasTrans } else { CblasNoTrans })
    }
}

/// Whether `x` is the transpose of a matrix that BLAS takes, and its leading dimension; `None` if it has to be copied.
pub(crate) fn orientation<T>(x: &ArrayView2<'_, T>) -> Option<(bool, usize)> {
    let transposed = x.t();
    let of_rows = leading_dimension(x.dim(), x.strides()).map(|ld| (false, ld));
    of_rows.or_else(|| Some((true, leading_dimension(transposed.dim(), transposed.strides())?)))
}

/// The distance between the rows, if these are contiguous and the distance is at least their length, as BLAS demands.
pub(crate) fn leading_dimension((rows, columns): (usize, usize), strides: &[isize]) -> Option<usize> {
    if columns > 1 && strides[1] != 1 {
        return None;
    }
    let least = columns.max(1);
    if rows <= 1 {
        return Some(least);
    }
    usize::try_from(strides[0]).ok().filter(|&ld| ld >= least)
}

#[cfg(test)]
mod tests {
    use gingham_core::ndarray::{Array2, s};

    use super::*;

    #[test]
    fn rows_that_blas_takes_are_told_from_those_it_does_not() {
        let x = Array2::<f64>::zeros((6, 10));
        let ld = |x: ArrayView2<'_, f64>| leading_dimension(x.dim(), x.strides());
        assert_eq!(ld(x.view()), Some(10));
        assert_eq!(ld(x.slice(s![..2, ..3])), Some(10));
        assert_eq!(ld(x.slice(s![.., ..;2])), None);
        assert_eq!(ld(x.slice(s![..;-1, ..])), None);
        assert_eq!(ld(x.t()), None);
        assert_eq!(ld(x.slice(s![0..1, ..7])), Some(7));
        assert_eq!(ld(x.slice(s![0, ..]).broadcast((3, 10)).expect("one row")), None);
    }
}
