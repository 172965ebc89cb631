//! The operands of calls on vectors, in any layout: of every operation but the product.

use ndarray::Ix1;

use super::layouts::{INPUT_STEPS, Layout, STEPS, Strided};
use super::random::Random;
use super::{Subject, Violation};
use crate::{Error, Op, Scalar, Stream, dot, elementwise, fill, random};

/// Lengths around the sizes of vectors and of unrolled loops.
pub(super) const LENGTHS: [usize; 22] =
    [0, 1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 257, 1000];

/// The layout of a vector.
pub(super) fn lane(step: isize, padded: bool) -> Layout<1> {
    Layout { steps: [step], fortran: false, padded }
}

/// Layouts of the operands; without x, the operation works in place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lanes {
    pub(super) x: Option<Layout<1>>,
    pub(super) y: Layout<1>,
    pub(super) out: Layout<1>,
}

impl Lanes {
    pub(super) const PLAIN: Self = Self { x: Some(Layout::PLAIN), y: Layout::PLAIN, out: Layout::PLAIN };
    pub(super) const IN_PLACE: Self = Self { x: None, ..Self::PLAIN };

    pub(super) fn any(in_place: bool, random: &mut Random) -> Self {
        let mut any = |steps: &[isize]| lane(random.pick(steps), random.below(2) == 1);
        let (x, y, out) = (any(&INPUT_STEPS), any(&INPUT_STEPS), any(&STEPS));
        Self { x: (!in_place).then_some(x), y, out }
    }

    /// The operands of length `n`, filled by `draw`: x first, then y.
    pub(super) fn with<T: Scalar>(self, n: usize, mut draw: impl FnMut() -> T) -> Operands<T> {
        let x = self.x.map(|x| x.input(Ix1(n), &mut draw));
        let out = match x {
            // A value that no function gives, so that a missing element shows; a function may give NaN.
            Some(_) => self.out.output(Ix1(n), || T::from_f64(77.123)),
            None => self.out.output(Ix1(n), &mut draw),
        };
        Operands { x, y: self.y.input(Ix1(n), &mut draw), out }
    }
}

/// The arguments of one call and the array for its results.
#[derive(Debug, Clone)]
pub(super) struct Operands<T> {
    /// The first argument; `None` means in place: `out` holds it.
    pub(super) x: Option<Strided<T, Ix1>>,
    pub(super) y: Strided<T, Ix1>,
    pub(super) out: Strided<T, Ix1>,
}

impl<T: Scalar> Operands<T> {
    /// Calls the operation under test. A fill writes ones, random numbers come from `stream`.
    pub(super) fn call(&mut self, subject: &Subject<'_>, stream: Stream) -> Result<(), Error> {
        let Subject { backend, op, threads, .. } = *subject;
        let Self { x, y, out } = self;
        let x = x.as_ref().map(Strided::view);
        match op {
            Op::Dot => dot::dot(backend, x.unwrap_or(out.view()), y.view(), threads).map(drop),
            Op::Fill => fill::fill(backend, T::one(), out.view_mut(), threads),
            Op::Unary(f) => elementwise::unary(backend, f, x, out.view_mut(), threads),
            Op::Binary(f) => elementwise::binary(backend, f, x, y.view(), out.view_mut(), threads),
            Op::Random(distribution) => random::random(backend, distribution, stream, out.view_mut(), threads),
            Op::MatMul => unreachable!("a product takes matrices"),
        }
    }
}

/// A call on vectors of length n, to be timed and watched but not judged.
pub(super) fn unjudged<T: Scalar>(n: usize) -> impl FnMut(&Subject<'_>) -> Result<(), Violation> + Send {
    let mut operands = Lanes::PLAIN.with(n, T::one);
    move |subject| {
        let outcome = operands.call(subject, Stream::default());
        subject.must(outcome, format_args!("length {n}"))
    }
}
