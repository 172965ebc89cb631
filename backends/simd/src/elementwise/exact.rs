//! The functions whose result IEEE 754 fixes to the bit: one instruction or two each.

use super::lane::{Map, Zip};
use crate::vector::Vector;

/// Functions as types, so that each is compiled into a loop of its own.
macro_rules! functions {
    ($family:ident: $($name:ident($($argument:ident),*) = $value:expr;)*) => {$(
        #[derive(Clone, Copy)]
        pub(super) struct $name;

        impl $family for $name {
            const UNROLL: usize = 8;

            #[inline(always)]
            fn apply<V: Vector>(self, $($argument: V),*) -> V {
                $value
            }
        }
    )*};
}

functions! { Map:
    Neg(x) = x.neg();
    Abs(x) = x.abs();
    Sqrt(x) = x.sqrt();
    Recip(x) = x.recip();
    Square(x) = x.mul(x);
}

functions! { Zip:
    Add(x, y) = x.add(y);
    Sub(x, y) = x.sub(y);
    Mul(x, y) = x.mul(y);
    Div(x, y) = x.div(y);
    Min(x, y) = x.min(y);
    Max(x, y) = x.max(y);
}
