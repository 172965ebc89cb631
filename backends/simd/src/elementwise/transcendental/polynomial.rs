//! Polynomials on vectors.

use crate::vector::Vector;

/// `c_0 + c_1 x + c_2 x^2 + ..` of up to 16 terms, by Estrin's scheme: pairs of terms, then pairs of pairs. Horner's
/// scheme saves the squares, but its chain of dependent operations is as long as the polynomial; this chain is as long
/// as the logarithm of that.
#[inline(always)]
pub(super) fn polynomial<V: Vector, const N: usize>(x: V, coefficients: [V::Elem; N]) -> V {
    const { assert!(0 < N && N <= 16) };
    let mut terms = [x; N];
    for (term, c) in terms.iter_mut().zip(coefficients) {
        *term = x.like(c);
    }
    // The rounds are written out: the compiler does not unroll a loop, so the terms leave the registers (2.5x as slow).
    if N > 1 {
        halve(&mut terms, N, x);
    }
    let x2 = x.mul(x);
    if N > 2 {
        halve(&mut terms, N.div_ceil(2), x2);
    }
    let x4 = x2.mul(x2);
    if N > 4 {
        halve(&mut terms, N.div_ceil(4), x4);
    }
    if N > 8 {
        halve(&mut terms, N.div_ceil(8), x4.mul(x4));
    }
    terms[0]
}

/// Halves the number of the first `len` terms: each pair becomes `t_2i + t_2i+1 power`, an odd last one is kept.
#[inline(always)]
fn halve<V: Vector, const N: usize>(terms: &mut [V; N], len: usize, power: V) {
    for i in 0..N {
        if 2 * i + 1 < len {
            terms[i] = terms[2 * i + 1].mul_add(power, terms[2 * i]);
        } else if 2 * i < len {
            terms[i] = terms[2 * i];
        }
    }
}

/// `c_0 + c_1 x + c_2 x^2 + ..` by Horner's scheme: the fewest operations, each of which waits for the one before.
#[inline(always)]
pub(super) fn horner<V: Vector, const N: usize>(x: V, coefficients: [V::Elem; N]) -> V {
    let mut sum = x.like(coefficients[N - 1]);
    for &c in coefficients[..N - 1].iter().rev() {
        sum = sum.mul_add(x, x.like(c));
    }
    sum
}
