//! Polynomials on vectors.

use crate::vector::Vector;

/// `c_0 + c_1 x + c_2 x^2 + ..`, by Estrin's scheme: pairs of terms, then pairs of pairs. Horner's has one operation
/// fewer for each square, but its chain of dependent operations is as long as the polynomial, this one's only as its
/// logarithm.
#[inline(always)]
pub(super) fn polynomial<V: Vector, const N: usize>(x: V, coefficients: [V::Elem; N]) -> V {
    let mut terms = coefficients.map(|c| x.like(c));
    let (mut power, mut len) = (x, N);
    while len > 1 {
        for i in 0..len / 2 {
            terms[i] = terms[2 * i + 1].mul_add(power, terms[2 * i]);
        }
        if len % 2 == 1 {
            terms[len / 2] = terms[len - 1];
        }
        len = len.div_ceil(2);
        if len > 1 {
            power = power.mul(power);
        }
    }
    terms[0]
}
