//! The checked entries refuse what does not fit, say what would, and write nothing then.

use gingham_core::ndarray::{Array1, Array2, s};
use gingham_core::reference::Reference;
use gingham_core::{Binary, Error, OpThreads, Product, Unary, dot, elementwise, fill, matmul};

const ONE: OpThreads = OpThreads::ONE;

fn ones(m: usize, n: usize) -> Array2<f64> {
    Array2::ones((m, n))
}

#[test]
fn a_product_of_shapes_that_do_not_fit_is_refused_and_c_is_as_it_was() {
    let shapes =
        [((2, 3), (4, 5), (2, 5)), ((2, 3), (3, 5), (3, 5)), ((2, 3), (3, 5), (2, 4)), ((0, 3), (2, 0), (0, 0))];
    for (a, b, c) in shapes {
        let (a, b, mut out) = (ones(a.0, a.1), ones(b.0, b.1), ones(c.0, c.1));
        let error = matmul::matmul(&Reference, 1.0, a.view(), b.view(), 0.0, out.view_mut(), ONE).unwrap_err();
        assert!(matches!(error, Error::Shape { op: "matmul", .. }), "{error}");
        assert_eq!(out, ones(c.0, c.1));
    }
    let (a, b, mut c) = (ones(2, 3), ones(4, 5), ones(2, 5));
    let error = matmul::matmul(&Reference, 1.0, a.view(), b.view(), 0.0, c.view_mut(), ONE).unwrap_err();
    let said = "matmul: A 2x3, B 4x5, C 2x5; expected A m x k, B k x n, C m x n (here B 3x5, C 2x5)";
    assert_eq!(error.to_string(), said);
}

#[test]
fn one_wrong_shape_in_a_batch_stops_the_whole_batch() {
    let (a, b) = (ones(2, 3), ones(3, 5));
    let (mut fits, mut does_not) = (ones(2, 5), ones(2, 4));
    let mut batch = [
        Product { a: a.view(), b: b.view(), c: fits.view_mut() },
        Product { a: a.view(), b: b.view(), c: does_not.view_mut() },
    ];
    let error = matmul::matmul_batch(&Reference, 1.0, &mut batch, 0.0, ONE).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
    assert_eq!((fits, does_not), (ones(2, 5), ones(2, 4)));
}

#[test]
fn vectors_of_different_lengths_are_refused() {
    let (x, y) = (Array1::<f32>::ones(3), Array1::<f32>::ones(4));
    let error = dot::dot(&Reference, x.view(), y.view(), ONE).unwrap_err();
    assert_eq!(error.to_string(), "dot: x of length 3, y of length 4; expected equal lengths");
}

#[test]
fn element_wise_arguments_of_another_shape_are_refused_and_the_output_is_as_it_was() {
    let (short, mut out) = (ones(2, 3), ones(3, 2));
    let unary = elementwise::unary(&Reference, Unary::Neg, Some(short.view()), out.view_mut(), ONE);
    let y = elementwise::binary(&Reference, Binary::Add, None, short.view(), out.view_mut(), ONE);
    let fits = ones(3, 2);
    let x = elementwise::binary(&Reference, Binary::Sub, Some(short.view()), fits.view(), out.view_mut(), ONE);
    for (outcome, op, operand) in [(unary, "neg", "x"), (y, "add", "y"), (x, "sub", "x")] {
        let said = format!(
            "{op}: {operand} of shape [2, 3], output of shape [3, 2]; expected equal shapes (broadcast inputs first)"
        );
        assert_eq!(outcome.unwrap_err().to_string(), said);
    }
    assert_eq!(out, ones(3, 2));
}

// Safe Rust cannot make an output that overlaps itself, so this shows only that none is refused without a reason.
#[test]
fn an_empty_output_does_not_overlap() {
    let mut empty = ones(4, 0);
    fill::fill(&Reference, 1.0, empty.view_mut(), ONE).unwrap();
    elementwise::unary(&Reference, Unary::Exp, None, empty.view_mut(), ONE).unwrap();
    matmul::matmul(&Reference, 1.0, ones(4, 2).view(), ones(2, 0).view(), 0.0, empty.view_mut(), ONE).unwrap();
}

#[test]
fn axes_of_length_one_may_have_any_stride() {
    let mut out = ones(3, 4);
    fill::fill(&Reference, 7.0, out.slice_mut(s![1..2, ..;-2]), ONE).unwrap();
    assert_eq!(out.sum(), 9.0 + 7.0 + 7.0 + 1.0);
}
