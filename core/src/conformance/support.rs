//! Whether the library itself does the arithmetic: calls in many layouts, while the reference's counter is watched.

use ndarray::Ix2;

use super::layouts::Layout;
use super::random::Random;
use super::vectors::Lanes;
use super::{Report, Subject, Violation, settle};
use crate::{Backend, DType, Error, Op, Product, Scalar, Stream, Support, matmul, reference};

const RULE: &str = "support";

/// Layouts that are tried for each operation.
pub(super) const CALLS: usize = 24;

/// What becomes of `op` on `dtype`, whatever `support()` says: the layouts tried all end in the reference
/// ([`Support::Fallback`]), none of them does ([`Support::Native`]), or all are refused ([`Support::None`]).
///
/// # Errors
/// A violation where layouts are treated differently, or where a call is refused with another error.
pub fn observed_support(backend: &dyn Backend, op: Op, dtype: DType) -> Result<Support, Violation> {
    let settled = settle(backend, RULE)?;
    let subject = Subject { backend, op, threads: settled.threads, rule: RULE };
    match dtype {
        DType::F64 => observe::<f64>(&subject),
        DType::F32 => observe::<f32>(&subject),
    }
}

/// `support()` says what is observed.
///
/// # Errors
/// A violation where it does not.
pub fn honest(backend: &dyn Backend, op: Op, dtype: DType) -> Result<Report, Violation> {
    let (said, observed) = (backend.support(op, dtype), observed_support(backend, op, dtype)?);
    if said == observed {
        return Ok(Report { cases: CALLS, ..Report::default() });
    }
    Err(Violation::new(backend, RULE, format!("support() says {said} for {op} on {dtype}, its calls say {observed}")))
}

/// [`honest`] for every operation and element type.
///
/// # Errors
/// The first violation.
pub fn honest_everywhere(backend: &dyn Backend) -> Result<Report, Violation> {
    let all = Op::all().flat_map(|op| DType::ALL.map(|dtype| (op, dtype)));
    Report::all(all.map(|(op, dtype)| honest(backend, op, dtype)))
}

fn observe<T: Scalar>(subject: &Subject<'_>) -> Result<Support, Violation> {
    let (op, dtype) = (subject.op, T::DTYPE);
    let violation = |found| Violation::new(subject.backend, RULE, found);
    let mut random = subject.random();
    let mut seen: Option<(Support, String)> = None;
    for turn in 0..CALLS {
        let before = reference::calls();
        let (case, outcome) = call::<T>(subject, turn, &mut random);
        let support = match outcome {
            Ok(()) if reference::calls() > before => Support::Fallback,
            Ok(()) => Support::Native,
            Err(Error::Unsupported { .. }) => Support::None,
            Err(error) => return Err(violation(format!("{op} on {dtype}, {case}: refused: {error}"))),
        };
        let (first, of) = seen.get_or_insert_with(|| (support, case.clone()));
        if *first != support {
            return Err(violation(format!("{op} on {dtype} is {first} for {of}, {support} for {case}")));
        }
    }
    Ok(seen.map_or(Support::None, |(support, _)| support))
}

/// One call of `op` in a layout of its own: the plain one in turn 0, then any.
pub(super) fn call<T: Scalar>(subject: &Subject<'_>, turn: usize, draws: &mut Random) -> (String, Result<(), Error>) {
    let Subject { backend, threads, .. } = *subject;
    let n = draws.pick(&[2, 7, 16, 33, 70]);
    let one = T::one();
    if subject.op == Op::MatMul {
        let (m, k) = (draws.pick(&[3, 8, 40]), draws.pick(&[2, 9, 33]));
        let mut any = |plain: bool| if plain { Layout::PLAIN } else { Layout::any(draws) };
        let [mut a, b, c]: [Layout<2>; 3] = [any(turn == 0), any(turn == 0), any(turn == 0)];
        if turn % 5 == 4 {
            a.steps[turn % 2] = 0;
        }
        let beta = if turn.is_multiple_of(2) { T::zero() } else { one };
        let case = format!("m={m} n={n} k={k}, A {a}, B {b}, C {c}, beta={beta}");
        let (a, b) = (a.input(Ix2(m, k), || one), b.input(Ix2(k, n), || one));
        let mut c = c.output(Ix2(m, n), || one);
        if turn % 3 == 2 {
            let batch = &mut [Product { a: a.view(), b: b.view(), c: c.view_mut() }];
            return (format!("a batch of {case}"), matmul::matmul_batch(backend, one, batch, beta, threads));
        }
        return (case, matmul::matmul(backend, one, a.view(), b.view(), beta, c.view_mut(), threads));
    }
    let in_place = turn % 3 == 1 && subject.op != Op::Dot;
    let lanes = if turn == 0 { Lanes::PLAIN } else { Lanes::any(in_place, draws) };
    let x = lanes.x.map_or("in place".into(), |x| x.to_string());
    let case = format!("n={n}, x {x}, y {}, out {}", lanes.y, lanes.out);
    let stream = Stream::new(draws.next(), draws.next());
    (case, lanes.with(n, T::one).call(subject, stream))
}
