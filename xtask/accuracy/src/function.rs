//! The functions: as the backend computes them, as CORE-MATH rounds them, and in 128 bits.

use astro_float::{BigFloat, Consts, RoundingMode, Sign};
use gingham_core::elementwise::{binary, unary};
use gingham_core::ndarray::{ArrayView1, ArrayViewMut1};
use gingham_core::{Binary, Op, OpThreads, Scalar, Unary};
use gingham_simd::Simd;

/// A function that is approximated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Exp,
    Ln,
    Sin,
    Cos,
    Tanh,
    Pow,
}

/// Bits of [`Function::exact`]: 75 more than an `f64` has.
const PRECISION: usize = 128;

impl Function {
    /// All of them, in the order of the table.
    pub(crate) const ALL: [Self; 6] = [Self::Exp, Self::Ln, Self::Sin, Self::Cos, Self::Tanh, Self::Pow];

    pub(crate) fn op(self) -> Op {
        match self {
            Self::Exp => Op::Unary(Unary::Exp),
            Self::Ln => Op::Unary(Unary::Ln),
            Self::Sin => Op::Unary(Unary::Sin),
            Self::Cos => Op::Unary(Unary::Cos),
            Self::Tanh => Op::Unary(Unary::Tanh),
            Self::Pow => Op::Binary(Binary::Pow),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.op().name()
    }

    /// What the backend promises, in ULP.
    pub(crate) fn bound(self) -> f64 {
        match self {
            Self::Exp | Self::Ln => 1.0,
            Self::Sin | Self::Cos | Self::Tanh | Self::Pow => 2.0,
        }
    }

    /// `out_i <- f(x_i)`, or `f(x_i, y_i)`, by the backend.
    pub(crate) fn apply<T: Scalar>(self, backend: &Simd, x: &[T], y: &[T], out: &mut [T]) {
        let (x, y, out) = (ArrayView1::from(x), ArrayView1::from(y), ArrayViewMut1::from(out));
        let done = match self.op() {
            Op::Binary(f) => binary(backend, f, Some(x), y, out, OpThreads::ONE),
            Op::Unary(f) => unary(backend, f, Some(x), out, OpThreads::ONE),
            Op::MatMul | Op::Dot | Op::Fill | Op::Random(_) => unreachable!("`op` gives no other"),
        };
        done.expect("the lengths are equal and the level is there");
    }

    /// The value, correctly rounded to `f64`: to 29 bits more than an `f32` has.
    pub(crate) fn nearest(self, x: f64, y: f64) -> f64 {
        match self {
            Self::Exp => core_math::exp(x),
            Self::Ln => core_math::log(x),
            Self::Sin => core_math::sin(x),
            Self::Cos => core_math::cos(x),
            Self::Tanh => core_math::tanh(x),
            Self::Pow => core_math::pow(x, y),
        }
    }

    /// The value in 128 bits, without the sign of a power. Takes 30 to 130 us.
    pub(crate) fn exact(self, x: f64, y: f64, constants: &mut Consts) -> BigFloat {
        let round = RoundingMode::ToEven;
        let mut x = big(x);
        match self {
            Self::Exp => x.exp(PRECISION, round, constants),
            Self::Ln => x.ln(PRECISION, round, constants),
            Self::Sin => x.sin(PRECISION, round, constants),
            Self::Cos => x.cos(PRECISION, round, constants),
            Self::Tanh => x.tanh(PRECISION, round, constants),
            Self::Pow => {
                x.set_sign(Sign::Pos);
                x.pow(&big(y), PRECISION, round, constants)
            }
        }
    }
}

/// `x`, exactly. Subnormal numbers are scaled through normal ones: astro-float 0.9.6 misreads them.
pub(crate) fn big(x: f64) -> BigFloat {
    if !x.is_subnormal() {
        return BigFloat::from_f64(x, PRECISION);
    }
    let mut big = BigFloat::from_f64(x * 2f64.powi(64), PRECISION);
    let exponent = big.exponent().expect("a finite number has one");
    big.set_exponent(exponent - 64);
    big
}
