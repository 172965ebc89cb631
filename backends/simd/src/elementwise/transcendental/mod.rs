//! The approximated functions, in vectors: one file each.
//!
//! If `f32` and `f64` differ only in constants, the algorithm is written once and the element type holds the constants.
//! Polynomials are minimax (Remez's exchange in 200 bits); a comment on each gives its interval and its error.

mod exp;
mod ln;
mod payne_hanek;
mod polynomial;
mod pow;
mod pow_pairs;
mod sin_cos;
mod sin_cos_singles;
mod tanh;
mod tanh_cells;
mod unusual;

use super::lane::{Map, Zip, functions};
use crate::vector::Vector;

/// An element type that has all of these functions.
pub(crate) trait Functions:
    exp::Constants + ln::Constants + sin_cos::Constants + tanh::Tanh + pow::Power
{
}

impl Functions for f32 {}
impl Functions for f64 {}

functions! { Map of Functions, 1 a turn:
    Exp(x) = exp::exp(x);
    Ln(x) = ln::ln(x);
    Sin(x) = sin_cos::sin(x);
    Cos(x) = sin_cos::cos(x);
    Tanh(x) = tanh::tanh(x);
}

functions! { Zip of Functions, 1 a turn:
    Pow(x, y) = pow::pow(x, y);
}
