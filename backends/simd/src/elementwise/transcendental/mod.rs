//! The functions that are approximated, in vectors: one file each.
//!
//! Where `f32` and `f64` differ in constants alone, the algorithm is written once and the constants belong to the
//! element. Polynomials are minimax (Remez's exchange in 200 bits), and each says on what interval and how close.

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

use super::lane::{Map, Zip};
use crate::vector::Vector;

/// The functions of an element type.
pub(crate) trait Functions:
    exp::Constants + ln::Constants + sin_cos::Constants + tanh::Tanh + pow::Power
{
}

impl Functions for f32 {}
impl Functions for f64 {}

/// `e^x`
#[derive(Clone, Copy)]
pub(super) struct Exp;

impl Map for Exp {
    #[inline(always)]
    fn apply<V: Vector>(self, x: V) -> V {
        exp::exp(x)
    }
}

/// `ln x`
#[derive(Clone, Copy)]
pub(super) struct Ln;

impl Map for Ln {
    #[inline(always)]
    fn apply<V: Vector>(self, x: V) -> V {
        ln::ln(x)
    }
}

/// `sin x`
#[derive(Clone, Copy)]
pub(super) struct Sin;

impl Map for Sin {
    #[inline(always)]
    fn apply<V: Vector>(self, x: V) -> V {
        sin_cos::sin(x)
    }
}

/// `cos x`
#[derive(Clone, Copy)]
pub(super) struct Cos;

impl Map for Cos {
    #[inline(always)]
    fn apply<V: Vector>(self, x: V) -> V {
        sin_cos::cos(x)
    }
}

/// `tanh x`
#[derive(Clone, Copy)]
pub(super) struct Tanh;

impl Map for Tanh {
    #[inline(always)]
    fn apply<V: Vector>(self, x: V) -> V {
        tanh::tanh(x)
    }
}

/// `x^y`
#[derive(Clone, Copy)]
pub(super) struct Pow;

impl Zip for Pow {
    #[inline(always)]
    fn apply<V: Vector>(self, x: V, y: V) -> V {
        pow::pow(x, y)
    }
}
