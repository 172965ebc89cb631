//! A program that has a CBLAS of its own linked into it: its functions take the place of OpenBLAS's, whatever that says
//! of itself. Such calls are refused, and not measured under OpenBLAS's name.

#![cfg(unix)]

use gingham_core::ndarray::{arr1, arr2};
use gingham_core::{Backend, Dot, Error, MatMul, OpThreads, Product};
use gingham_openblas::OpenBlas;

/// Another library's: this program's linker finds it before it looks into OpenBLAS.
#[unsafe(no_mangle)]
extern "C" fn cblas_dgemm() {
    unreachable!("the backend has not noticed that this is not OpenBLAS's");
}

fn is_refused<T: std::fmt::Debug>(outcome: Result<T, Error>) {
    let said = outcome.expect_err("not OpenBLAS's").to_string();
    assert!(said.contains("`cblas_dgemm` is not OpenBLAS's") && said.contains("taken_over"), "{said}");
}

#[test]
fn another_librarys_functions_are_not_called() {
    let (a, mut c) = (arr2(&[[2.0_f64]]), arr2(&[[5.0]]));
    is_refused(OpenBlas.matmul(1.0, a.view(), a.view(), 0.0, c.view_mut(), OpThreads::ONE));
    let batch = &mut [Product { a: a.view(), b: a.view(), c: c.view_mut() }];
    is_refused(OpenBlas.matmul_batch(1.0, batch, 0.0, OpThreads::ONE));
    is_refused(OpenBlas.dot(arr1(&[1.0_f64]).view(), arr1(&[1.0]).view(), OpThreads::ONE));
    is_refused(OpenBlas.limit(OpThreads::ONE));
    assert_eq!(c[[0, 0]], 5.0);
}
