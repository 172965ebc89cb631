//! The functions whose result IEEE 754 fixes to the bit: one instruction or two each.

use super::lane::{Map, Zip, functions};
use crate::vector::{Element, Vector};

functions! { Map of Element, 8 a turn:
    Neg(x) = x.neg();
    Abs(x) = x.abs();
    Sqrt(x) = x.sqrt();
    Recip(x) = x.recip();
    Square(x) = x.mul(x);
}

functions! { Zip of Element, 8 a turn:
    Add(x, y) = x.add(y);
    Sub(x, y) = x.sub(y);
    Mul(x, y) = x.mul(y);
    Div(x, y) = x.div(y);
    Min(x, y) = x.min(y);
    Max(x, y) = x.max(y);
}
