//! The rules of [`MatMul::matmul_batch`](crate::MatMul::matmul_batch): each product of a batch is what it would be
//! alone, whatever its neighbours are.

use super::{Case, FACTORS, Operands, SOME_SIZES, Verdict};
use crate::conformance::layouts::Layout;
use crate::conformance::random::Random;
use crate::conformance::{Report, Subject, Violation};
use crate::{Product, Scalar, matmul};

/// Around the sizes of vectors and of small-matrix paths.
const ALIKE: [usize; 14] = [1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 24, 32, 33];

/// Multiplies `operands` in one call and judges every one.
fn run<T: Scalar>(
    subject: &Subject<'_>,
    mut operands: Vec<Operands<T>>,
    [alpha, beta]: [f64; 2],
) -> Result<Report, Violation> {
    let verdicts: Vec<Verdict> = operands.iter().map(Operands::judged).collect();
    let mut products: Vec<Product<'_, T>> = operands
        .iter_mut()
        .map(|Operands { a, b, c, .. }| Product { a: a.view(), b: b.view(), c: c.view_mut() })
        .collect();
    let outcome =
        matmul::matmul_batch(subject.backend, T::from_f64(alpha), &mut products, T::from_f64(beta), subject.threads);
    let len = products.len();
    subject.must(outcome, format_args!("a batch of {len} products"))?;
    Report::all((0..).zip(&operands).zip(&verdicts).map(|((i, operands), verdict)| {
        let of_batch = |violation: Violation| Violation {
            found: format!("product {i} of a batch of {len}: {}", violation.found),
            ..violation
        };
        operands.judge(subject, verdict).map_err(of_batch)
    }))
}

/// Every pair of factors.
fn factors() -> impl Iterator<Item = [f64; 2]> {
    FACTORS.into_iter().flat_map(|alpha| FACTORS.map(|beta| [alpha, beta]))
}

/// A batch of several shapes and layouts, empty ones included, gives what its products give one by one; an empty batch
/// gives nothing.
pub(in crate::conformance) fn batch<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let many = [(8, 8, 8); 9];
    let shapes = [&SOME_SIZES[..], &[(0, 3, 4), (3, 5, 0), (6, 6, 6), (6, 6, 6)]].concat();
    let batches = [&[][..], &many, &shapes, &shapes[2..3]];
    Report::all(batches.into_iter().flat_map(|batch| factors().map(move |factors| (batch, factors))).map(
        |(batch, [alpha, beta])| {
            let case = |&(m, n, k): &_| Case { alpha, beta, ..Case::any(m, n, k, &mut random) };
            let cases: Vec<Case> = batch.iter().map(case).collect();
            let operands = cases.into_iter().map(|case| case.drawn(&mut random)).collect();
            run::<T>(subject, operands, [alpha, beta])
        },
    ))
}

/// Batches of one shape and layout, which batches are made for: whole ones and remainders of any group that they may be
/// cut into, and one large enough for libraries to use their threads.
pub(in crate::conformance) fn batch_alike<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let mut all = Vec::new();
    for (i, &n) in ALIKE.iter().enumerate() {
        let count = [9, 2, 35, 7][i % 4];
        all.extend([(n, n, n, count), (n, ALIKE[(i * 5 + 3) % ALIKE.len()], ALIKE[(i * 3 + 1) % ALIKE.len()], 6)]);
    }
    all.extend([(8, 8, 8, 131), (48, 48, 48, 40)]);
    Report::all(all.into_iter().map(|(m, n, k, count)| {
        let layout = |random: &mut Random| match random.below(3) {
            0 => Layout::PLAIN,
            1 => Layout { padded: true, ..Layout::PLAIN },
            _ => Layout::any(random),
        };
        let [a, b, c] = [layout(&mut random), layout(&mut random), layout(&mut random)];
        let [alpha, beta] = [random.pick(&FACTORS[1..]), random.pick(&FACTORS)];
        let case = Case { a, b, c, alpha, beta, ..Case::plain(m, n, k) };
        let operands = (0..count).map(|_| case.drawn(&mut random)).collect();
        run::<T>(subject, operands, [alpha, beta])
    }))
}

/// In a batch, too, C is not read where beta is zero and A and B are not where alpha is, and NaN stays in the product
/// that it is in.
pub(in crate::conformance) fn batch_values<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let sizes = [(4, 4, 4), (8, 8, 8), (16, 16, 16), (5, 3, 9), (2, 6, 0)];
    Report::all(sizes.into_iter().flat_map(|size| factors().map(move |factors| (size, factors))).map(
        |((m, n, k), [alpha, beta])| {
            let case = Case { alpha, beta, ..Case::any(m, n, k, &mut random) };
            let mut operands: Vec<Operands<T>> = (0..11).map(|_| case.drawn(&mut random)).collect();
            for (i, operands) in operands.iter_mut().enumerate() {
                if beta == 0.0 {
                    operands.c.fill_with(T::nan);
                }
                if alpha == 0.0 || i % 5 == 1 {
                    operands.a.fill_with(T::nan);
                }
                if alpha == 0.0 || i % 5 == 3 {
                    operands.b.fill_with(T::infinity);
                }
            }
            run::<T>(subject, operands, [alpha, beta])
        },
    ))
}
