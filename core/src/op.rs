//! Operations as values: they name a row of a table, cross a process boundary, and pick a kernel.
//!
//! The types are exhaustive on purpose: code that depends on the operation matches every one, without `_`, so that the
//! compiler names each place which a new operation has to be added to. Adding one is thus a breaking change.

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::named::named;

/// One mathematical call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Op {
    /// `C <- alpha A B + beta C`.
    MatMul,
    /// `sum x_i y_i`.
    Dot,
    /// `x_i <- value`.
    Fill,
    /// `out_i <- f(x_i)`.
    Unary(Unary),
    /// `out_i <- f(x_i, y_i)`.
    Binary(Binary),
    /// `x_i <- element i of a random stream`.
    Random(Distribution),
}

/// An element-wise function of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unary {
    /// `-x`, the sign bit flipped.
    Neg,
    /// `|x|`, the sign bit cleared.
    Abs,
    /// `sqrt(x)`, correctly rounded.
    Sqrt,
    /// `1 / x`, correctly rounded.
    Recip,
    /// `x * x`, correctly rounded.
    Square,
    /// `e^x`.
    Exp,
    /// The natural logarithm.
    Ln,
    /// The sine of `x` radians.
    Sin,
    /// The cosine of `x` radians.
    Cos,
    /// The hyperbolic tangent.
    Tanh,
}

/// An element-wise function of two arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Binary {
    /// `x + y`
    Add,
    /// `x - y`
    Sub,
    /// `x * y`
    Mul,
    /// `x / y`
    Div,
    /// The smaller; NaN if either is NaN, as NumPy's `minimum`.
    Min,
    /// The larger; NaN if either is NaN, as NumPy's `maximum`.
    Max,
    /// `x^y` as C's `pow`.
    Pow,
}

/// A distribution of random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Distribution {
    /// From [0, 1), all alike.
    Uniform,
    /// Mean 0, variance 1.
    Normal,
}

named! {
    Unary {
        Neg: "neg", Abs: "abs", Sqrt: "sqrt", Recip: "recip", Square: "square",
        Exp: "exp", Ln: "ln", Sin: "sin", Cos: "cos", Tanh: "tanh"
    }
    Binary { Add: "add", Sub: "sub", Mul: "mul", Div: "div", Min: "min", Max: "max", Pow: "pow" }
    Distribution { Uniform: "random-uniform", Normal: "random-normal" }
}

impl Unary {
    /// Whether IEEE 754 fixes the result to the last bit.
    #[must_use]
    pub fn is_exact(self) -> bool {
        matches!(self, Self::Neg | Self::Abs | Self::Sqrt | Self::Recip | Self::Square)
    }
}

impl Binary {
    /// Whether IEEE 754 fixes the result to the last bit.
    #[must_use]
    pub fn is_exact(self) -> bool {
        self != Self::Pow
    }
}

impl Op {
    /// Every operation, in the order of tables.
    pub fn all() -> impl Iterator<Item = Self> {
        // Collected first: a chain would be compiled into every loop over it.
        let mut all = vec![Self::MatMul, Self::Dot, Self::Fill];
        all.extend(Unary::ALL.map(Self::Unary));
        all.extend(Binary::ALL.map(Self::Binary));
        all.extend(Distribution::ALL.map(Self::Random));
        all.into_iter()
    }

    /// Whether the contract fixes the result to the last bit.
    #[must_use]
    pub fn is_exact(self) -> bool {
        match self {
            Self::Fill => true,
            Self::Unary(f) => f.is_exact(),
            Self::Binary(f) => f.is_exact(),
            Self::MatMul | Self::Dot | Self::Random(_) => false,
        }
    }

    /// The name used on the command line, in files and in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MatMul => "matmul",
            Self::Dot => "dot",
            Self::Fill => "fill",
            Self::Unary(f) => f.name(),
            Self::Binary(f) => f.name(),
            Self::Random(distribution) => distribution.name(),
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Op {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        Self::all().find(|op| op.name() == s).ok_or_else(|| Error::Unknown {
            what: "operation",
            given: s.into(),
            available: Self::all().map(Self::name).collect::<Vec<_>>().join(", "),
        })
    }
}
